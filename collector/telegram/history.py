"""Asks for the messages of one channel, a page at a time."""

from collections.abc import Sequence
from datetime import datetime

from telethon import functions, types

from collector.pages import Page
from collector.post import TELEGRAM, Channel
from collector.telegram.calls import Caller
from collector.telegram.messages import read_messages, titles_of
from collector.telegram.peers import Peer

__all__ = ["History"]

PAGE = 100  # Telegram gives no more messages in one answer


class History:
    """The messages of one channel, as Telegram gives them.

    `messages.getHistory` returns what is older than `offset_id`, newest first; a negative
    `add_offset` moves that window toward newer messages. See core.telegram.org/api/offsets.
    """

    source = TELEGRAM
    page_size = PAGE
    shows_all = True

    def __init__(self, caller: Caller, peer: Peer) -> None:
        self.caller = caller
        self.peer = peer
        self.channel_id = peer.channel_id
        self.channel = Channel(telegram_id=peer.telegram_id)

    async def after(self, cursor: int) -> Page:
        """Return the next messages after an id; the answer may be short though more follow."""
        page = await self.ask(offset_id=cursor + 1, add_offset=-PAGE)
        # Telegram pads the newest page with messages that are older than what was asked for.
        return page.between(cursor + 1)

    async def before(self, message_id: int) -> Page:
        """Return the messages right before an id, as far as one answer goes."""
        return await self.ask(offset_id=message_id)

    async def newest(self, count: int = 1) -> Page:
        """Return the newest messages."""
        return await self.ask(limit=count)

    async def before_date(self, moment: datetime) -> int:
        """Return the id of the newest message from before a moment, 0 if there is none."""
        page = await self.ask(offset_date=moment, limit=1)
        return max((one.id for one in page.messages), default=0)

    async def by_ids(self, ids: Sequence[int]) -> tuple[Page, Sequence[int]]:
        """Ask for messages by their very ids; return those that are there, and which are gone."""
        found = Page()
        channel = types.InputChannel(self.peer.telegram_id, self.peer.access_hash)
        for start in range(0, len(ids), PAGE):
            part = [types.InputMessageID(one) for one in ids[start : start + PAGE]]
            answer = await self.caller(functions.channels.GetMessagesRequest(channel, part))
            full = [one for one in answer.messages if not isinstance(one, types.MessageEmpty)]
            found = found.joined(read_messages(full, titles_of(answer.chats)))
        there = found.ids
        return found, [one for one in ids if one not in there]

    async def ask(
        self,
        *,
        offset_id: int = 0,
        offset_date: datetime | None = None,
        add_offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Send one request for history."""
        request = functions.messages.GetHistoryRequest(
            peer=types.InputPeerChannel(self.peer.telegram_id, self.peer.access_hash),
            offset_id=offset_id,
            offset_date=offset_date,
            add_offset=add_offset,
            limit=limit,
            max_id=0,
            min_id=0,
            hash=0,
        )
        answer = await self.caller(request)
        return read_messages(answer.messages, titles_of(answer.chats))
