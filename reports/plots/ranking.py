"""Channels in the order of their net stance toward a target, with 95 % intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.page.estimates import Estimate, Net, nice_limit
from reports.page.ranking import Ranking
from reports.plots.canvas import AGAINST, FAINT, FAVOR, MIDDLE, channel_name, slide
from reports.plots.wording import correction_note, left_out_note, signed, span, total

__all__ = ["MOST_CHANNELS", "draw_ranking"]

MOST_CHANNELS = 60
_ROWS_IN_PANEL = 30
_FEWEST_ROWS = 5  # of which fewer would stand too far apart
_LONGEST_NAME = 28


def draw_ranking(ranking: Ranking) -> Figure:
    """Draw the channels of a ranking that has at least one, of many those with most posts."""
    kept = sorted(ranking.shown, key=lambda row: -row.labelled)[:MOST_CHANNELS]
    rows = [row for row in ranking.shown if row in kept]
    beyond = len(ranking.shown) - len(rows)
    notes = [left_out_note(len(ranking.suppressed), beyond, len(rows)), correction_note(rows)]
    if any(row.corrected for row in rows):
        hollow = "" if all(row.corrected for row in rows) else " Hollow marks: not corrected."
        notes.append(f"Grey diamonds: before the correction.{hollow}")
    channels = "1 channel" if len(rows) == 1 else f"{len(rows)} channels"
    figure = slide(
        f"Stance toward {ranking.target}",
        f"Net stance of {channels} with 95 % intervals, {span(rows)}, {total(rows)}",
        [note for note in notes if note],
    )
    count = -(-len(rows) // _ROWS_IN_PANEL)
    height = -(-len(rows) // count)
    limit = _limit(rows)
    for index, axes in enumerate(figure.subplots(1, count, squeeze=False)[0]):
        _draw_panel(axes, rows[index * height : (index + 1) * height], height, limit)
    return figure


def _limit(rows: Sequence[Estimate]) -> float:
    return nice_limit([net for row in rows for net in (row.raw, row.corrected) if net])


def _draw_panel(axes: Axes, rows: Sequence[Estimate], height: int, limit: float) -> None:
    some_corrected = any(row.corrected for row in rows)
    size = 11 if height <= _ROWS_IN_PANEL // 2 else 9
    for place, row in enumerate(rows):
        if row.corrected and row.raw:
            axes.plot(row.raw.value, place, "D", color=FAINT, markersize=size / 2,
                      markeredgecolor=MIDDLE, markeredgewidth=0.8, zorder=3)  # fmt: skip
        if row.shown:
            hollow = some_corrected and row.corrected is None
            _draw_net(axes, place, row.shown, size=size, hollow=hollow)
            _write_figures(axes, place, row, size)
    axes.axvline(0, color=MIDDLE, linewidth=0.8, zorder=0)
    axes.set_xlim(-limit, limit)
    axes.set_xticks([-limit, -limit / 2, 0, limit / 2, limit])
    axes.set_ylim(max(height, _FEWEST_ROWS) - 0.4, -0.6)  # the most favourable on top
    names = [channel_name(row.channel, _LONGEST_NAME) for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=size)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    axes.set_xlabel("← against      net stance      in favor →", fontsize=11)


def _draw_net(axes: Axes, place: int, net: Net, *, size: int, hollow: bool) -> None:
    color = MIDDLE if not net.excludes_zero else FAVOR if net.value > 0 else AGAINST
    axes.hlines(place, net.low, net.high, color=color, linewidth=size / 4)
    inside = "white" if hollow else color
    axes.plot(net.value, place, "o", color=color, markersize=size / 1.5, markerfacecolor=inside)


def _write_figures(axes: Axes, place: int, row: Estimate, size: int) -> None:
    net = signed(row.shown.value) if row.shown else ""
    axes.annotate(
        f"{net}  n = {row.labelled:,}",
        (1.01, place),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=size - 1,
        color=MIDDLE,
    )
