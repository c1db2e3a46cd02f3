"""Notes of each score which backend gave it; of those that are there already nobody knows."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of engines, and the column that refers to it."""
    op.create_table(
        "engines",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("model_id", sa.Integer, sa.ForeignKey("models.id"), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.UniqueConstraint("model_id", "description", name="uq_engines_model_id_description"),
    )
    op.add_column(
        "scores",
        sa.Column("engine_id", sa.Integer, sa.ForeignKey("engines.id")),
        inline_references=True,
    )
