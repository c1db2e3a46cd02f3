"""Readings, targets, mentions, models and scores."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, and the row that stands for no target."""
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String(8)),
        sa.UniqueConstraint("hash", name="uq_readings_hash"),
    )
    op.create_table(
        "text_readings",
        sa.Column("text_hash", sa.String(32), primary_key=True),
        sa.Column("reading_id", sa.Integer, sa.ForeignKey("readings.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_text_readings_reading_id", "text_readings", ["reading_id"])
    targets = op.create_table(
        "targets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("definition", sa.JSON, nullable=False),
        sa.Column("searched_to", sa.Integer, nullable=False),
        sa.UniqueConstraint("fingerprint", name="uq_targets_fingerprint"),
    )
    op.bulk_insert(
        targets, [{"id": 0, "fingerprint": "", "name": "", "definition": {}, "searched_to": 0}]
    )
    op.create_table(
        "mentions",
        sa.Column("target_id", sa.Integer, sa.ForeignKey("targets.id"), primary_key=True),
        sa.Column("reading_id", sa.Integer, sa.ForeignKey("readings.id"), primary_key=True),
        sa.Column("spans", sa.JSON, nullable=False),
    )
    op.create_index("ix_mentions_reading_id", "mentions", ["reading_id"])
    op.create_table(
        "models",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("revision", sa.Text),
        sa.Column("first_used", sa.DateTime, nullable=False),
        sa.UniqueConstraint("fingerprint", name="uq_models_fingerprint"),
    )
    _create_scores()


def _create_scores() -> None:
    op.create_table(
        "scores",
        sa.Column("model_id", sa.Integer, sa.ForeignKey("models.id"), primary_key=True),
        sa.Column("task", sa.String(16), primary_key=True),
        sa.Column("target_id", sa.Integer, sa.ForeignKey("targets.id"), primary_key=True),
        sa.Column("reading_id", sa.Integer, sa.ForeignKey("readings.id"), primary_key=True),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("p_against", sa.Float, nullable=False),
        sa.Column("p_neutral", sa.Float, nullable=False),
        sa.Column("p_favor", sa.Float, nullable=False),
        sa.Column("truncated", sa.Boolean, nullable=False),
        sa.Column("scored_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_scores_reading_id", "scores", ["reading_id"])
