"""The Alembic history of the table of runs."""

__all__: list[str] = []
