"""Which days gates are about: whole ones, in UTC."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from collector.tables import channels, posts
from reports.annotation.tables import gold_items, gold_labels
from reports.gates.limits import LABELLED_BY_HAND, Gates
from reports.selection import Selection, Words

__all__ = ["Window", "judged_window", "midnight", "reference_window"]


@dataclass(frozen=True, slots=True)
class Window:
    """The days from `start` (None: from the first post on) up to `end`, which is not among them."""

    start: date | None
    end: date

    def since(self, day: date) -> "Window":
        """Return the part of it from a day on."""
        return Window(day if self.start is None else max(day, self.start), self.end)

    @property
    def days(self) -> int:
        """How many days it has; `start` is known."""
        return max(0, (self.end - self.start).days) if self.start else 0

    @property
    def shown(self) -> str:
        """The first and the last day; empty where there is none."""
        last = self.end - timedelta(days=1)
        if self.start is None:
            return f"up to {last}"
        return f"{self.start} to {last}" if self.days else ""

    def posts(self, connection: Connection, selection: Selection) -> ColumnElement[bool]:
        """Return the condition for a post of the selection's channels to be in it.

        Posts in anybody's words count, and an album is one post.
        """
        within = replace(selection, since=self.start, until=self.end, include=Words.ALL)
        chosen, _ = selection.channel_ids(connection)
        # An index has the dates of each channel, and none has all dates.
        every = posts.c.channel_id.in_(select(channels.c.id))
        return within.conditions(chosen) & every


def judged_window(gates: Gates, selection: Selection, now: datetime) -> Window:
    """Return the days that gates are about: of those of the report, the whole ones."""
    today = now.astimezone(UTC).date()
    end = min(selection.until or today, today)
    if gates.days is None:
        return Window(selection.since, end)
    start = end - timedelta(days=gates.days)
    return Window(max(start, selection.since or start), end)


def reference_window(connection: Connection, gates: Gates) -> Window | None:
    """Return the days that mixes are compared with, None where nothing was labelled by hand."""
    if gates.reference != LABELLED_BY_HAND:
        return Window(*gates.reference) if isinstance(gates.reference, tuple) else None
    labelled = select(gold_items.c.post_id).join(
        gold_labels, gold_labels.c.item_id == gold_items.c.id
    )
    query = select(func.min(posts.c.date), func.max(posts.c.date)).where(posts.c.id.in_(labelled))
    first, last = connection.execute(query).one()
    return Window(first.date(), last.date() + timedelta(days=1)) if first else None


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins."""
    return datetime.combine(day, time(), tzinfo=UTC)
