"""What the archive remembers of accounts, peers and names, so that Telegram is asked only once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from collector.post import Channel
from collector.storing import store_channel
from collector.tables import accounts, channel_facts, channels, names, peers

__all__ = [
    "KnownName",
    "Peer",
    "known_account",
    "known_name",
    "peer_of",
    "store_account",
    "store_facts",
    "store_name",
    "store_peer",
]


@dataclass(frozen=True, slots=True)
class Peer:
    """A channel as one account can ask for it; `channel_id` is the archive's own id of it."""

    channel_id: int
    telegram_id: int
    access_hash: int


@dataclass(frozen=True, slots=True)
class KnownName:
    """What Telegram said of a username when it was asked: a channel, or why there is none.

    A channel with a `problem` has lost the name since, or could not be read under it.
    """

    channel_id: int | None
    problem: str | None
    asked_at: datetime
    telegram_id: int | None = None


def known_account(connection: Connection, key_id: str) -> int | None:
    """Return the user id of a session's account, if the session was used before."""
    query = select(accounts.c.user_id).where(accounts.c.key_id == key_id)
    return connection.execute(query).scalar()


def store_account(connection: Connection, key_id: str, user_id: int) -> None:
    """Note which account a session belongs to."""
    put(connection, accounts, {"key_id": key_id}, {"user_id": user_id})


def peer_of(connection: Connection, user_id: int, telegram_id: int) -> Peer | None:
    """Return the peer of a channel, if this account has met it."""
    query = (
        select(channels.c.id, channels.c.telegram_id, peers.c.access_hash)
        .join(peers, peers.c.channel_id == channels.c.id)
        .where(peers.c.user_id == user_id, channels.c.telegram_id == telegram_id)
    )
    row = connection.execute(query).first()
    return Peer(row.id, row.telegram_id, row.access_hash) if row else None


def store_peer(
    connection: Connection, user_id: int, channel: Channel, access_hash: int, *, seen_at: datetime
) -> Peer:
    """Store a channel, and what this account needs to ask for it."""
    row = store_channel(connection, channel, seen_at=seen_at)
    put(
        connection,
        peers,
        {"user_id": user_id, "channel_id": row.id},
        {"access_hash": access_hash},
    )
    return Peer(row.id, channel.telegram_id or 0, access_hash)


def known_name(connection: Connection, name: str) -> KnownName | None:
    """Return what is known of a username in lower case."""
    query = select(
        names.c.channel_id, names.c.problem, names.c.asked_at, channels.c.telegram_id
    ).join(channels, channels.c.id == names.c.channel_id, isouter=True)
    row = connection.execute(query.where(names.c.name == name)).first()
    return KnownName(*row) if row else None


def store_name(connection: Connection, name: str, known: KnownName) -> None:
    """Note what Telegram said of a username in lower case."""
    values = {"channel_id": known.channel_id, "problem": known.problem, "asked_at": known.asked_at}
    put(connection, names, {"name": name}, values)


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
