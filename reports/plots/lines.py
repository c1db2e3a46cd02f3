"""Net figures over weeks, a panel for each channel; weeks without data are gaps."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from reports.channel import Channel
from reports.page.estimates import Estimate, Net, nice_limit
from reports.page.facts import Event
from reports.plots.canvas import FAVOR, INK, MIDDLE, channel_name, slide
from reports.plots.wording import correction_note, day, left_out_note, span, total

__all__ = ["MOST_CHANNELS", "draw_lines"]

MOST_CHANNELS = 24
_MOST_COLUMNS = 6
_WIDE_COLUMNS = 4
_NAMED_EVENTS = 6
_MOST_DATES = 3  # under a panel
_WEEK = timedelta(days=7)
_MISSING = Net(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the panels have in common: the Mondays of their weeks, events in them, the limit."""

    weeks: Sequence[date]
    events: Sequence[Event]
    limit: float


def draw_lines(title: str, what: str, rows: Sequence[Estimate], events: Sequence[Event]) -> Figure:
    """Draw weekly rows of at least one channel with a figure; `what` names it, as in net stance."""
    by_channel = _by_channel(rows)
    drawn = {channel: weeks for channel, weeks in by_channel.items() if any(w.shown for w in weeks)}
    busiest = sorted(drawn, key=lambda channel: -sum(week.labelled for week in drawn[channel]))
    kept = sorted(busiest[:MOST_CHANNELS])
    shown = [week for channel in kept for week in drawn[channel] if week.shown]
    frame = _frame(shown, events)
    notes = [
        _event_note(frame.events),
        left_out_note(len(by_channel) - len(drawn), len(drawn) - len(kept), len(kept)),
        correction_note(shown),
        "Gaps: weeks with too few labelled posts.",
    ]
    channels = "1 channel" if len(kept) == 1 else f"{len(kept)} channels"
    figure = slide(
        title,
        f"Weekly {what} of {channels} with 95 % intervals, {span(shown)}, {total(shown)}",
        [note for note in notes if note],
    )
    _draw_panels(figure, [(channel, drawn[channel]) for channel in kept], frame)
    return figure


def _by_channel(rows: Iterable[Estimate]) -> dict[Channel, list[Estimate]]:
    ordered = sorted(rows, key=lambda row: (row.channel, row.since))
    return {channel: list(weeks) for channel, weeks in groupby(ordered, lambda row: row.channel)}


def _frame(shown: Sequence[Estimate], events: Iterable[Event]) -> _Frame:
    first = min(_monday(row.since) for row in shown)
    last = max(_monday(row.since) for row in shown)
    weeks = [first + _WEEK * number for number in range((last - first) // _WEEK + 1)]
    inside = [event for event in events if first <= event.date < last + _WEEK]
    limit = nice_limit([row.shown for row in shown if row.shown])
    return _Frame(weeks, sorted(inside, key=lambda event: event.date), limit)


def _monday(value: date) -> date:
    return value - timedelta(days=value.weekday())


def _event_note(events: Sequence[Event]) -> str | None:
    if not events:
        return None
    named = [
        f"{number} {event.label} ({day(event.date)})"
        for number, event in enumerate(events[:_NAMED_EVENTS], start=1)
    ]
    more = f"; and {len(events) - _NAMED_EVENTS} more" if len(events) > _NAMED_EVENTS else ""
    return f"Marked: {'; '.join(named)}{more}."


def _draw_panels(
    figure: Figure, panels: Sequence[tuple[Channel, Sequence[Estimate]]], frame: _Frame
) -> None:
    columns = min(_MOST_COLUMNS, math.ceil(math.sqrt(len(panels) * 1.4)))
    rows = -(-len(panels) // columns)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    longest = 112 // columns - 3  # characters that fit over a panel
    for index, axes in enumerate(grid.flat):
        if index >= len(panels):
            axes.set_visible(False)
            continue
        channel, weeks = panels[index]
        axes.set_title(
            channel_name(channel, longest),
            fontsize=11 if columns <= _WIDE_COLUMNS else 9,
            loc="left",
        )
        _draw_panel(axes, weeks, frame)
        if index + columns >= len(panels):  # the lowest of its column
            axes.tick_params(axis="x", labelbottom=True)


def _draw_panel(axes: Axes, rows: Sequence[Estimate], frame: _Frame) -> None:
    known = {_monday(row.since): row.shown for row in rows}
    nets = [known.get(week) or _MISSING for week in frame.weeks]
    times = date2num(frame.weeks) + _WEEK.days / 2
    lows, highs = [net.low for net in nets], [net.high for net in nets]
    axes.axhline(0, color=MIDDLE, linewidth=0.8)
    axes.fill_between(times, lows, highs, color=FAVOR, alpha=0.18, linewidth=0)
    axes.vlines(times, lows, highs, color=FAVOR, alpha=0.35, linewidth=1)
    axes.plot(times, [net.value for net in nets], "o-", color=FAVOR, markersize=3.5, linewidth=1.6)
    _mark_events(axes, frame)
    axes.set_ylim(-frame.limit, frame.limit)
    axes.set_xlim(date2num(frame.weeks[0]), date2num(frame.weeks[-1] + _WEEK))
    some = frame.weeks[:: -(-len(frame.weeks) // _MOST_DATES)]
    axes.set_xticks(date2num(some), [f"{week.day} {week:%b\n%Y}" for week in some])
    axes.tick_params(labelsize=9)
    axes.grid(alpha=0.2)


def _mark_events(axes: Axes, frame: _Frame) -> None:
    for number, event in enumerate(frame.events, start=1):
        time = float(date2num(event.date))
        axes.axvline(time, color=INK, linewidth=1, linestyle=":")
        if number <= _NAMED_EVENTS:
            axes.annotate(
                str(number),
                (time, 1),
                xycoords=("data", "axes fraction"),
                xytext=(2, -2),
                textcoords="offset points",
                va="top",
                fontsize=8,
                color=INK,
                backgroundcolor="white",
            )
