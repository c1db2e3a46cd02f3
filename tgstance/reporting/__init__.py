"""What `tgstance report` does: its options, the files it writes, what it shows."""
