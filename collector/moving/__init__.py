"""A whole archive as a directory of files, and back into an archive."""
