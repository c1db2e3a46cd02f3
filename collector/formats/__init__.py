"""Readers of the files that posts come in; each yields records in the order of its file."""

__all__: list[str] = []
