"""Codebooks, gold samples, their items and labels."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "codebooks",
        sa.Column("hash", sa.String(16), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_used", sa.DateTime, nullable=False),
    )
    op.create_table(
        "gold_samples",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("drawn_at", sa.DateTime, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("abstain_below", sa.Float, nullable=False),
        sa.Column("frame", sa.JSON, nullable=False),
    )
    _create_items()
    op.create_table(
        "gold_labels",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("item_id", sa.Integer, sa.ForeignKey("gold_items.id"), nullable=False),
        sa.Column("coder", sa.Text, nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("adjudicated", sa.Boolean, nullable=False),
        sa.Column("labelled_at", sa.DateTime, nullable=False),
        sa.Column("codebook", sa.String(16), sa.ForeignKey("codebooks.hash"), nullable=False),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint(
            *("item_id", "coder", "adjudicated"), name="uq_gold_labels_item_id_coder_adjudicated"
        ),
    )


def _create_items() -> None:
    op.create_table(
        "gold_items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sample_id", sa.Integer, sa.ForeignKey("gold_samples.id"), nullable=False),
        sa.Column("channel_id", sa.Integer, sa.ForeignKey("channels.id"), nullable=False),
        sa.Column("post_id", sa.Integer, sa.ForeignKey("posts.id"), nullable=False),
        sa.Column("reading_id", sa.Integer, sa.ForeignKey("readings.id"), nullable=False),
        sa.Column("target_id", sa.Integer, sa.ForeignKey("targets.id"), nullable=False),
        sa.Column("predicted", sa.String(9), nullable=False),
        sa.Column("stratum_size", sa.Integer, nullable=False),
        sa.Column("stratum_drawn", sa.Integer, nullable=False),
        sa.Column("inclusion_probability", sa.Float, nullable=False),
        sa.UniqueConstraint(
            *("sample_id", "channel_id", "target_id", "reading_id"),
            name="uq_gold_items_sample_id_channel_id_target_id_reading_id",
        ),
    )
    op.create_index("ix_gold_items_reading_id", "gold_items", ["reading_id"])
