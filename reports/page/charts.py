"""The geometry of lines over weeks and of coverage strips, in the units of their SVG view boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reports.channel import Channel
from reports.page.estimates import Estimate, Net
from reports.page.facts import Event

__all__ = ["Axis", "Bar", "Line", "Mark", "Point", "Strip", "line", "strip", "whole_weeks"]

WIDTH = 300.0
HEIGHT = 100.0
_TOP = 6.0  # room for half a marker, above and below
STRIP_HEIGHT = 24.0
_SHORTEST_BAR = 3.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Days from `first` to `last`, exclusive, from left to right; net shares up to `limit`."""

    first: date
    last: date
    limit: float = 1.0

    @property
    def final(self) -> date:
        """The last day of the axis."""
        return self.last - timedelta(days=1)

    def x(self, day: date) -> float:
        """Return where a day begins."""
        return _rounded(WIDTH * (day - self.first).days / max((self.last - self.first).days, 1))

    def y(self, value: float) -> float:
        """Return the height of a net share."""
        return _rounded(_TOP + (HEIGHT - 2 * _TOP) * (1 - value / self.limit) / 2)

    def marks(self, events: Iterable[Event]) -> list["Mark"]:
        """Return the events that fall into this time, numbered in order of date."""
        inside = [event for event in events if self.first <= event.date < self.last]
        ordered = sorted(inside, key=lambda event: (event.date, event.label))
        return [Mark(number, self.x(event.date), event) for number, event in enumerate(ordered, 1)]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an event stands on the axis."""

    number: int
    x: float
    event: Event


@dataclass(frozen=True, slots=True)
class Point:
    """A week with a figure."""

    x: float
    y: float
    low: float
    high: float
    net: Net
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Line:
    """The weeks of a channel: points, SVG paths of their line and ribbon, and weeks without figure.

    Where a week is missing or suppressed the line and the ribbon are interrupted. `corrected` says
    which of the figures are drawn: those of all weeks are of one kind.
    """

    channel: Channel
    target: str
    points: Sequence[Point]
    line: str
    ribbon: str
    suppressed: Sequence[tuple[float, Estimate]]
    corrected: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A week of a strip: its height tells posts, `level` coverage from 0 to 4, None: not known."""

    x: float
    width: float
    height: float
    level: int | None
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Strip:
    """The weeks in which the archive has posts of a channel."""

    channel: Channel
    bars: Sequence[Bar]
    posts: int


def line(rows: Sequence[Estimate], axis: Axis) -> Line:
    """Return the line of one channel, from its weeks in order of time; at least one of them."""
    corrected = all(row.corrected is not None for row in rows if row.shown is not None)
    points = []
    suppressed = []
    for row in rows:
        net = row.corrected if corrected else row.raw
        x = _rounded((axis.x(row.since) + axis.x(row.until)) / 2)
        if net is None:
            suppressed.append((x, row))
        else:
            points.append(Point(x, axis.y(net.value), axis.y(net.low), axis.y(net.high), net, row))
    runs = _runs(points)
    return Line(
        rows[0].channel,
        rows[0].target,
        points,
        "".join(_line_path(run) for run in runs),
        "".join(_ribbon_path(run) for run in runs),
        suppressed,
        corrected and bool(points),
    )


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Part the points where a week is missing between two."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and runs[-1][-1].estimate.until == point.estimate.since:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _line_path(run: Sequence[Point]) -> str:
    return _path([(point.x, point.y) for point in run]) if len(run) > 1 else ""


def _ribbon_path(run: Sequence[Point]) -> str:
    """Return the outline of the intervals; of a lonely week it is a bar two units wide."""
    if len(run) == 1:
        left, right = _rounded(run[0].x - 1), _rounded(run[0].x + 1)
        return _path([(left, run[0].high), (right, run[0].high), (right, run[0].low),
                      (left, run[0].low)]) + "Z"  # fmt: skip
    upper = [(point.x, point.high) for point in run]
    lower = [(point.x, point.low) for point in reversed(run)]
    return _path([*upper, *lower]) + "Z"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def strip(rows: Sequence[Estimate], axis: Axis) -> Strip:
    """Return the coverage strip of one channel, from its weeks; at least one of them."""
    most = max(row.posts for row in rows)
    return Strip(rows[0].channel, [_bar(row, axis, most) for row in rows],
                 sum(row.posts for row in rows))  # fmt: skip


def _bar(row: Estimate, axis: Axis, most: int) -> Bar:
    left, right = axis.x(row.since), axis.x(row.until)
    height = max(_SHORTEST_BAR, STRIP_HEIGHT * row.posts / max(most, 1))
    width = max(0.5, (right - left) * 0.9)
    return Bar(left, _rounded(width), _rounded(height), _level(row.coverage), row)


def _level(coverage: float | None) -> int | None:
    """Return the step of the coverage scale: under 50 %, 80 %, 95 %, nearly all, all."""
    if coverage is None:
        return None
    return sum(coverage >= least for least in (0.5, 0.8, 0.95, 1))


def _rounded(value: float) -> float:
    return round(value, 1)


def whole_weeks(since: date, until: date) -> tuple[date, date]:
    """Return the Monday on or before the first day, and the one on or after the end."""
    first = since - timedelta(days=since.weekday())
    return first, until + timedelta(days=-until.weekday() % 7)
