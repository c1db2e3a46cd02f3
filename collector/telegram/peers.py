"""What the archive remembers of accounts and peers, so that Telegram is asked only once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from collector.names import put
from collector.post import Channel
from collector.storing import store_channel
from collector.tables import accounts, channels, peers

__all__ = ["Peer", "known_account", "peer_of", "store_account", "store_peer"]


@dataclass(frozen=True, slots=True)
class Peer:
    """A channel as one account can ask for it; `channel_id` is the archive's own id of it."""

    channel_id: int
    telegram_id: int
    access_hash: int


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
