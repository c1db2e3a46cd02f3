"""Channels by targets: the net stance as a colour and a number."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, rgb_to_hsv
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.page.estimates import Estimate, nice_limit
from reports.page.ranking import HeatRow
from reports.plots.canvas import AGAINST, FAVOR, INK, channel_name, drawable, slide
from reports.plots.wording import correction_note, left_out_note, signed, span, total

__all__ = ["MOST_CHANNELS", "MOST_TARGETS", "draw_heat_map"]

MOST_CHANNELS = 60
MOST_TARGETS = 10
_ROWS_IN_PANEL = 30
_LONGEST_NAME, _LONGEST_TARGET = 28, 24
_DARK = 0.8  # saturation from which white letters are read better than dark ones
_UPRIGHT = 110  # characters of targets that fit side by side over the width of a picture

_COLORS = LinearSegmentedColormap.from_list("stance", [AGAINST, "#ffffff", FAVOR])


def draw_heat_map(rows: Sequence[HeatRow], targets: Sequence[str]) -> Figure:
    """Draw rows, whose cells are in the order of the targets, at most MOST_TARGETS.

    At least one cell has a figure; channels without any are left out.
    """
    with_figures = [row for row in rows if any(cell.shown for cell in row.cells)]
    busiest = sorted(with_figures, key=lambda row: -sum(cell.labelled for cell in row.cells))
    kept = [row for row in with_figures if row in busiest[:MOST_CHANNELS]]
    cells = [cell for row in kept for cell in row.cells if cell.shown]
    scale = ScalarMappable(_norm(cells), _COLORS)
    figure = slide(
        "Stance of channels toward targets",
        f"Net stance of {len(kept)} channels toward {len(targets)} targets, "
        f"{span(cells)}, {total(cells)}",
        _notes(len(rows) - len(with_figures), len(with_figures) - len(kept), len(kept), cells),
    )
    count = -(-len(kept) // _ROWS_IN_PANEL)
    height = -(-len(kept) // count)
    panels = figure.subplots(1, count, squeeze=False)[0]
    for index, axes in enumerate(panels):
        _draw_panel(axes, kept[index * height : (index + 1) * height], targets, scale, count)
    bar = figure.colorbar(scale, ax=list(panels), shrink=0.7, pad=0.015, aspect=30)
    bar.set_label("← against    net stance    in favor →")
    return figure


def _notes(suppressed: int, beyond: int, shown: int, cells: Sequence[Estimate]) -> list[str]:
    notes = [left_out_note(suppressed, beyond, shown), correction_note(cells)]
    return [*filter(None, notes), "Hatched: too few labelled posts for a figure."]


def _norm(cells: Sequence[Estimate]) -> Normalize:
    limit = nice_limit([cell.shown for cell in cells if cell.shown], whiskers=False)
    return Normalize(-limit, limit)


def _draw_panel(
    axes: Axes, rows: Sequence[HeatRow], targets: Sequence[str], scale: ScalarMappable, panels: int
) -> None:
    for place, row in enumerate(rows):
        for column, cell in enumerate(row.cells):
            _draw_cell(axes, (column, place), cell, scale)
    small = panels > 1 or len(rows) > _ROWS_IN_PANEL // 2
    for text in axes.texts:
        text.set_fontsize(6.5 if small else 11)
    axes.set(xlim=(0, len(targets)), ylim=(len(rows), 0))
    names = [channel_name(row.channel, _LONGEST_NAME) for row in rows]
    axes.set_yticks(np.arange(len(rows)) + 0.5, names, fontsize=8 if small else 11)
    heads = [drawable(target, _LONGEST_TARGET) for target in targets]
    axes.set_xticks(np.arange(len(targets)) + 0.5, heads, fontsize=10)
    axes.xaxis.tick_top()
    if max(map(len, heads)) * len(heads) > _UPRIGHT // panels:
        for label in axes.get_xticklabels():
            label.set(rotation=35, ha="left", rotation_mode="anchor")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_cell(axes: Axes, corner: tuple[int, int], cell: Estimate, scale: ScalarMappable) -> None:
    column, row = corner
    if cell.shown is None:
        axes.add_patch(
            Rectangle(corner, 1, 1, facecolor="#f4f4f4", edgecolor="white", hatch="////")
        )
        return
    value = cell.shown.value
    color = tuple(scale.to_rgba(np.array([value]))[0])
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=color, edgecolor="white"))
    dark = rgb_to_hsv(color[:3])[1] > _DARK
    axes.text(
        column + 0.5,
        row + 0.5,
        signed(value),
        ha="center",
        va="center",
        color="white" if dark else INK,
    )
