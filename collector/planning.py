"""Decides which message ids of a channel are to be read in a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update

from collector.coverage import Coverage, Span, ledger, missing
from collector.tables import channels, posts

__all__ = ["BEGINNING", "Plan", "Wish", "make_plan", "want", "wanted_from"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # before the first post of any channel


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to read of each channel.

    Everything `since` a moment (BEGINNING: the whole history) and, if given, from before `until`,
    but no more than `limit` new posts, the oldest first; of the channel's `last` posts only, if
    given. Posts younger than `recent` are read
    again if they are in the archive already. Both moments are timezone-aware.
    """

    since: datetime
    until: datetime | None = None
    limit: int | None = None
    recent: timedelta = timedelta(days=7)
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The spans to read, in order; what was asked for before; and the newest stored post's id."""

    spans: Sequence[Span]
    asked: Sequence[Coverage]
    stored_until: int


def wanted_from(connection: Connection, channel_id: int, wish: Wish) -> int | None:
    """Return from which id on a wish is to be read; None if Telegram must be asked for it."""
    if wish.since <= BEGINNING:
        return 1
    query = select(channels.c.wanted_since, channels.c.wanted_from)
    row = connection.execute(query.where(channels.c.id == channel_id)).one()
    if wish.until or row.wanted_since is None or wish.since < row.wanted_since:
        return None
    return int(row.wanted_from)


def want(connection: Connection, channel_id: int, wish: Wish, first: int) -> None:
    """Note that from now on a channel is to be complete from an id on.

    A wish with an end says nothing of what comes after it.
    """
    if wish.until is not None:
        return
    earlier = channels.c.wanted_since.is_(None) | (channels.c.wanted_since > wish.since)
    statement = update(channels).where(channels.c.id == channel_id, earlier)
    connection.execute(statement.values(wanted_since=wish.since, wanted_from=first))


def make_plan(
    connection: Connection, channel_id: int, wish: Wish, *, first: int, newest: int
) -> Plan:
    """Plan to read what was never asked for from `first` to `newest`, and what is recent."""
    asked = ledger(connection, channel_id)
    mine = posts.c.channel_id == channel_id
    stored_until = connection.execute(select(func.max(posts.c.message_id)).where(mine)).scalar()
    spans = missing((first, newest), asked)
    if wish.until is None:
        # An imported post may claim an id that the channel has not come to yet.
        last = max([newest, *(part.last_id for part in asked)])
        young = posts.c.date >= datetime.now(UTC) - wish.recent
        query = select(func.min(posts.c.message_id)).where(mine, young)
        oldest = connection.execute(query.where(posts.c.message_id <= last)).scalar()
        if oldest is not None:
            spans.append((oldest, last))
    return Plan(joined(spans), asked, stored_until or 0)


def joined(spans: Sequence[Span]) -> list[Span]:
    """Return the same ids as spans that are apart from each other, in ascending order."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
