"""How much of what a channel published in a period the archive can know of.

Coverage is the share of a period's message ids that Telegram was asked for, by its API or its web
preview, and let be read: ids in rows of the ledger of these live sources, less those that came back
inaccessible (spread evenly over their row), of all ids of the period. Ids that never came back,
deleted ones and service messages were asked for, so they count. Imports are no answer to anything
and do not count.

Which ids belong to a period is known exactly where its posts are in the archive, and estimated
elsewhere: ids grow linearly between known points. These are the first and last post of each day,
the newest message that Telegram reported, and the first one wanted. Before the first point, and
after the moment the channel was asked last, ids grow by the channel's mean rate; between its last
point and that moment there was nothing new. They stop growing where the UTC day begins on which any
channel of the archive was asked last: a channel that could not be read for days before it shows
less than 1, and one that was read on that day is up to date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, String, and_, cast, func, select

from collector.planning import BEGINNING
from collector.post import LIVE
from collector.tables import channels, coverage, posts

__all__ = ["period_coverage"]

Floats = NDArray[np.float64]
Points = list[tuple[float, float]]  # a moment in seconds, and how many ids were used by then

_DAY = timedelta(days=1).total_seconds()
_NO_ID = 2.0**32  # above every message id
_DECIMALS = 6  # of an id: errors of rounding must not make a whole period look incomplete


def period_coverage(connection: Connection, periods: pd.DataFrame) -> "pd.Series[float]":
    """Return for each row the share, from 0 to 1, of its ids that Telegram was asked for.

    `periods` has the columns `channel_key` (the archive's own id), `period_start` and `period_end`
    (midnights in UTC without a time zone, the end exclusive); its channels have posts. The answer
    has its index. It is NaN where nothing of the channel was ever asked for, and 1 where a period
    has no ids.
    """
    result = pd.Series(np.nan, index=periods.index, dtype="float64")
    last_asked = _last_asked(connection)
    keys = sorted(last_asked.keys() & set(periods["channel_key"]))
    if not keys:
        return result
    horizon = max(last_asked.values()) // _DAY * _DAY
    points = _points(connection, keys)
    misses = _misses(connection, keys)
    for key in keys:
        rows = periods[periods["channel_key"] == key]
        course = _course(points[key], last_asked[key], horizon)
        first, last = (course.ids_until(rows[name]) for name in ("period_start", "period_end"))
        result[rows.index] = _share(misses[key], first, last)
    return result


@dataclass(frozen=True, slots=True)
class _Line:
    """A line through points of ascending `x`, level before the first and after the last."""

    x: Floats
    y: Floats

    def at(self, x: Floats) -> Floats:
        return np.interp(x, self.x, self.y)

    def ids_until(self, moments: "pd.Series[pd.Timestamp]") -> Floats:
        """Return how many ids were used before some moments, the line being that of a channel."""
        seconds = moments.to_numpy().astype("datetime64[s]").astype(np.float64)
        return self.at(seconds).round(_DECIMALS)


def _share(misses: _Line, first: Floats, last: Floats) -> Floats:
    """Return the share of the ids after `first` up to `last` that are not missed."""
    total = last - first
    missed = misses.at(last) - misses.at(first)
    share: Floats = 1 - np.divide(missed, total, out=np.zeros_like(total), where=total > 0)
    return share.clip(0, 1)


def _course(points: Points, asked: float, horizon: float) -> _Line:
    """Return the line of the ids that a channel had used by a moment, for all time."""
    found = np.array(sorted(points))
    moments, ids = found[:, 0], np.maximum.accumulate(found[:, 1])
    # A few posts within minutes say nothing of a rate, hence the day.
    rate = (ids[-1] - ids[0]) / max(moments[-1] - moments[0], _DAY)
    beginning = moments[0] - (ids[0] / rate if rate else 0)
    asked = max(asked, moments[-1])
    end = max(asked, horizon)
    return _Line(
        np.array([beginning, *moments, asked, end]),
        np.array([0 if rate else ids[0], *ids, ids[-1], ids[-1] + rate * (end - asked)]),
    )


def _misses(connection: Connection, keys: Sequence[int]) -> dict[int, _Line]:
    """Return per channel the line of how many ids, up to an id, were not asked for or refused."""
    query = (
        select(coverage)
        .where(coverage.c.source.in_(LIVE), coverage.c.channel_id.in_(keys))
        .order_by(coverage.c.channel_id, coverage.c.first_id)
    )
    ends: dict[int, list[float]] = {key: [0] for key in keys}
    refused: dict[int, list[float]] = {key: [] for key in keys}  # shares, of gaps and rows in turn
    for row in connection.execute(query):
        ends[row.channel_id] += [row.first_id - 1, row.last_id]
        refused[row.channel_id] += [1, row.inaccessible / (row.last_id - row.first_id + 1)]
    return {key: _sum_line([*ends[key], _NO_ID], [*refused[key], 1]) for key in keys}


def _sum_line(ends: Sequence[float], slopes: Sequence[float]) -> _Line:
    """Return the line that rises from 0 by the given slopes between the given ends."""
    x = np.maximum.accumulate(np.array(ends, dtype=np.float64))
    return _Line(x, np.concatenate([[0.0], np.cumsum(np.diff(x) * slopes)]))


def _last_asked(connection: Connection) -> dict[int, float]:
    """Return when each channel was asked last for its newest message, if anything of it ever was.

    The ledger does not tell: of a channel that has nothing new nothing is written there, and a
    long reading of another ends long after it was found out how far that channel goes.
    """
    query = (
        select(channels.c.id, channels.c.newest_asked_at, func.max(coverage.c.asked_at))
        .join(coverage, coverage.c.channel_id == channels.c.id)
        .where(coverage.c.source.in_(LIVE))
        .group_by(channels.c.id, channels.c.newest_asked_at)
    )
    return {key: _seconds(newest or asked) for key, newest, asked in connection.execute(query)}


def _points(connection: Connection, keys: Sequence[int]) -> dict[int, Points]:
    """Return the known points of some channels.

    A post's own id is used up within its second, so that a post of midnight is the new day's.
    """
    result: dict[int, Points] = {key: [] for key in keys}
    for row in connection.execute(select(channels).where(channels.c.id.in_(keys))):
        if row.newest_date is not None:
            result[row.id].append((_seconds(row.newest_date) + 1, row.newest_id))
        if row.wanted_since is not None and row.wanted_since > BEGINNING and row.wanted_from > 1:
            result[row.id].append((_seconds(row.wanted_since), row.wanted_from - 1))
    rows = connection.execute(_first_and_last_of_days(keys)).all()
    # As tuples: pandas asks each Row of SQLAlchemy what it is, which takes as long as the query.
    found = pd.DataFrame(map(tuple, rows), columns=["key", "date", "first_id", "last_id"])
    # All at once: a report by day has hundreds of thousands of them.
    moments = pd.to_datetime(found["date"], format="ISO8601").to_numpy().astype("datetime64[us]")
    found["seconds"] = moments.astype(np.float64) / 1e6
    for key, of_channel in found.groupby("key"):
        seconds, first_id, last_id = of_channel[["seconds", "first_id", "last_id"]].to_numpy().T
        result[int(str(key))] += zip(seconds, first_id - 1, strict=True)
        result[int(str(key))] += zip(seconds + 1, last_id, strict=True)
    return result


def _first_and_last_of_days(keys: Sequence[int]) -> Select[Any]:
    """Select the dates of each day's first and last post, with the least and greatest id of each.

    The index has what the inner query needs; the posts themselves are read for these dates only.
    """
    key, date, number = posts.c.channel_id, posts.c.date, posts.c.message_id
    first, last = func.min(date).label("first"), func.max(date).label("last")
    day = func.substr(cast(date, String), 1, 10)
    days = select(key, first, last).where(key.in_(keys)).group_by(key, day).subquery()
    same = and_(key == days.c.channel_id, date.in_([days.c.first, days.c.last]))
    return (
        select(key, cast(date, String), func.min(number), func.max(number))
        .join_from(posts, days, same)
        .group_by(key, date)
    )


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
