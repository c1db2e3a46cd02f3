"""What a report is about: which time, which channels, which targets, which models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, select

from collector.tables import channels, posts
from models.targets import Target
from reports.words import is_own

__all__ = ["Period", "ScoredBy", "Selection", "Words"]


class Period(StrEnum):
    """How long the stretches of time are that a report sums over."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


class Words(StrEnum):
    """Whose words count: only a channel's own, or also what it forwards and mostly quotes."""

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """The model whose scores a report uses; `fingerprint` finds them, `name` is shown."""

    name: str
    fingerprint: str

    @property
    def shown(self) -> str:
        """The model as the reports name it."""
        return f"{self.name}@{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Selection:
    """One report. `until` is exclusive; an empty `channels` means all of them.

    Channels are named by username, Telegram id or title. `abstain_below` is the confidence under
    which a label does not count, `minimum` the labelled posts under which figures are suppressed.
    """

    period: Period
    targets: Sequence[Target]
    stance: ScoredBy
    sentiment: ScoredBy
    since: date | None = None
    until: date | None = None
    channels: Sequence[str] = ()
    abstain_below: float = 0.5
    minimum: int = 10
    run_id: str = ""
    include: Words = Words.ALL

    def conditions(self, channel_ids: Sequence[int] | None) -> ColumnElement[bool]:
        """Return the SQL condition for a post to be part of the report.

        To a reader the pictures of an album are one post, so only the one with the words counts.
        """
        condition: ColumnElement[bool] = posts.c.album_head.is_(None)
        if self.since:
            condition &= posts.c.date >= _midnight(self.since)
        if self.until:
            condition &= posts.c.date < _midnight(self.until)
        if channel_ids is not None:
            condition &= posts.c.channel_id.in_(channel_ids)
        if self.include is Words.OWN:
            condition &= is_own()
        return condition

    def channel_ids(self, connection: Connection) -> tuple[list[int] | None, list[str]]:
        """Return the archive's ids of the chosen channels (None for all), and names not found."""
        if not self.channels:
            return None, []
        rows = connection.execute(select(channels)).all()
        found: list[int] = []
        unknown = []
        for name in self.channels:
            wanted = name.removeprefix("@").casefold()
            ids = [
                row.id for row in rows if wanted in _names(row.username, row.telegram_id, row.title)
            ]
            found += ids
            unknown += [] if ids else [name]
        return found, unknown


def _names(username: str | None, telegram_id: int | None, title: str | None) -> set[str]:
    return {str(name).casefold() for name in (username, telegram_id, title) if name}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
