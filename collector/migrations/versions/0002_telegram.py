"""What collecting from Telegram keeps: accounts, peers, names, flood waits, channel facts."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and tables of live collection."""
    add_columns()
    settle_albums()
    create_channel_facts()
    create_accounts()
    create_peers_and_names()


def add_columns() -> None:
    """Add to `channels` and `posts`."""
    for column in (
        sa.Column("description", sa.Text),
        sa.Column("wanted_since", sa.DateTime),
        sa.Column("wanted_from", sa.Integer),
        sa.Column("newest_id", sa.Integer),
        sa.Column("newest_date", sa.DateTime),
        sa.Column("newest_asked_at", sa.DateTime),
        sa.Column("attempted_at", sa.DateTime),
        sa.Column("collected_at", sa.DateTime),
    ):
        op.add_column("channels", column)
    for column in (
        sa.Column("web_page_title", sa.Text),
        sa.Column("album_head", sa.Integer),
        sa.Column("deleted_at", sa.DateTime),
    ):
        op.add_column("posts", column)


def settle_albums() -> None:
    """Note which post stands for each album that is there: the first with words, or the first."""
    posts = sa.table(
        "posts",
        *map(sa.column, ("channel_id", "message_id", "grouped_id", "text")),
        sa.column("album_head"),
    )
    other = posts.alias()
    head = (
        sa.select(other.c.message_id)
        .where(
            other.c.channel_id == posts.c.channel_id,
            other.c.grouped_id == posts.c.grouped_id,
            other.c.message_id.between(posts.c.message_id - 20, posts.c.message_id + 20),
        )
        .order_by(sa.case((other.c.text == "", 1), else_=0), other.c.message_id)
        .limit(1)
        .scalar_subquery()
    )
    member = posts.c.grouped_id.is_not(None) & (posts.c.text == "")
    op.execute(sa.update(posts).where(member).values(album_head=head))
    own = posts.c.album_head == posts.c.message_id
    op.execute(sa.update(posts).where(own).values(album_head=None))


def create_channel_facts() -> None:
    """Create `channel_facts`."""
    op.create_table(
        "channel_facts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("username", sa.String(64)),
        sa.Column("title", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("participants", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_channel_facts"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_channel_facts_channel_id_channels"
        ),
        sa.UniqueConstraint("channel_id", "seen_at", name="uq_channel_facts_channel_id_seen_at"),
    )


def create_accounts() -> None:
    """Create `accounts` and what Telegram told them to wait for."""
    op.create_table(
        "accounts",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_accounts"),
    )
    op.create_table(
        "flood_waits",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("method", sa.String(64), nullable=False),
        sa.Column("not_before", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "method", name="pk_flood_waits"),
    )


def create_peers_and_names() -> None:
    """Create `peers` and `names`."""
    op.create_table(
        "peers",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("channel_id", sa.Integer, nullable=False),
        sa.Column("access_hash", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name="pk_peers"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_peers_channel_id_channels"
        ),
    )
    op.create_table(
        "names",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.Integer),
        sa.Column("problem", sa.Text),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_names"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_names_channel_id_channels"
        ),
    )
