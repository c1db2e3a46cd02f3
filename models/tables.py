"""The tables that scoring owns: what classifiers read, where targets occur, and the scores."""

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

__all__ = [
    "MODELS",
    "NO_TARGET",
    "engines",
    "mentions",
    "models",
    "readings",
    "scores",
    "targets",
    "text_readings",
]

MODELS = Migrations("models", Path(__file__).parent / "migrations" / "versions")

NO_TARGET = 0  # the target of a sentiment score: a row without a name, made by the migration

# A text as a classifier reads it; texts that differ only in what reading takes out share one row.
readings = Table(
    "readings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(32), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("language", String(8)),
    # Whether most of it is quoted; null where an earlier version of the program stored the row.
    Column("quoted", Boolean(create_constraint=False)),
    Index(None, "quoted"),
)

# Which reading a text of a post has under which version of the rules of reading.
text_readings = Table(
    "text_readings",
    metadata,
    Column("text_hash", String(32), primary_key=True),
    Column("reading_id", ForeignKey("readings.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "reading_id"),
    sqlite_with_rowid=False,  # one step from the hash to the reading, not two
)

# A target as the configuration once defined it; a changed definition is another row.
targets = Table(
    "targets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("searched_to", Integer, nullable=False),  # the last reading that was searched for it
)

mentions = Table(
    "mentions",
    metadata,
    Column("target_id", ForeignKey("targets.id"), primary_key=True),
    Column("reading_id", ForeignKey("readings.id"), primary_key=True),
    Column("spans", JSON, nullable=False),  # [[start, end], ...] in the reading's text
    Index(None, "reading_id"),
)

models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("revision", Text),
    Column("first_used", UTCDateTime, nullable=False),
)

# A model as it ran on some machine: which backend, in which precision, on what.
engines = Table(
    "engines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", ForeignKey("models.id"), nullable=False),
    Column("description", Text, nullable=False),
    UniqueConstraint("model_id", "description"),
)

# Probabilities are of against, neutral, favor, or of negative, neutral, positive.
scores = Table(
    "scores",
    metadata,
    Column("model_id", ForeignKey("models.id"), primary_key=True),
    Column("task", String(16), primary_key=True),
    Column("target_id", ForeignKey("targets.id"), primary_key=True),
    Column("reading_id", ForeignKey("readings.id"), primary_key=True),
    Column("label", String(8), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("p_against", Float, nullable=False),
    Column("p_neutral", Float, nullable=False),
    Column("p_favor", Float, nullable=False),
    Column("truncated", Boolean(create_constraint=False), nullable=False),
    Column("scored_at", UTCDateTime, nullable=False),
    # What answered; null where an earlier version of the program stored the row.
    Column("engine_id", ForeignKey("engines.id")),
    # All that a report needs, with the targets of a text side by side.
    Index(None, "model_id", "task", "reading_id", "target_id", "label", "confidence"),
)
