"""Reads one channel: ascending, pages and what they cover in one transaction."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection, select, update

from collector.albums import settle_albums_of
from collector.archive import Archive
from collector.coverage import Answers, Span, noting, recounting
from collector.errors import ChannelError
from collector.pages import Message, Page
from collector.planning import Plan, Wish, make_plan, want, wanted_from
from collector.post import Channel
from collector.storing import StoreCounts, store
from collector.tables import channels, posts

__all__ = ["History", "Progress", "Reader", "newest_posts"]

MOST_READ_BACK = 50  # pages
MOST_PAGES = 3
MOST_SEEN = 1000  # posts to be asked for again in one transaction
LONGEST_WAIT_S = 0.25
TASKS_TO_THE_WIRE = 12


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has brought of one channel; `complete`: all that was wished for is there."""

    new: int = 0
    updated: int = 0
    deleted: int = 0
    complete: bool = False

    def plus(self, stored: StoreCounts, deleted: int) -> "Progress":
        """Return the progress with one more page."""
        return Progress(
            self.new + stored.new,
            self.updated + stored.updated,
            self.deleted + deleted,
            self.complete,
        )


class History(Protocol):
    """The messages of one channel, as one source gives them; all pages are ascending.

    Its methods raise ChannelError if the channel cannot be read, DeferredError if the source
    cannot be asked now.
    """

    @property
    def source(self) -> str:
        """What the source is called in the archive."""

    @property
    def page_size(self) -> int:
        """The most messages that one answer has."""

    @property
    def shows_all(self) -> bool:
        """Whether a post that the source does not show is gone, whoever has seen it."""

    @property
    def channel_id(self) -> int:
        """The archive's own id of the channel."""

    @property
    def channel(self) -> Channel:
        """What identifies the channel."""

    async def after(self, cursor: int) -> Page:
        """Return the next messages after an id; the answer may be short though more follow."""

    async def before(self, message_id: int) -> Page:
        """Return the messages right before an id, as far as one answer goes."""

    async def newest(self, count: int = 1) -> Page:
        """Return the newest messages, `count` or a page of them."""

    async def before_date(self, moment: datetime) -> int:
        """Return the id of the newest message from before a moment, 0 if there is none."""

    async def by_ids(self, ids: Sequence[int]) -> tuple[Page, Sequence[int]]:
        """Ask for messages by their very ids; return those that are there, and which are gone."""


class Reader:
    """Reads one channel once. What it has read so far is in `progress`, whatever happens."""

    def __init__(self, archive: Archive, history: History, wish: Wish) -> None:
        self.archive = archive
        self.history = history
        self.wish = wish
        self.progress = Progress()
        self.stored_until = 0

    async def run(self) -> None:
        """Read what is wished for.

        Raises what the history raises; the pages before that are in the archive.
        """
        plan = await self.plan()
        self.stored_until = plan.stored_until
        bounds = Bounds(self.wish, plan)
        for span in plan.spans:
            if not bounds.reached:
                await self.read(span, bounds)
        if bounds.limited:
            return
        self.progress = replace(self.progress, complete=True)
        if self.wish.until is None:
            self.note_complete()

    async def plan(self) -> Plan:
        """Ask how far the channel goes, and decide what to read."""
        asked_at = datetime.now(UTC)
        newest = await self.history.newest()
        top = newest.messages[-1].id if newest.messages else 0
        if self.wish.last is not None:
            await self.wish_for_last(self.wish.last)
        with self.archive.connect() as connection:
            first = wanted_from(connection, self.history.channel_id, self.wish)
        if first is None:
            first = await self.history.before_date(self.wish.since) + 1
        with self.archive.begin() as connection:
            want(connection, self.history.channel_id, self.wish, first)
            self.note_newest(connection, newest, asked_at)
            return make_plan(
                connection, self.history.channel_id, self.wish, first=first, newest=top
            )

    async def wish_for_last(self, count: int) -> None:
        """Wish for the newest posts only, from the first of them on."""
        posts = (await newest_posts(self.history, count)).posts
        since = posts[0].date if posts else datetime.now(UTC)
        self.wish = replace(self.wish, since=max(since, self.wish.since), last=None)

    async def read(self, span: Span, bounds: "Bounds") -> None:
        """Read a span within the bounds; the next page is on its way while others are stored."""
        cursor, last = span[0] - 1, span[1]
        batch = Batch(span[0])
        ahead = asyncio.create_task(self.step(cursor, last))
        try:
            while cursor < last and not bounds.reached:
                page, cursor = bounds.cut(*await ahead)
                batch.add(page, cursor)
                if cursor < last and not bounds.reached:
                    ahead = asyncio.create_task(self.step(cursor, last))
                if batch.is_due():
                    await leave()
                    await self.keep(*batch.take())
            await self.keep(*batch.take())
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
            self.rescue(*batch.take())

    async def step(self, cursor: int, last: int) -> tuple[Page, int]:
        """Return the next messages up to `last`, and the id up to which there are no others."""
        page = await self.history.after(cursor)
        if not page.messages:
            return await self.close_gap(cursor, last), last
        end = min(page.messages[-1].id, last)
        return page.between(cursor + 1, end), end

    async def close_gap(self, cursor: int, last: int) -> Page:
        """Return the last messages of a channel, found backward from its newest.

        An empty answer does not mean that nothing follows: the newest page may come clipped.
        """
        size = self.history.page_size
        page = await self.history.newest(size)
        while len(page.messages) <= MOST_READ_BACK * size:
            if not page.messages or page.messages[0].id <= cursor + 1:
                return page.between(cursor + 1, last)
            older = await self.history.before(page.messages[0].id)
            if not older.messages:
                return page.between(cursor + 1, last)
            page = page.joined(older)
        raise ChannelError(f"there come no posts after {cursor}, though there are newer ones")

    async def keep(self, page: Page, span: Span) -> None:
        """Store the messages of a span, and what came back of those that were seen before."""
        for part in self.parts(span):
            mine = page.between(*part)
            gone: Sequence[int] = ()
            if part[0] <= self.stored_until:
                try:
                    mine, gone = await self.ask_for_missing(mine, part)
                except BaseException:
                    self.rescue(page.between(part[0]), (part[0], span[1]))
                    raise
            self.count(self.store(mine, part, gone), gone)

    def parts(self, span: Span) -> list[Span]:
        """Split a span so that each part has a limited number of posts that were seen before."""
        if span[0] > self.stored_until:
            return [span] if span[0] <= span[1] else []
        seen = sorted(self.seen(span))
        ends = [one for one in seen[MOST_SEEN - 1 :: MOST_SEEN] if one < span[1]]
        firsts = [span[0], *(end + 1 for end in ends)]
        return list(zip(firsts, [*ends, span[1]], strict=True)) if span[0] <= span[1] else []

    def seen(self, span: Span) -> set[int]:
        """Return the ids of the posts in a span that are to be found there if they are not gone."""
        query = select(posts.c.message_id).where(
            posts.c.channel_id == self.history.channel_id,
            posts.c.message_id.between(*span),
            posts.c.deleted_at.is_(None),
        )
        if not self.history.shows_all:
            query = query.where(posts.c.source == self.history.source)
        with self.archive.connect() as connection:
            return set(connection.execute(query).scalars())

    def rescue(self, page: Page, span: Span) -> None:
        """Store what has come when the reading breaks off, without asking for more.

        A span with posts that were seen before is left to the next run to note.
        """
        if span[0] > span[1]:
            return
        if span[0] > self.stored_until:
            self.count(self.store(page, span, ()), ())
            return
        key, now = self.history.channel_id, datetime.now(UTC)
        with self.archive.begin() as connection, recounting(connection, key, span):
            counts = store(connection, self.history.channel, page.posts, seen_at=now)
        self.count(counts, ())

    def count(self, stored: StoreCounts, gone: Sequence[int]) -> None:
        """Add to the progress."""
        self.progress = self.progress.plus(stored, len(gone))

    async def ask_for_missing(self, page: Page, span: Span) -> tuple[Page, Sequence[int]]:
        """Ask for each post that was seen before and is not in the page; return which are gone."""
        found, gone = await self.history.by_ids(sorted(self.seen(span) - page.ids))
        return page.joined(found), gone

    def store(self, page: Page, span: Span, gone: Sequence[int]) -> StoreCounts:
        """Store messages in one transaction with what the ledger says of their span."""
        answers = Answers(span, page.service, page.inaccessible)
        key, source, now = self.history.channel_id, self.history.source, datetime.now(UTC)
        with (
            self.archive.begin() as connection,
            noting(connection, key, source, answers, asked_at=now),
        ):
            counts = store(connection, self.history.channel, page.posts, seen_at=now)
            if span[0] <= self.stored_until:
                mark(connection, key, gone, now)
                mark(connection, key, [post.message_id for post in page.posts], None)
        return counts

    def note_newest(self, connection: Connection, newest: Page, asked_at: datetime) -> None:
        """Note how far the channel went when that was asked."""
        values: dict[str, Any] = {"newest_asked_at": asked_at}
        if newest.messages:
            last = newest.messages[-1]
            values |= {"newest_id": last.id, "newest_date": last.date}
        statement = update(channels).where(channels.c.id == self.history.channel_id)
        connection.execute(statement.values(values))

    def note_complete(self) -> None:
        """Note that everything wanted is in the archive now."""
        statement = update(channels).where(channels.c.id == self.history.channel_id)
        with self.archive.begin() as connection:
            connection.execute(statement.values(collected_at=datetime.now(UTC)))


async def newest_posts(history: History, count: int) -> Page:
    """Return the newest `count` posts of a channel, with what is between them."""
    page = await history.newest(history.page_size)
    while page.messages and len(page.posts) < count:
        older = await history.before(page.messages[0].id)
        if not older.messages:
            return page
        page = older.joined(page)
    return page.between(page.posts[-count].message_id) if len(page.posts) > count else page


class Batch:
    """Pages that are stored together, in one transaction.

    A page waits at most a quarter of a second for others, so that at a polite pace each is stored
    at once, and a fast reading is not held up by the bookkeeping of a transaction per page.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.last = first - 1
        self.pages: list[Page] = []
        self.stored_at = 0.0

    def add(self, page: Page, last: int) -> None:
        """Add the page that goes on to the id `last`."""
        self.pages.append(page)
        self.last = last

    def is_due(self) -> bool:
        """Tell whether the pages have waited long enough."""
        return len(self.pages) >= MOST_PAGES or time.monotonic() - self.stored_at > LONGEST_WAIT_S

    def take(self) -> tuple[Page, Span]:
        """Return the messages of all pages and the span that they cover; be empty afterwards."""
        messages = [message for page in self.pages for message in page.messages]
        span = self.first, self.last
        self.first, self.pages, self.stored_at = self.last + 1, [], time.monotonic()
        return Page(messages), span


async def leave() -> None:
    """Let a request that was just made leave, before the database takes the thread.

    Telethon, for one, hands it from task to task until it is written; each yields once.
    """
    for _ in range(TASKS_TO_THE_WIRE):
        await asyncio.sleep(0)


class Bounds:
    """Where a wish ends before the channel does.

    `reached`: nothing more is to be read; `limited`: because the limit leaves posts out.
    """

    def __init__(self, wish: Wish, plan: Plan) -> None:
        self.until = wish.until
        self.left = wish.limit
        self.asked = [part.span for part in plan.asked]
        self.reached = False
        self.limited = False

    def cut(self, page: Page, end: int) -> tuple[Page, int]:
        """Return the part of a page within the bounds, and the id up to which it goes."""
        for message in page.messages:
            if self.end_before(message):
                return page.between(0, message.id - 1), message.id - 1
        return page, end

    def end_before(self, message: Message) -> bool:
        """Tell whether a message is the first beyond the bounds."""
        date = message.date
        if self.until is not None and date is not None and date >= self.until:
            self.reached = True
        elif self.left is not None and self.is_new(message):
            self.limited = self.reached = self.left == 0
            self.left -= 1
        return self.reached

    def is_new(self, message: Message) -> bool:
        """Tell whether a message is a post that was not asked for before."""
        return message.post is not None and not any(
            first <= message.id <= last for first, last in self.asked
        )


def mark(
    connection: Connection, channel_id: int, ids: Sequence[int], deleted_at: datetime | None
) -> None:
    """Mark posts as deleted, or as there again."""
    if not ids:
        return
    other = posts.c.deleted_at.is_(None) if deleted_at else posts.c.deleted_at.is_not(None)
    statement = (
        update(posts)
        .where(posts.c.channel_id == channel_id, posts.c.message_id.in_(ids), other)
        .values(deleted_at=deleted_at)
    )
    changed = connection.execute(statement.returning(posts.c.message_id)).scalars().all()
    if changed:
        settle_albums_of(connection, channel_id, changed)
