"""Asks for the messages of one channel, a page at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon import functions, types

from collector.telegram.calls import Caller
from collector.telegram.peers import Peer

__all__ = ["PAGE", "History", "Page"]

PAGE = 100  # Telegram gives no more messages in one answer


@dataclass(frozen=True)
class Page:
    """Messages of one answer in ascending order, and the titles of the channels they name."""

    messages: Sequence[Any] = ()
    titles: dict[int, str] = field(default_factory=dict)

    def between(self, first: int, last: int | None = None) -> "Page":
        """Return the page with the messages from `first` to `last` only, both included."""
        return Page(
            [one for one in self.messages if one.id >= first and (last is None or one.id <= last)],
            self.titles,
        )

    def joined(self, other: "Page") -> "Page":
        """Return a page with the messages of both, this one's where they share an id."""
        ids = {one.id for one in self.messages}
        more = [one for one in other.messages if one.id not in ids]
        return Page(ascending([*self.messages, *more]), self.titles | other.titles)


class History:
    """The messages of one channel, as Telegram gives them.

    `messages.getHistory` returns what is older than `offset_id`, newest first; a negative
    `add_offset` moves that window toward newer messages. See core.telegram.org/api/offsets.
    """

    def __init__(self, caller: Caller, peer: Peer) -> None:
        self.caller = caller
        self.peer = peer

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

    async def by_ids(self, ids: Sequence[int]) -> Page:
        """Return the messages with these ids; those that are no more are missing in the answer."""
        found = Page()
        channel = types.InputChannel(self.peer.telegram_id, self.peer.access_hash)
        for start in range(0, len(ids), PAGE):
            part = [types.InputMessageID(one) for one in ids[start : start + PAGE]]
            answer = await self.caller(functions.channels.GetMessagesRequest(channel, part))
            there = [one for one in answer.messages if not isinstance(one, types.MessageEmpty)]
            found = found.joined(Page(there, titles_of(answer.chats)))
        return found

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
        return Page(ascending(answer.messages), titles_of(answer.chats))


def ascending(messages: Iterable[Any]) -> list[Any]:
    """Sort messages by their ids."""
    return sorted(messages, key=lambda one: one.id)


def titles_of(chats: Iterable[Any]) -> dict[int, str]:
    """Return the titles of channels by id."""
    return {chat.id: chat.title for chat in chats if isinstance(chat, types.Channel)}
