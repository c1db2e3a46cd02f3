"""The gates about each channel: how many posts it has, how old the newest is, what was asked for.

The database answers with a row a channel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from collector.errors import ConfigError
from collector.naming import parse_channel
from collector.tables import channels, posts
from reports.channel import Channel
from reports.coverage import period_coverage
from reports.gates.limits import ChannelLimits, Gate, Gates, OwnLimits
from reports.gates.verdict import Verdict
from reports.gates.window import Window, midnight
from reports.page.channel_facts import channel_keys
from reports.selection import Selection

__all__ = ["channel_verdicts", "unknown_names"]

_AT_ONCE = 50  # channels, each with some numbers a day for its coverage
_SECONDS_A_DAY = 86_400
_NO_LIMITS = ChannelLimits()
_NO_POST = "no post in the archive"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the archive knows of a channel: `count` posts in `window`, which begins with it."""

    key: int
    channel: Channel
    window: Window
    newest: datetime | None
    count: int
    has_posts: bool


def channel_verdicts(
    connection: Connection, selection: Selection, gates: Gates, window: Window, now: datetime
) -> list[Verdict]:
    """Judge the selection's channels, in order of their names."""
    limits = _limits(connection, selection, gates)
    before = min(now, midnight(selection.until)) if selection.until else now
    facts = _facts(connection, selection, window, before)
    asked_of = [fact for fact in facts if limits[fact.key].coverage is not None]
    shares = _coverage(connection, asked_of)
    found: list[Verdict] = []
    for fact in facts:
        own = limits[fact.key]
        found += _posts(fact, own.posts_per_day)
        found += _age(fact, own.age, before)
        found += _covered(fact, own.coverage, shares.get(fact.key))
    return found


def unknown_names(connection: Connection, selection: Selection, gates: Gates) -> list[str]:
    """Return what names of exceptions no channel of the archive has."""
    return [own.name for own in gates.own if not _ids(connection, selection, own)]


def _limits(
    connection: Connection, selection: Selection, gates: Gates
) -> Mapping[int, ChannelLimits]:
    """Return the limits of each channel of the archive by its key."""
    found = dict.fromkeys(channel_keys(connection), gates.channels)
    for own in gates.own:
        for key in _ids(connection, selection, own):
            found[key] = _changed(gates.channels, own.limits) if own.judged else _NO_LIMITS
    return found


def _changed(common: ChannelLimits, own: ChannelLimits) -> ChannelLimits:
    return ChannelLimits(
        common.posts_per_day if own.posts_per_day is None else own.posts_per_day,
        common.age if own.age is None else own.age,
        common.coverage if own.coverage is None else own.coverage,
    )


def _ids(connection: Connection, selection: Selection, own: OwnLimits) -> list[int]:
    try:
        name = parse_channel(own.name)
        wanted = name.username or str(name.telegram_id)
    except ConfigError:  # a title
        wanted = own.name
    ids, _ = replace(selection, channels=(wanted,)).channel_ids(connection)
    return ids or []


def _facts(
    connection: Connection, selection: Selection, window: Window, before: datetime
) -> list[_Facts]:
    chosen, _ = selection.channel_ids(connection)
    names = channel_keys(connection)
    query = _query(window, before)
    if chosen is not None:
        query = query.where(channels.c.id.in_(chosen))
    rows = connection.execute(query)
    found = [
        _Facts(
            row.id,
            names[row.id],
            window.since((row.first or row.first_seen).astimezone(UTC).date()),
            row.newest,
            row.posts,
            row.first is not None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda fact: (fact.channel, fact.key))


def _query(window: Window, before: datetime) -> Select[Any]:
    """Select a row a channel: each number is found by the index of channels' dates."""
    own = posts.c.channel_id == channels.c.id
    within: ColumnElement[bool] = posts.c.album_head.is_(None)
    within &= posts.c.date < midnight(window.end)
    within &= posts.c.date >= midnight(window.start) if window.start else true()
    first = select(func.min(posts.c.date)).where(own)
    newest = select(func.max(posts.c.date)).where(own, posts.c.date <= before)
    count = select(func.count()).select_from(posts).where(own, within)
    return select(
        channels.c.id,
        channels.c.first_seen,
        first.scalar_subquery().label("first"),
        newest.scalar_subquery().label("newest"),
        count.scalar_subquery().label("posts"),
    )


def _posts(fact: _Facts, limit: float | None) -> Iterator[Verdict]:
    if limit is None:
        return
    verdict = _about(fact, Gate.POSTS, limit)
    days = fact.window.days
    if days:
        rate = fact.count / days
        there = _counted(fact.count, "post") if fact.count else "no post"
        verdict = verdict.judged(rate, rate >= limit, f"{there} in {_counted(days, 'day')}")
    yield verdict


def _age(fact: _Facts, limit: timedelta | None, before: datetime) -> Iterator[Verdict]:
    if limit is None:
        return
    at_most = limit.total_seconds() / _SECONDS_A_DAY
    verdict = replace(_about(fact, Gate.AGE, at_most), window=None, passed=False, note=_NO_POST)
    if fact.newest:
        age = (before - fact.newest).total_seconds() / _SECONDS_A_DAY
        note = f"the newest post is of {fact.newest:%Y-%m-%d %H:%M} UTC"
        verdict = verdict.judged(age, age <= at_most, note)
    yield verdict


def _covered(fact: _Facts, limit: float | None, share: float | None) -> Iterator[Verdict]:
    if limit is None:
        return
    verdict = _about(fact, Gate.COVERAGE, limit)
    if share is not None:
        note = "of the message ids of these days, so many were asked for and could be read"
        verdict = verdict.judged(share, share >= limit, note)
    elif not fact.has_posts:
        verdict = verdict.with_note(f"not judged: {_NO_POST}")
    elif fact.window.days:
        verdict = verdict.with_note("not judged: imported, Telegram was never asked for its posts")
    yield verdict


def _coverage(connection: Connection, facts: Sequence[_Facts]) -> dict[int, float]:
    """Return the coverage of channels by key, without those of which it is not known."""
    known = [fact for fact in facts if fact.has_posts and fact.window.days]
    found: dict[int, float] = {}
    for first in range(0, len(known), _AT_ONCE):
        part = known[first : first + _AT_ONCE]
        periods = pd.DataFrame(
            {
                "channel_key": [fact.key for fact in part],
                "period_start": pd.to_datetime([str(fact.window.start) for fact in part]),
                "period_end": pd.to_datetime([str(fact.window.end) for fact in part]),
            }
        )
        shares = period_coverage(connection, periods)
        found |= {
            fact.key: float(share)
            for fact, share in zip(part, shares, strict=True)
            if not pd.isna(share)
        }
    return found


def _about(fact: _Facts, gate: Gate, limit: float) -> Verdict:
    note = f"not judged: no whole day from {fact.window.start} on is over yet"
    return Verdict(gate, None, limit, None, note, fact.channel, window=fact.window)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
