"""Makes one channel of two that turn out to be the same."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, select, update

from collector.changes import Changes
from collector.coverage import (
    Coverage,
    ledger,
    missing,
    recount,
    recounting,
    store_coverage,
)
from collector.post import LIVE
from collector.tables import channel_facts, coverage, names, post_versions, posts

__all__ = ["add_coverage", "move_contents"]

PAGE = 1000  # posts


def move_contents(connection: Connection, source: int, target: int) -> None:
    """Move the posts of one channel, what they said before, and all else to another channel.

    A post that both have becomes one, by the rules for another sight of a post. Both ids are the
    archive's own; nothing refers to `source` afterwards.
    """
    with recounting(connection, target):
        move_posts(connection, source, target)
        while shared := page_of(connection, source):
            merge_posts(connection, shared, target)
    move_coverage(connection, source, target)
    connection.execute(update(names).where(names.c.channel_id == source).values(channel_id=target))
    move_facts(connection, source, target)


def move_facts(connection: Connection, source: int, target: int) -> None:
    """Move what a channel said of itself, but for moments of which the other has its own."""
    mine = channel_facts.c.channel_id == source
    other = channel_facts.alias()
    moments = select(other.c.seen_at).where(other.c.channel_id == target)
    free = channel_facts.c.seen_at.not_in(moments)
    connection.execute(update(channel_facts).where(mine, free).values(channel_id=target))
    connection.execute(delete(channel_facts).where(mine))


def move_posts(connection: Connection, source: int, target: int) -> None:
    """Move the posts that the other channel does not have."""
    had = select(posts.c.message_id).where(posts.c.channel_id == target)
    statement = update(posts).where(posts.c.channel_id == source, posts.c.message_id.not_in(had))
    connection.execute(statement.values(channel_id=target))


def page_of(connection: Connection, channel_id: int) -> Sequence[RowMapping]:
    """Return some posts of a channel, none if it has none."""
    query = select(posts).where(posts.c.channel_id == channel_id).limit(PAGE)
    return connection.execute(query).mappings().all()


def merge_posts(connection: Connection, shared: Sequence[RowMapping], target: int) -> None:
    """Make posts one with those that another channel has under the same message ids."""
    ids = [post["message_id"] for post in shared]
    query = select(posts).where(posts.c.channel_id == target, posts.c.message_id.in_(ids))
    kept = {row["message_id"]: row for row in connection.execute(query).mappings()}
    move_versions(connection, {post["id"]: kept[post["message_id"]]["id"] for post in shared})
    changes = Changes()
    for post in shared:
        changes.add(dict(post), kept[post["message_id"]])
    changes.write(connection)
    connection.execute(delete(posts).where(posts.c.id.in_([post["id"] for post in shared])))


def move_versions(connection: Connection, keys: dict[int, int]) -> None:
    """Move what posts said before to other posts: `keys` maps the ones to the others."""
    columns = (post_versions.c.id, post_versions.c.post_id, post_versions.c.text_hash)
    query = select(*columns).where(post_versions.c.post_id.in_([*keys, *keys.values()]))
    rows = connection.execute(query).all()
    known = {(row.post_id, row.text_hash) for row in rows}
    moves = [
        {"key": row.id, "target": keys[row.post_id]}
        for row in rows
        if row.post_id in keys and (keys[row.post_id], row.text_hash) not in known
    ]
    if moves:
        statement = update(post_versions).where(post_versions.c.id == bindparam("key"))
        connection.execute(statement.values(post_id=bindparam("target")), moves)
    connection.execute(delete(post_versions).where(post_versions.c.post_id.in_([*keys])))


def move_coverage(connection: Connection, source: int, target: int) -> None:
    """Move what is known of the message ids asked for.

    Of live sources, the ledger of the target has no id twice: only what it lacks is moved.
    """
    mine = coverage.c.channel_id == source
    for row in connection.execute(select(coverage).where(mine)).mappings().all():
        add_coverage(connection, row, target)
    connection.execute(delete(coverage).where(mine))


def add_coverage(connection: Connection, row: RowMapping | dict[str, Any], target: int) -> None:
    """Add a row of `coverage` to what another channel was asked for."""
    asked = Coverage(**{field.name: row[field.name] for field in fields(Coverage)})
    live = row["source"] in LIVE
    gaps = missing(asked.span, ledger(connection, target)) if live else [asked.span]
    for gap in gaps:
        part = asked if gap == asked.span else recount(connection, target, gap)
        store_coverage(connection, target, row["source"], part, asked_at=row["asked_at"])
