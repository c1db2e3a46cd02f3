"""The collector's migrations, in order of their numbers."""

__all__: list[str] = []
