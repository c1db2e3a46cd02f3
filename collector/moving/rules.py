"""How channels, posts and coverage of an exported archive get into one that may have them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from sqlalchemy import RowMapping, Table, bindparam, func, insert, select, update

from collector.albums import settle
from collector.changes import Changes
from collector.coverage import recounting
from collector.errors import InputError
from collector.merging import add_coverage
from collector.moving.arrival import Arrival, Rule, present
from collector.moving.files import Rows
from collector.post import Channel
from collector.storing import (
    absorb_unclaimed,
    find_channel,
    loses_username,
    release_username,
    store_channel,
)
from collector.tables import channels, coverage, posts

__all__ = ["COLLECTOR_RULES"]

IDENTITY = ("telegram_id", "username", "title", "first_seen", "last_seen")
COLLECTING = (  # how far collecting has come: of one archive or of the other
    *("wanted_since", "wanted_from", "newest_id", "newest_date"),
    *("newest_asked_at", "attempted_at", "collected_at"),
)
POST_KEY = ("channel_id", "message_id")


def put_channels(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Find each channel by the best identity that it gives, or add it."""
    for row in rows:
        arrival.note(table, row["id"], put_channel(arrival, row))


def put_channel(arrival: Arrival, row: dict[str, Any]) -> int:
    """Return the number here of a channel."""
    connection = arrival.connection
    same = [channels.c[name].is_not_distinct_from(row[name]) for name in IDENTITY]
    twin: int | None = connection.scalar(select(channels.c.id).where(*same))
    if twin is not None and not arrival.was_empty[channels.name]:
        return twin
    names = ("telegram_id", "username", "title", "participants", "description")
    channel = Channel(**{name: row[name] for name in names})
    known = any(row[name] is not None for name in names[:3])
    stored = find_channel(connection, channel) if known else None
    if stored is not None and not arrival.was_empty[channels.name]:
        return merge_channel(arrival, channel, row, stored)
    if loses_username(connection, channel, row["last_seen"]):
        row = row | {"username": None}
    release_username(connection, row["username"], None)
    values = {name: value for name, value in row.items() if name != "id"}
    arrival.new[channels.name] += 1
    statement = insert(channels).values(values).returning(channels.c.id)
    return int(connection.execute(statement).scalar_one())


def merge_channel(
    arrival: Arrival, channel: Channel, row: dict[str, Any], stored: RowMapping
) -> int:
    """Note what is new about a known channel; return its number here."""
    connection = arrival.connection
    absorb_unclaimed(connection, stored, channel)
    key = store_channel(connection, channel, seen_at=row["last_seen"]).id
    mine = channels.c.id == key
    earlier = channels.c.first_seen > row["first_seen"]
    connection.execute(update(channels).where(mine, earlier).values(first_seen=row["first_seen"]))
    if row["newest_asked_at"] is not None:
        never = channels.c.newest_asked_at.is_(None)
        progress = {name: row[name] for name in COLLECTING}
        connection.execute(update(channels).where(mine, never).values(progress))
    return key


def put_posts(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add posts, or take over what is newer about those that are there."""
    rows = arrival.mapped(table, rows)
    for row in rows:
        check_poll(arrival, row)
    for part in without_repeats(rows):
        put_part(arrival, part)
    keys = [(row["channel_id"], row["message_id"]) for row in rows]
    known = present(arrival.connection, table, POST_KEY, keys)
    for row, key in zip(rows, keys, strict=True):
        arrival.note(table, row["id"], known[key])


def check_poll(arrival: Arrival, row: dict[str, Any]) -> None:
    """Raise InputError if a poll is not laid out as one: everything that reads it relies on it."""
    poll = row["poll"]
    if poll is None:
        return
    parts = [poll.get("question"), poll.get("options")] if isinstance(poll, dict) else [None, None]
    options = parts[1] if isinstance(parts[1], list) else [None]
    if not all(isinstance(word, str) for word in (parts[0], *options)):
        raise InputError(f"{arrival.source}: posts: the poll of row {row['id']} is none")


def without_repeats(rows: Rows) -> Iterator[Rows]:
    """Split rows so that no part has a post twice, as two channels may turn out to be one."""
    part: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        key = (row["channel_id"], row["message_id"])
        if key in part:
            yield list(part.values())
            part = {}
        part[key] = row
    if part:
        yield list(part.values())


def put_part(arrival: Arrival, rows: Rows) -> None:
    """Store distinct posts."""
    connection = arrival.connection
    by_channel: dict[int, Rows] = {}
    for row in rows:
        by_channel.setdefault(row["channel_id"], []).append(row)
    stored: dict[tuple[int, int], RowMapping] = {}
    changes, gone = Changes(), []
    with ExitStack() as ledgers:
        for key, mine in by_channel.items():
            ids = [row["message_id"] for row in mine]
            ledgers.enter_context(recounting(connection, key, (min(ids), max(ids))))
            query = select(posts).where(posts.c.channel_id == key, posts.c.message_id.in_(ids))
            for found in connection.execute(query).mappings():
                stored[key, found["message_id"]] = found
        for row in rows:
            known = stored.get((row["channel_id"], row["message_id"]))
            add(changes, row, known)
            if known is not None and is_gone(row, known):
                gone.append({"key": known["id"], "moment": row["deleted_at"]})
        changes.write(connection)
        if gone:
            statement = update(posts).where(posts.c.id == bindparam("key"))
            connection.execute(statement.values(deleted_at=bindparam("moment")), gone)
        arrival.new[posts.name] += len(changes.new)
        if not arrival.was_empty[posts.name] and (changes.new or changes.changed):
            settle_all(arrival, by_channel)


def add(changes: Changes, row: dict[str, Any], known: RowMapping | None) -> None:
    """Decide what a post of the export means for the one that is here."""
    if known is None:
        changes.add({name: value for name, value in row.items() if name != "id"}, None)
        return
    later = row["last_seen"] > known["last_seen"]
    # Only a later sight of a live source says how the post is now.
    changes.add(row if later else row | {"source": "import"}, known)


def is_gone(row: dict[str, Any], known: RowMapping) -> bool:
    """Tell whether the export knows that a post was deleted after it was seen here."""
    if row["deleted_at"] is None or known["deleted_at"] is not None:
        return False
    return bool(row["deleted_at"] > known["last_seen"])


def settle_all(arrival: Arrival, by_channel: dict[int, Rows]) -> None:
    """Note which post stands for each album that may have got members."""
    for key, mine in by_channel.items():
        members = {row["message_id"]: row["grouped_id"] for row in mine if row["grouped_id"]}
        settle(arrival.connection, key, members)


def put_coverage(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add what was asked for, each message id of a live source once."""
    count = select(func.count()).select_from(coverage)
    before = arrival.connection.scalar(count) or 0
    for row in arrival.mapped(table, rows):
        add_coverage(arrival.connection, row, row["channel_id"])
        arrival.note(table, row["id"], 0)  # nothing refers to it
    arrival.new[coverage.name] += (arrival.connection.scalar(count) or 0) - before


COLLECTOR_RULES: dict[str, Rule] = {
    channels.name: put_channels,
    posts.name: put_posts,
    coverage.name: put_coverage,
}
