"""The tables of gold samples: what was drawn, and how people labelled it."""

from pathlib import Path

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from collector.archive import Migrations
from collector.tables import UTCDateTime, metadata

__all__ = ["REPORTS", "codebooks", "gold_items", "gold_labels", "gold_samples"]

REPORTS = Migrations("reports", Path(__file__).parents[1] / "migrations" / "versions")

# What coders were told, each wording once.
codebooks = Table(
    "codebooks",
    metadata,
    Column("hash", String(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("first_used", UTCDateTime, nullable=False),
)

gold_samples = Table(
    "gold_samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("drawn_at", UTCDateTime, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("size", Integer, nullable=False),  # asked for; a frame may hold fewer units
    Column("model", String(16), nullable=False),  # fingerprint of the stance model
    Column("abstain_below", Float, nullable=False),
    Column("frame", JSON, nullable=False),  # what was drawn from: since, until, channels, ...
)

# A unit that was drawn: a text in a channel about a target. The post is the first with that text.
gold_items = Table(
    "gold_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sample_id", ForeignKey("gold_samples.id"), nullable=False),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    Column("post_id", ForeignKey("posts.id"), nullable=False),
    Column("reading_id", ForeignKey("readings.id"), nullable=False),
    Column("target_id", ForeignKey("targets.id"), nullable=False),
    Column("predicted", String(9), nullable=False),  # against, neutral, favor or abstained
    Column("stratum_size", Integer, nullable=False),
    Column("stratum_drawn", Integer, nullable=False),
    Column("inclusion_probability", Float, nullable=False),
    UniqueConstraint("sample_id", "channel_id", "target_id", "reading_id"),
    Index(None, "reading_id"),
)

# An item has at most one label of each coder, and one that settles it.
gold_labels = Table(
    "gold_labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("gold_items.id"), nullable=False),
    Column("coder", Text, nullable=False),
    Column("label", String(16), nullable=False),
    Column("adjudicated", Boolean(create_constraint=False), nullable=False),
    Column("labelled_at", UTCDateTime, nullable=False),
    Column("codebook", ForeignKey("codebooks.hash"), nullable=False),
    Column("note", Text),
    UniqueConstraint("item_id", "coder", "adjudicated"),
)
