"""What the archive remembers of usernames, and of what channels said of themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from collector.post import Channel
from collector.tables import channel_facts, channels, names

__all__ = ["KnownName", "known_name", "moved", "note_name", "put", "store_facts"]

ASK_AGAIN = timedelta(days=1)  # an account may look up only some 200 names a day


@dataclass(frozen=True, slots=True)
class KnownName:
    """What was said of a username when it was asked for: a channel, or why there is none.

    A channel with a `problem` has lost the name since, or could not be read under it.
    """

    channel_id: int | None
    problem: str | None
    asked_at: datetime
    telegram_id: int | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the name was asked for so lately that it is not asked for again."""
        return datetime.now(UTC) - self.asked_at < ASK_AGAIN


def note_name(
    connection: Connection, username: str, channel_id: int | None, problem: str | None = None
) -> None:
    """Note whose a username is; what it meant first, it goes on to mean."""
    known = known_name(connection, username)
    first = (known and known.channel_id) or channel_id
    store_name(connection, username, KnownName(first, problem, datetime.now(UTC)))


def known_name(connection: Connection, name: str) -> KnownName | None:
    """Return what is known of a username in lower case."""
    query = select(
        names.c.channel_id, names.c.problem, names.c.asked_at, channels.c.telegram_id
    ).join(channels, channels.c.id == names.c.channel_id, isouter=True)
    row = connection.execute(query.where(names.c.name == name)).first()
    return KnownName(*row) if row else None


def store_name(connection: Connection, name: str, known: KnownName) -> None:
    """Note what was said of a username in lower case."""
    values = {"channel_id": known.channel_id, "problem": known.problem, "asked_at": known.asked_at}
    put(connection, names, {"name": name}, values)


def moved(username: str, channel: Channel, telegram_id: int) -> str:
    """Say that a username has moved to another channel."""
    other = f"another channel, id {channel.telegram_id} ({channel.title!r})"
    return (
        f"@{username} is now the name of {other}, "
        f"and no more of id {telegram_id}: name that one by its id if you want it"
    )


def store_facts(
    connection: Connection, channel_id: int, channel: Channel, *, seen_at: datetime
) -> None:
    """Add what a channel says of itself to its history, if anything in it is new."""
    columns = ("username", "title", "description", "participants")
    facts = {name: getattr(channel, name) for name in columns}
    query = (
        select(*(channel_facts.c[name] for name in columns))
        .where(channel_facts.c.channel_id == channel_id)
        .order_by(channel_facts.c.seen_at.desc())
    )
    last = connection.execute(query.limit(1)).mappings().first()
    if last is None or dict(last) != facts:
        row = facts | {"channel_id": channel_id, "seen_at": seen_at}
        connection.execute(insert(channel_facts).values(row))


def put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Insert a row, or change it where there is one with this key."""
    same = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*same).values(values)).rowcount == 0:
        connection.execute(insert(table).values(key | values))
