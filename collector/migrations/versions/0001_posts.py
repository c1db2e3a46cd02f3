"""Channels, posts, what edited posts said before, and coverage."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of the first version."""
    create_channels()
    create_posts()
    create_post_versions()
    create_coverage()


def create_channels() -> None:
    """Create `channels`."""
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("telegram_id", sa.BigInteger),
        sa.Column("username", sa.String(64)),
        sa.Column("title", sa.Text),
        sa.Column("participants", sa.Integer),
        sa.Column("first_seen", sa.DateTime, nullable=False),
        sa.Column("last_seen", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("telegram_id", name="uq_channels_telegram_id"),
    )


def create_posts() -> None:
    """Create `posts` and its indexes."""
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Integer, nullable=False),
        sa.Column("date", sa.DateTime, nullable=False),
        sa.Column("edit_date", sa.DateTime),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("poll", sa.JSON),
        sa.Column("media", sa.String(32)),
        sa.Column("permalink", sa.Text),
        sa.Column("views", sa.Integer),
        sa.Column("forwards", sa.Integer),
        sa.Column("replies", sa.Integer),
        sa.Column("reactions", sa.JSON),
        sa.Column("grouped_id", sa.BigInteger),
        sa.Column("reply_to", sa.Integer),
        sa.Column("forward_channel_id", sa.BigInteger),
        sa.Column("forward_message_id", sa.Integer),
        sa.Column("forward_name", sa.Text),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("first_seen", sa.DateTime, nullable=False),
        sa.Column("last_seen", sa.DateTime, nullable=False),
        sa.Column("text_hash", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_posts_channel_id_channels"
        ),
        sa.UniqueConstraint("channel_id", "message_id", name="uq_posts_channel_id_message_id"),
    )
    op.create_index("ix_posts_channel_id_date", "posts", ["channel_id", "date"])
    op.create_index("ix_posts_text_hash", "posts", ["text_hash"])


def create_post_versions() -> None:
    """Create `post_versions`."""
    op.create_table(
        "post_versions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("post_id", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("edit_date", sa.DateTime),
        sa.Column("text_hash", sa.String(32), nullable=False),
        sa.Column("replaced_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_post_versions"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_post_versions_post_id_posts"),
        sa.UniqueConstraint("post_id", "text_hash", name="uq_post_versions_post_id_text_hash"),
    )


def create_coverage() -> None:
    """Create `coverage`."""
    op.create_table(
        "coverage",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Integer, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("first_id", sa.Integer, nullable=False),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.Column("received", sa.Integer, nullable=False),
        sa.Column("service", sa.Integer, nullable=False),
        sa.Column("album_member", sa.Integer, nullable=False),
        sa.Column("inaccessible", sa.Integer, nullable=False),
        sa.Column("deleted", sa.Integer, nullable=False),
        sa.Column("unknown", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_coverage"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_coverage_channel_id_channels"
        ),
        sa.UniqueConstraint(
            "channel_id",
            "source",
            "first_id",
            "last_id",
            name="uq_coverage_channel_id_source_first_id_last_id",
        ),
    )
