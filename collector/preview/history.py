"""Asks for the messages of one channel, some twenty at a time."""

from collections.abc import Sequence
from datetime import datetime

from collector.errors import ChannelError, LayoutError
from collector.pages import Message, Page
from collector.post import PREVIEW, Channel
from collector.preview.asking import Asker
from collector.preview.channel_page import ChannelPage

__all__ = ["History"]

PAGE = 20  # about so many posts are on a page
FEW = 2 * PAGE  # ids that are read rather than searched
LEAPS_GROW = 4
MOST_SEAMS = 500  # pages between what `?after=` gives and where it was to begin


class History:
    """The messages of one channel, as its preview shows them.

    `?before=ID` gives those before an id, `?after=ID` those after it, both without the id itself;
    neither gives a time, so that a date is searched for. That `?after=` begins right after the id
    is publicly known from the pages' own links only, so where ids are missing it is made sure of.
    """

    source = PREVIEW
    page_size = PAGE
    shows_all = False  # what only Telegram's API has shown may be there and not be shown here

    def __init__(self, asker: Asker, channel_id: int, first: ChannelPage, username: str) -> None:
        self.asker = asker
        self.channel_id = channel_id
        self.username = username
        self.channel = identity(first.channel)
        self.latest = first.page
        self.latest_is_told = False

    async def after(self, cursor: int) -> Page:
        """Return the next messages after an id; the answer may be short though more follow."""
        # ?after=0 might pass for no query at all; the first post of all is found by the seam.
        page = (await self.ask(f"?after={max(cursor, 1)}")).between(cursor + 1)
        return await self.close_seam(cursor, page)

    async def close_seam(self, cursor: int, page: Page) -> Page:
        """Return a page with any messages between an id and the first of the page.

        Each must be followed by all messages that there are, or posts would be lost unnoticed.
        """
        for _ in range(MOST_SEAMS):
            if not page.messages or page.messages[0].id == cursor + 1:
                return page
            between = (await self.before(page.messages[0].id)).between(cursor + 1)
            if not between.messages:
                return page
            page = between.joined(page)
        raise ChannelError(f"there come no posts right after {cursor}, though there are later ones")

    async def before(self, message_id: int) -> Page:
        """Return the messages right before an id, as far as one answer goes."""
        page = await self.ask(f"?before={message_id}")
        mine = page.between(0, message_id - 1)
        if page.messages and not mine.messages:
            raise LayoutError(f"?before={message_id} is answered with later posts")
        return mine

    async def newest(self, count: int = 1) -> Page:
        """Return the newest messages, a page of them; the first time, those already at hand."""
        if count > 1 or self.latest_is_told:
            self.latest = await self.ask("")
        self.latest_is_told = True
        return self.latest

    async def before_date(self, moment: datetime) -> int:
        """Return the id of the newest message from before a moment, 0 if there is none.

        Ids and dates ascend together. The search goes back from the newest post in growing leaps,
        then leaves out half of the ids in question at each step, and reads the last few.
        """
        page, leap = self.latest, FEW
        low, high = 0, page.messages[-1].id + 1 if page.messages else 1
        while high - low > 1:
            dated = [one for one in page.messages if one.date is not None]
            older = [one for one in dated if is_before(one, moment)]
            if older and len(older) < len(dated):
                return older[-1].id
            if older:
                low = older[-1].id
            elif page.messages:
                high = min(high, page.messages[0].id)
            if high - low <= 1:
                break
            middle = middle_of(low, high, leap)
            leap *= LEAPS_GROW
            page = (await self.before(middle + 1)).between(low + 1, high - 1)
            if not page.messages:
                low = middle
        return low

    async def by_ids(self, ids: Sequence[int]) -> tuple[Page, Sequence[int]]:
        """Ask for messages by their very ids; return those that are there, and which are gone.

        A page that goes on from before an id to after it, without it, answers for it.
        """
        found, gone = Page(), []
        waiting = sorted(ids)
        while waiting:
            asked = waiting.pop()
            page = await self.before(asked + 1)
            if not page.messages and not (await self.after(asked - 1)).messages:
                continue  # a page of nothing at all says nothing of one post
            found = found.joined(page)
            first = page.messages[0].id if page.messages else asked
            there = page.ids
            gone += [one for one in (asked, *waiting) if one >= first and one not in there]
            waiting = [one for one in waiting if one < first]
        wanted = set(ids)
        return Page([one for one in found.messages if one.id in wanted]), sorted(gone)

    async def ask(self, query: str) -> Page:
        """Return a page of the channel.

        Raises ChannelError if the page is of another channel by now.
        """
        shown = await self.asker.channel_page(self.username, query)
        known, now = self.channel.telegram_id, shown.channel.telegram_id
        if known is not None and now is not None and known != now:
            raise ChannelError(f"@{self.username} has become the name of another channel, id {now}")
        return shown.page


def middle_of(low: int, high: int, leap: int) -> int:
    """Return the id up to which a page is asked for in a search between two ids."""
    if high - low <= FEW:
        return high - 1
    return (low + high) // 2 if low else max(high - leap, 1)


def is_before(message: Message, moment: datetime) -> bool:
    """Tell whether a message is from before a moment."""
    return message.date is not None and message.date < moment


def identity(channel: Channel) -> Channel:
    """Return what identifies a channel, without what may change."""
    if channel.telegram_id is not None:
        return Channel(telegram_id=channel.telegram_id)
    return Channel(username=channel.username)
