"""Gathers everything that the page shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby

import pandas as pd
from sqlalchemy import Connection

from models.labels import SENTIMENT, STANCE
from reports.channel import Channel
from reports.figures import sentiment_figures, stance_figures
from reports.page.channel_facts import Reach, newest_post, reach, revision
from reports.page.charts import Axis, Line, Mark, Strip, line, strip, whole_weeks
from reports.page.estimates import Estimate, estimates, nice_limit
from reports.page.evidence import Evidence, Key, evidence
from reports.page.facts import Event, PageFacts
from reports.page.ranking import HeatRow, Ranking, heat_map, rankings
from reports.selection import Period, Selection

__all__ = ["MOST_CHANNELS", "Contents", "Counts", "contents"]

# That have lines, strips and evidence: with 300 channels, 5 targets and a year the page has 5 MB.
MOST_CHANNELS = 30


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the report rests on, over all channels and targets.

    `gold` is the most labels given by hand that any figure is corrected with; figures share them.
    """

    channels: int
    posts: int
    pairs: int
    scored: int
    abstained: int
    labelled: int
    gold: int
    coverage: float | None


@dataclass(frozen=True, slots=True)
class LineGroup:
    """The lines toward one target, and the channels that have no week with a figure."""

    target: str
    lines: Sequence[Line]
    without: Sequence[Channel]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Charts over weeks with their common axis, the limit being that of the net shares."""

    axis: Axis
    marks: Sequence[Mark]
    groups: Sequence[LineGroup]


@dataclass(frozen=True, slots=True)
class Strips:
    """The coverage strips of channels with their common axis."""

    axis: Axis
    strips: Sequence[Strip]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page shows, from the day `since` to `last`.

    `limit` bounds the rankings' axis, `shade_limit` the colours of the map. `most_channels` is how
    many channels have lines, strips and evidence where that is not all.
    """

    since: date | None
    last: date | None
    newest: datetime | None
    revisions: Sequence[tuple[str, str | None]]
    targets: Sequence[str]
    counts: Counts
    corrected: bool
    limit: float
    shade_limit: float
    rankings: Sequence[Ranking]
    heat_map: Sequence[HeatRow]
    stance: Weeks | None
    sentiment: Weeks | None
    coverage: Strips | None
    reach: Sequence[Reach]
    stance_evidence: dict[Key, Evidence]
    sentiment_evidence: dict[Key, Evidence]
    most_channels: int | None


def contents(
    connection: Connection,
    selection: Selection,
    stance: pd.DataFrame,
    sentiment: pd.DataFrame,
    facts: PageFacts,
) -> Contents:
    """Gather the page of a report from its figures and the archive."""
    given = {STANCE: stance, SENTIMENT: sentiment}
    whole, mood = (_rows(connection, selection, Period.ALL, given, task) for task in given)
    busiest = _busiest(mood)
    weeks, mood_weeks = (
        _of(_rows(connection, selection, Period.WEEK, given, task), busiest) for task in given
    )
    nets = [row.shown for row in whole if row.shown]
    targets = [target.name for target in selection.targets]
    return Contents(
        since=mood[0].since if mood else None,
        last=mood[0].until - timedelta(days=1) if mood else None,
        newest=newest_post(connection, selection),
        revisions=[
            (by.shown, revision(connection, by)) for by in (selection.stance, selection.sentiment)
        ],
        targets=targets,
        counts=_counts(whole, mood),
        corrected=any(row.corrected for row in whole),
        limit=nice_limit([*nets, *(row.raw for row in whole if row.raw)]),
        shade_limit=nice_limit(nets, whiskers=False),
        rankings=rankings(whole, targets),
        heat_map=heat_map(whole, targets),
        stance=_weeks(weeks, targets, facts.events),
        sentiment=_weeks(mood_weeks, [""], facts.events),
        coverage=_strips(mood_weeks),
        reach=reach(connection, selection),
        stance_evidence=evidence(connection, selection, STANCE, _of(whole, busiest)),
        sentiment_evidence=evidence(connection, selection, SENTIMENT, _of(mood, busiest)),
        most_channels=len(busiest) if len(mood) > len(busiest) else None,
    )


def _rows(
    connection: Connection,
    selection: Selection,
    period: Period,
    given: dict[str, pd.DataFrame],
    task: str,
) -> list[Estimate]:
    """Return the figures of a task by `period`: those given, where the report is by that period."""
    if selection.period is period:
        return estimates(given[task], task)
    figures = stance_figures if task == STANCE else sentiment_figures
    return estimates(figures(connection, replace(selection, period=period)), task)


def _busiest(rows: Iterable[Estimate]) -> set[Channel]:
    ordered = sorted(rows, key=lambda row: (-row.posts, row.channel))
    return {row.channel for row in ordered[:MOST_CHANNELS]}


def _of(rows: Iterable[Estimate], channels: set[Channel]) -> list[Estimate]:
    return [row for row in rows if row.channel in channels]


def _counts(whole: Sequence[Estimate], mood: Sequence[Estimate]) -> Counts:
    posts = sum(row.posts for row in mood)
    known = [(row.coverage, row.posts) for row in mood if row.coverage is not None]
    weight = sum(number for _, number in known)
    return Counts(
        channels=len(mood),
        posts=posts,
        pairs=sum(row.relevant for row in whole),
        scored=sum(row.labelled + row.abstained for row in whole),
        abstained=sum(row.abstained for row in whole),
        labelled=sum(row.labelled for row in whole),
        gold=max((row.gold for row in whole), default=0),
        coverage=sum(share * number for share, number in known) / weight if weight else None,
    )


def _weeks(
    rows: Sequence[Estimate], targets: Sequence[str], events: Sequence[Event]
) -> Weeks | None:
    """Return a group of lines for each target, over the weeks that have a figure at all."""
    shown = [row for row in rows if row.shown]
    if not shown:
        return None
    first, last = whole_weeks(min(row.since for row in shown), max(row.until for row in shown))
    nets = [net for row in shown for net in (row.raw, row.corrected) if net]
    axis = Axis(first, last, nice_limit(nets))
    inside = [row for row in rows if row.since >= first and row.until <= last]
    return Weeks(axis, axis.marks(events), [
        LineGroup(target, *_lines([row for row in inside if row.target == target], axis))
        for target in targets
    ])  # fmt: skip


def _lines(rows: Sequence[Estimate], axis: Axis) -> tuple[list[Line], list[Channel]]:
    """Return the lines of the channels that have a figure in any week, and the other channels."""
    lines = [line(weeks, axis) for weeks in _by_channel(rows)]
    return [drawn for drawn in lines if drawn.points], [
        empty.channel for empty in lines if not empty.points
    ]


def _strips(rows: Sequence[Estimate]) -> Strips | None:
    if not rows:
        return None
    axis = Axis(*whole_weeks(min(row.since for row in rows), max(row.until for row in rows)))
    return Strips(axis, [strip(weeks, axis) for weeks in _by_channel(rows)])


def _by_channel(rows: Sequence[Estimate]) -> list[list[Estimate]]:
    """Group weeks by channel, in order of name and time."""
    ordered = sorted(rows, key=lambda row: (row.channel, row.since))
    return [list(weeks) for _, weeks in groupby(ordered, key=lambda row: row.channel)]
