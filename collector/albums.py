"""Albums: several messages that Telegram shows as one post."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from collector.post import LAST_ID, Post, text_hash
from collector.tables import posts

__all__ = ["LONGEST", "settle_albums", "settle_albums_of"]

COLUMNS = ("id", "message_id", "grouped_id", "text_hash", "album_head", "deleted_at")
NO_WORDS = text_hash("")  # the text itself may have been dropped
LONGEST = 20  # ids between the first and the last member; Telegram allows ten members


def settle_albums(connection: Connection, channel_id: int, batch: Sequence[Post]) -> None:
    """Note which post stands for each album that a batch has members of.

    It is the first member with a caption, or else the first member; not one that was deleted.
    Members with words of their own stand for themselves, so that no words are lost to the reader.
    """
    members = {post.message_id: post.grouped_id for post in batch if post.grouped_id is not None}
    settle(connection, channel_id, members)


def settle_albums_of(connection: Connection, channel_id: int, ids: Sequence[int]) -> None:
    """Note the same for the albums of stored posts that are deleted, or there again."""
    query = select(posts.c.message_id, posts.c.grouped_id).where(
        posts.c.channel_id == channel_id,
        posts.c.message_id.in_(ids),
        posts.c.grouped_id.is_not(None),
    )
    settle(
        connection,
        channel_id,
        {row.message_id: row.grouped_id for row in connection.execute(query)},
    )


def settle(connection: Connection, channel_id: int, members: Mapping[int, int]) -> None:
    """Settle albums by the message ids of some of their members, and what each is a member of."""
    if not members:
        return
    albums = set(members.values())
    query = (
        select(*(posts.c[name] for name in COLUMNS))
        .where(
            posts.c.channel_id == channel_id,
            posts.c.message_id.between(
                min(members) - LONGEST, min(max(members) + LONGEST, LAST_ID)
            ),
        )
        .order_by(posts.c.grouped_id, posts.c.message_id)
    )
    found = connection.execute(query).mappings()
    write_heads(connection, [row for row in found if row["grouped_id"] in albums])


def write_heads(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Write the heads that have changed; `rows` are ordered by album and message."""
    changed = []
    for _, album in groupby(rows, key=lambda row: row["grouped_id"]):
        members = list(album)
        living = [row for row in members if row["deleted_at"] is None] or members
        head = next((row for row in living if row["text_hash"] != NO_WORDS), living[0])
        for row in members:
            alone = row is head or row["text_hash"] != NO_WORDS
            wanted = None if alone else head["message_id"]
            if wanted != row["album_head"]:
                changed.append({"key": row["id"], "head": wanted})
    if changed:
        statement = update(posts).where(posts.c.id == bindparam("key"))
        connection.execute(statement.values(album_head=bindparam("head")), changed)
