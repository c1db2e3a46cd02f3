"""What came back of the message ids that were asked for.

The ledger has each id of a channel in one row at most, whichever live source was asked for it
first: Telegram's API or the web preview. What another source answers later about the same ids is
counted in the row that is there.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, case, delete, func, insert, or_, select, update

from collector.albums import LONGEST
from collector.post import LAST_ID, LIVE
from collector.tables import coverage, posts

__all__ = [
    "Answers",
    "Coverage",
    "Span",
    "asked_share",
    "ledger",
    "missing",
    "noting",
    "recount",
    "recounting",
    "store_coverage",
]

Span = tuple[int, int]  # the first and the last of some message ids, both included

EVERYTHING = (1, LAST_ID)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many message ids from `first_id` to `last_id`, both included, came back as what.

    `deleted` were seen once, and later asking for that very id brought nothing; `unknown` never
    came back: deleted before they were seen, or never there. `album_member` are the messages of
    an album but the one that stands for it.
    """

    first_id: int
    last_id: int
    received: int = 0
    service: int = 0
    album_member: int = 0
    inaccessible: int = 0
    deleted: int = 0
    unknown: int = 0

    @property
    def span(self) -> Span:
        """The first and the last id."""
        return self.first_id, self.last_id

    def recounted(self, before: "Coverage", after: "Coverage") -> Self:
        """Return the same after some of its posts, counted before and after, have changed."""
        counts = {
            name: getattr(self, name) + getattr(after, name) - getattr(before, name)
            for name in ("received", "album_member", "deleted")
        }
        return replace(self, **counts).with_unknown()

    def with_unknown(self) -> Self:
        """Return the same with `unknown` as what is left of the span."""
        told = (self.received, self.service, self.album_member, self.inaccessible, self.deleted)
        return replace(self, unknown=max(0, self.last_id - self.first_id + 1 - sum(told)))


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back for a span besides posts: the ids of service messages, and of empty ones."""

    span: Span
    service: Collection[int] = ()
    inaccessible: Collection[int] = ()

    def counted(self, gap: Span, stored: Coverage) -> Coverage:
        """Return what came back for a part of the span whose stored posts were counted."""
        first, last = gap
        service = sum(first <= one <= last for one in self.service)
        inaccessible = sum(first <= one <= last for one in self.inaccessible)
        return replace(
            stored, first_id=first, last_id=last, service=service, inaccessible=inaccessible
        ).with_unknown()


def store_coverage(
    connection: Connection, channel_id: int, source: str, asked: Coverage, *, asked_at: datetime
) -> None:
    """Note what came back for a range of ids; a later answer for the same range replaces it.

    `channel_id` is the archive's own (see `ChannelRow`), `asked_at` timezone-aware.
    """
    key = {
        "channel_id": channel_id,
        "source": source,
        "first_id": asked.first_id,
        "last_id": asked.last_id,
    }
    same = [coverage.c[name] == value for name, value in key.items()]
    stored = connection.execute(select(coverage.c.asked_at).where(*same)).scalar()
    values = asdict(asked) | {"asked_at": asked_at}
    if stored is None:
        connection.execute(insert(coverage).values(key | values))
    elif stored <= asked_at:
        connection.execute(update(coverage).where(*same).values(values))


def ledger(
    connection: Connection, channel_id: int, sources: Collection[str] = LIVE
) -> list[Coverage]:
    """Return what live sources, or only some, were asked for of a channel, in ascending order."""
    names = [field.name for field in fields(Coverage)]
    query = (
        select(*(coverage.c[name] for name in names))
        .where(coverage.c.channel_id == channel_id, coverage.c.source.in_(sources))
        .order_by(coverage.c.first_id)
    )
    return [Coverage(**row) for row in connection.execute(query).mappings()]


def missing(wanted: Span, asked: Sequence[Coverage]) -> list[Span]:
    """Return the parts of a span that were never asked for, in ascending order."""
    first, last = wanted
    gaps = []
    for part in asked:
        if part.first_id > first:
            gaps.append((first, min(part.first_id - 1, last)))
        first = max(first, part.last_id + 1)
    return [gap for gap in [*gaps, (first, last)] if gap[0] <= gap[1]]


def tally(connection: Connection, channel_id: int, spans: Sequence[Span]) -> Coverage:
    """Count the stored posts of some spans; `first_id` and `last_id` of the answer mean nothing."""
    if not spans:
        return Coverage(0, 0)
    gone = posts.c.deleted_at.is_not(None)
    member = posts.c.album_head.is_not(None)
    query = select(
        func.count(),
        func.coalesce(func.sum(case((gone, 1), else_=0)), 0),
        func.coalesce(func.sum(case((member & ~gone, 1), else_=0)), 0),
    ).where(
        posts.c.channel_id == channel_id,
        or_(*(posts.c.message_id.between(first, last) for first, last in spans)),
    )
    total, deleted, members = connection.execute(query).one()
    received = total - deleted - members
    return Coverage(0, 0, received=received, album_member=members, deleted=deleted)


def recount(connection: Connection, channel_id: int, span: Span) -> Coverage:
    """Return what the archive has of a span; what else came back of it counts as unknown."""
    return Answers(span).counted(span, tally(connection, channel_id, [span]))


def asked_share(channel: Row[Any], asked: Sequence[Coverage]) -> float | None:
    """Return which share of a channel's message ids was asked for; None if none ever was.

    `channel` is a row of `channels`, `asked` its ledger. The ids are those from the first one that
    is wanted to the newest that is known of.
    """
    if not asked:
        return None
    first = channel.wanted_from or asked[0].first_id
    last = max(channel.newest_id or 0, asked[-1].last_id)
    gaps = sum(end - begin + 1 for begin, end in missing((first, last), asked))
    return float(1 - gaps / max(1, last - first + 1))


@contextmanager
def noting(
    connection: Connection, channel_id: int, source: str, answers: Answers, *, asked_at: datetime
) -> Iterator[None]:
    """Note that a span was asked for, while its posts are stored or marked deleted inside.

    Only the posts of the span, and of albums that reach into it, are counted. The ledger keeps one
    row for ids that a source was asked for without a gap.
    """
    with recounting(connection, channel_id, answers.span):
        yield
    first, last = answers.span
    again = (coverage.c.first_id <= last) & (coverage.c.last_id >= first)
    mine = (coverage.c.channel_id == channel_id) & (coverage.c.source == source)
    connection.execute(update(coverage).where(mine, again).values(asked_at=asked_at))
    for gap in missing(answers.span, ledger(connection, channel_id)):
        new = answers.counted(gap, tally(connection, channel_id, [gap]))
        neighbours = [
            part
            for part in ledger(connection, channel_id, [source])
            if part.last_id + 1 == gap[0] or part.first_id - 1 == gap[1]
        ]
        whole = sum_up([*neighbours, new])
        replace_rows(connection, channel_id, source, neighbours, whole, asked_at)


@contextmanager
def recounting(
    connection: Connection,
    channel_id: int,
    span: Span = EVERYTHING,
    sources: Collection[str] = LIVE,
) -> Iterator[None]:
    """Keep the ledger of live sources' answers right while posts of a span come from elsewhere."""
    window = (span[0] - LONGEST, min(span[1] + LONGEST, LAST_ID))
    parts = [
        part for part in ledger(connection, channel_id, sources) if within(window, [part.span])
    ]
    before = [tally(connection, channel_id, within(window, [part.span])) for part in parts]
    yield
    for part, old in zip(parts, before, strict=True):
        new = tally(connection, channel_id, within(window, [part.span]))
        if new != old:
            row = (coverage.c.channel_id == channel_id) & coverage.c.source.in_(sources)
            statement = update(coverage).where(row, coverage.c.first_id == part.first_id)
            connection.execute(statement.values(**asdict(part.recounted(old, new))))


def within(window: Span, spans: Sequence[Span]) -> list[Span]:
    """Return the parts of spans that lie in a window."""
    cut = [(max(first, window[0]), min(last, window[1])) for first, last in spans]
    return [span for span in cut if span[0] <= span[1]]


def sum_up(parts: Sequence[Coverage]) -> Coverage:
    """Return one row for parts that follow each other, in any order."""
    counts = [field.name for field in fields(Coverage) if not field.name.endswith("_id")]
    return Coverage(
        min(part.first_id for part in parts),
        max(part.last_id for part in parts),
        **{name: sum(getattr(part, name) for part in parts) for name in counts},
    )


def replace_rows(
    connection: Connection,
    channel_id: int,
    source: str,
    old: Sequence[Coverage],
    new: Coverage,
    asked_at: datetime,
) -> None:
    """Let one row of the ledger stand for others."""
    if old:
        same = (coverage.c.channel_id == channel_id) & (coverage.c.source == source)
        firsts = [part.first_id for part in old]
        connection.execute(delete(coverage).where(same, coverage.c.first_id.in_(firsts)))
    key = {"channel_id": channel_id, "source": source, "asked_at": asked_at}
    connection.execute(insert(coverage).values(key | asdict(new)))
