"""What `tgstance doctor` looks at: one module for each group of checks."""
