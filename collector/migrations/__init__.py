"""The Alembic environment that all packages share, and the collector's own migrations."""

__all__: list[str] = []
