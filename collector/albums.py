"""Albums: several messages that Telegram shows as one post."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from collector.post import Post
from collector.tables import posts

__all__ = ["LONGEST", "settle_albums"]

LONGEST = 20  # ids between the first and the last member; Telegram allows ten members


def settle_albums(connection: Connection, channel_id: int, batch: Sequence[Post]) -> None:
    """Note which post stands for each album that a batch has members of.

    It is the first member with a caption, or else the first member. Members with words of their
    own stand for themselves, so that no words are lost to the reader.
    """
    members = [post for post in batch if post.grouped_id is not None]
    if not members:
        return
    albums = {post.grouped_id for post in members}
    first = min(post.message_id for post in members) - LONGEST
    last = max(post.message_id for post in members) + LONGEST
    query = (
        select(posts.c.id, posts.c.message_id, posts.c.grouped_id, posts.c.text, posts.c.album_head)
        .where(posts.c.channel_id == channel_id, posts.c.message_id.between(first, last))
        .order_by(posts.c.grouped_id, posts.c.message_id)
    )
    found = connection.execute(query).mappings()
    rows = [row for row in found if row["grouped_id"] in albums]
    write_heads(connection, rows)


def write_heads(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Write the heads that have changed; `rows` are ordered by album and message."""
    changed = []
    for _, album in groupby(rows, key=lambda row: row["grouped_id"]):
        members = list(album)
        head = next((row for row in members if row["text"]), members[0])
        for row in members:
            wanted = None if row is head or row["text"] else head["message_id"]
            if wanted != row["album_head"]:
                changed.append({"key": row["id"], "head": wanted})
    if changed:
        statement = update(posts).where(posts.c.id == bindparam("key"))
        connection.execute(statement.values(album_head=bindparam("head")), changed)
