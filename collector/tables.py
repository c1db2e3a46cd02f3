"""The tables that the collector owns, on the metadata that all packages share.

Another package defines its tables on this `metadata` too, and creates them by its own migrations.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

__all__ = [
    "UTCDateTime",
    "accounts",
    "channel_facts",
    "channels",
    "coverage",
    "flood_waits",
    "metadata",
    "names",
    "peers",
    "post_versions",
    "posts",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: timezone-aware in Python, naive UTC in the database. Naive values are refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Turn an aware moment into naive UTC.

        Raises ValueError if the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Return what turns moments into values of the database.

        For SQLite in one step: its own processor takes as long as all else about a row.
        """
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def process(value: datetime | None) -> str | None:
            naive = self.process_bind_param(value, dialect)
            return None if naive is None else naive.isoformat(" ", "microseconds")

        return process

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Mark what the database holds as UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


channels = Table(
    "channels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("telegram_id", BigInteger, unique=True),  # bare and positive, without -100
    Column("username", String(64)),  # as its owner writes it; looked up without regard to case
    Column("title", Text),
    Column("participants", Integer),
    Column("first_seen", UTCDateTime, nullable=False),
    Column("last_seen", UTCDateTime, nullable=False),
    Column("description", Text),
    Column("wanted_since", UTCDateTime),  # collecting keeps everything complete from here on,
    Column("wanted_from", Integer),  # which is this message id
    Column("newest_id", Integer),  # the newest post that Telegram reported, and its date
    Column("newest_date", UTCDateTime),
    Column("newest_asked_at", UTCDateTime),
    Column("attempted_at", UTCDateTime),
    Column("collected_at", UTCDateTime),  # when everything wanted was in the archive last
)

channel_facts = Table(  # a row whenever one of them is not what it was
    "channel_facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("username", String(64)),
    Column("title", Text),
    Column("description", Text),
    Column("participants", Integer),
    UniqueConstraint("channel_id", "seen_at"),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    Column("message_id", Integer, nullable=False),
    Column("date", UTCDateTime, nullable=False),
    Column("edit_date", UTCDateTime),
    Column("text", Text, nullable=False),  # exactly as received
    Column("poll", JSON(none_as_null=True)),
    Column("media", String(32)),
    Column("permalink", Text),
    Column("views", Integer),
    Column("forwards", Integer),
    Column("replies", Integer),
    Column("reactions", JSON(none_as_null=True)),
    Column("grouped_id", BigInteger),
    Column("reply_to", Integer),
    Column("forward_channel_id", BigInteger),
    Column("forward_message_id", Integer),
    Column("forward_name", Text),
    Column("source", String(16), nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
    Column("last_seen", UTCDateTime, nullable=False),
    Column("text_hash", String(32), nullable=False),
    Column("web_page_title", Text),
    Column("album_head", Integer),  # of a captionless album member: the post that stands for it
    Column("deleted_at", UTCDateTime),  # when asking for this very id first brought nothing
    Column("views_rounded", Boolean),  # true where the source rounded the number, else empty
    Column("reactions_rounded", Boolean),
    Column("edited", Boolean),  # true where the source told of an edit and not of its date
    UniqueConstraint("channel_id", "message_id"),
    Index(None, "channel_id", "date"),
    Index(None, "text_hash"),
)

post_versions = Table(
    "post_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("post_id", ForeignKey("posts.id"), nullable=False),
    Column("text", Text, nullable=False),  # the content: of a poll, with its question and options
    Column("edit_date", UTCDateTime),
    Column("text_hash", String(32), nullable=False),
    Column("replaced_at", UTCDateTime, nullable=False),
    UniqueConstraint("post_id", "text_hash"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    Column("source", String(16), nullable=False),
    Column("first_id", Integer, nullable=False),  # both ends are included
    Column("last_id", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    Column("service", Integer, nullable=False),
    Column("album_member", Integer, nullable=False),
    Column("inaccessible", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("asked_at", UTCDateTime, nullable=False),
    UniqueConstraint("channel_id", "source", "first_id", "last_id"),
)

accounts = Table(  # which account a session belongs to, known before Telegram is asked
    "accounts",
    metadata,
    Column("key_id", String(16), primary_key=True),  # of the authorization key, in hexadecimal
    Column("user_id", BigInteger, nullable=False),
)

peers = Table(  # what an account needs to ask for a channel
    "peers",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), primary_key=True),
    Column("access_hash", BigInteger, nullable=False),
)

names = Table(  # which channel a username meant when it was first asked for
    "names",
    metadata,
    Column("name", String(64), primary_key=True),  # in lower case
    Column("channel_id", ForeignKey("channels.id")),
    Column("problem", Text),  # why the name leads to no channel
    Column("asked_at", UTCDateTime, nullable=False),
)

flood_waits = Table(
    "flood_waits",
    metadata,
    Column("user_id", BigInteger, primary_key=True),  # 0: no account, the web preview
    Column("method", String(64), primary_key=True),  # as Telegram names it: messages.getHistory
    Column("not_before", UTCDateTime, nullable=False),
)
