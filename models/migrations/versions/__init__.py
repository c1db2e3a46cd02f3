"""The Alembic history of the tables that scoring owns."""

__all__: list[str] = []
