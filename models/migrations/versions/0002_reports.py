"""What reports need: whether most of a reading is quoted, and quick ways to readings and labels.

Which of the readings that are there already are quoted is found out by the next scoring.
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

_LABELS = ["model_id", "task", "reading_id", "target_id", "label", "confidence"]


def upgrade() -> None:
    """Add the column, replace an index that nothing else needs, and store `text_readings` anew."""
    op.add_column("readings", sa.Column("quoted", sa.Boolean))
    op.create_index("ix_readings_quoted", "readings", ["quoted"])
    op.drop_index("ix_scores_reading_id", "scores")
    op.create_index(f"ix_scores_{'_'.join(_LABELS)}", "scores", _LABELS)
    if op.get_context().dialect.name == "sqlite":
        _store_in_order_of_hashes()


def _store_in_order_of_hashes() -> None:
    """Copy `text_readings` to a table without row ids; nothing refers to it."""
    op.rename_table("text_readings", "text_readings_by_row")
    op.drop_index("ix_text_readings_reading_id", "text_readings_by_row")
    op.create_table(
        "text_readings",
        sa.Column("text_hash", sa.String(32), primary_key=True),
        sa.Column("reading_id", sa.Integer, sa.ForeignKey("readings.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO text_readings SELECT * FROM text_readings_by_row ORDER BY text_hash")
    op.drop_table("text_readings_by_row")
    op.create_index("ix_text_readings_reading_id", "text_readings", ["reading_id"])
