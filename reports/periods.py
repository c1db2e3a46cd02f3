"""The stretches of time that a report sums over."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from reports.selection import Period, Selection

__all__ = ["bounds", "is_whole", "with_period"]

_CODES = {Period.DAY: "D", Period.WEEK: "W-SUN", Period.MONTH: "M"}  # as pandas names them


def bounds(selection: Selection, days: "pd.Series[Any]") -> tuple[date, date]:
    """Return the first day of a report with posts on `days`, and the day after its last."""
    first = selection.since or (days.min().date() if len(days) else date.min)
    until = selection.until or (days.max().date() + timedelta(days=1) if len(days) else date.min)
    return first, until


def with_period(
    frame: pd.DataFrame, selection: Selection, limits: tuple[date, date]
) -> pd.DataFrame:
    """Add the period of each `day`; a period cut by --since or --until is shown as cut."""
    first, until = (pd.Timestamp(day) for day in limits)
    if selection.period is Period.ALL:
        return frame.assign(period_start=first, period_end=until)
    start, end = _whole(frame["day"], selection.period)
    if selection.since:
        start = start.where(start > first, first)
    if selection.until:
        end = end.where(end < until, until)
    return frame.assign(period_start=start, period_end=end)


def is_whole(rows: pd.DataFrame, period: Period) -> "pd.Series[bool]":
    """Tell which rows are about a whole day, week or month, from `period_start` to `period_end`."""
    if period is Period.ALL:
        return pd.Series(data=False, index=rows.index)
    start, end = _whole(rows["period_start"], period)
    return (rows["period_start"] == start) & (rows["period_end"] == end)


def _whole(days: "pd.Series[Any]", period: Period) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    calendar: Any = days.dt.to_period(_CODES[period])
    return calendar.dt.start_time, (calendar + 1).dt.start_time
