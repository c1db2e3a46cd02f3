"""Files that make a scheduler call `tgstance run` on this machine."""
