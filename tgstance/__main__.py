"""Lets `python -m tgstance` do what `tgstance` does."""

from tgstance.cli import main

main()
