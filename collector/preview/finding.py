"""Finds the channel that a user means, by the name it has now."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from collector.archive import Archive
from collector.errors import ChannelError
from collector.names import known_name, moved, note_name, store_facts
from collector.naming import ChannelName
from collector.post import Channel
from collector.preview.asking import Asker
from collector.preview.history import History
from collector.storing import store_channel
from collector.tables import channels

__all__ = ["Finder"]


class Finder:
    """Finds channels by their previews.

    A channel whose id is known goes by that: it is asked for under the name it was seen with last,
    and a channel that has taken over its name is told and not mixed in.
    """

    def __init__(self, archive: Archive, asker: Asker) -> None:
        self.archive = archive
        self.asker = asker

    async def open(self, name: ChannelName) -> History:
        """Return the history of a channel, with its facts brought up to date.

        Raises ChannelError if it has no preview, or its name is another channel's by now.
        """
        self.asker.caller.check()
        telegram_id = name.telegram_id or self.known_id(name.username)
        username = self.stored_username(telegram_id) or name.username
        if username is None:
            raise ChannelError("the web preview knows channels by username only: name it as @name")
        first = await self.asker.channel_page(username)
        channel_id = self.store(first.channel)
        if telegram_id and first.channel.telegram_id not in (None, telegram_id):
            raise ChannelError(moved(username, first.channel, telegram_id))
        if name.username is not None:
            with self.archive.begin() as connection:
                note_name(connection, name.username, channel_id)
        return History(self.asker, channel_id, first, username)

    def known_id(self, username: str | None) -> int | None:
        """Return the id of the channel that a username meant when it was first asked for."""
        with self.archive.connect() as connection:
            known = known_name(connection, username) if username else None
        return known.telegram_id if known else None

    def stored_username(self, telegram_id: int | None) -> str | None:
        """Return the last known username of a channel, in lower case."""
        query = select(func.lower(channels.c.username)).where(channels.c.telegram_id == telegram_id)
        with self.archive.connect() as connection:
            return connection.execute(query).scalar() if telegram_id else None

    def store(self, channel: Channel) -> int:
        """Store what a channel says of itself; return the archive's own id of it."""
        now = datetime.now(UTC)
        with self.archive.begin() as connection:
            row = store_channel(connection, channel, seen_at=now)
            store_facts(connection, row.id, channel, seen_at=now)
        return row.id
