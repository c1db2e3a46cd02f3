"""Run by Alembic: migrates on the connection that `collector.archive` hands over."""

from alembic import context

__all__: list[str] = []

settings = context.config.attributes
context.configure(
    connection=settings["connection"],
    version_table=settings["version_table"],
    transactional_ddl=True,  # SQLite can, now that BEGIN is ours: a killed upgrade leaves nothing
)
with context.begin_transaction():
    context.run_migrations()
