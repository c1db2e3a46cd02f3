"""The Alembic history of the tables that reporting owns."""

__all__: list[str] = []
