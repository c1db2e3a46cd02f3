"""What reports need: whether most of a reading is quoted, and the labels of a text side by side.

Which of the readings that are there already are quoted is found out by the next scoring.
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

_LABELS = ["model_id", "task", "reading_id", "target_id", "label", "confidence"]


def upgrade() -> None:
    """Add the column, and replace an index that nothing else needs."""
    op.add_column("readings", sa.Column("quoted", sa.Boolean))
    op.create_index("ix_readings_quoted", "readings", ["quoted"])
    op.drop_index("ix_scores_reading_id", "scores")
    op.create_index(f"ix_scores_{'_'.join(_LABELS)}", "scores", _LABELS)
