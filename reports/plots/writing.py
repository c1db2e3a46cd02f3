"""Draws all pictures of a report into a directory, all of them or none."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from sqlalchemy import Connection

from models.labels import SENTIMENT, STANCE
from reports.figures import sentiment_figures, stance_figures
from reports.page.estimates import Estimate, estimates
from reports.page.facts import Event
from reports.page.ranking import HeatRow, heat_map, rankings
from reports.plots.canvas import save, style
from reports.plots.heat_map import MOST_TARGETS, draw_heat_map
from reports.plots.lines import draw_lines
from reports.plots.naming import file_stem
from reports.plots.ranking import draw_ranking
from reports.replacing import replacing
from reports.selection import Period, Selection

__all__ = ["INDEX", "Plot", "write_plots"]

INDEX = "plots.json"
_SUFFIXES = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture: `name`.png and `name`.svg; `target` is empty where it is about all or none."""

    name: str
    kind: str
    target: str


def write_plots(
    directory: Path,
    connection: Connection,
    selection: Selection,
    given: tuple[pd.DataFrame, pd.DataFrame],
    events: Sequence[Event],
) -> list[Plot]:
    """Draw the pictures of a report as PNG and SVG, and `plots.json`, which lists them.

    `given` are the rows of `stance.csv` and `sentiment.csv`. What has no figure has no picture.
    Pictures of an earlier call that are not drawn anew are removed. Raises OutputError where the
    files cannot be written; what stood in `directory` before is then as it was.
    """
    drawn: list[Plot] = []
    with replacing(directory, "plots", _earlier) as scratch, style():
        for plot, figure in _plots(connection, selection, given, events):
            save(figure, scratch / plot.name)
            drawn.append(plot)
        index = json.dumps([asdict(plot) for plot in drawn], ensure_ascii=False, indent=2)
        (scratch / INDEX).write_text(f"{index}\n", encoding="utf-8", newline="\n")
    return drawn


def _plots(
    connection: Connection,
    selection: Selection,
    given: tuple[pd.DataFrame, pd.DataFrame],
    events: Sequence[Event],
) -> Iterator[tuple[Plot, Figure]]:
    """Yield one picture at a time: each takes some megabytes."""
    targets = [target.name for target in selection.targets]
    taken: set[str] = set()
    whole = _rows(connection, selection, given[0], STANCE, Period.ALL)
    for ranking in rankings(whole, targets):
        if ranking.shown:
            name = file_stem("ranking", ranking.target, taken)
            yield Plot(name, "ranking", ranking.target), draw_ranking(ranking)
    for rows, some in _heat_maps(whole, targets):
        yield Plot(file_stem("heat-map", "", taken), "heat map", ""), draw_heat_map(rows, some)
    weeks = _rows(connection, selection, given[0], STANCE, Period.WEEK)
    for target in targets:
        of_target = [row for row in weeks if row.target == target]
        if any(row.shown for row in of_target):
            name = file_stem("stance-weeks", target, taken)
            figure = draw_lines(f"Stance toward {target}", "net stance", of_target, events)
            yield Plot(name, "weeks", target), figure
    mood = _rows(connection, selection, given[1], SENTIMENT, Period.WEEK)
    if any(row.shown for row in mood):
        figure = draw_lines("Sentiment over time", "net sentiment", mood, events)
        yield Plot(file_stem("sentiment-weeks", "", taken), "sentiment", ""), figure


def _rows(
    connection: Connection, selection: Selection, given: pd.DataFrame, task: str, period: Period
) -> list[Estimate]:
    """Return the figures by `period`: those given, where the report is by that period."""
    if selection.period is period:
        return estimates(given, task)
    figures = stance_figures if task == STANCE else sentiment_figures
    return estimates(figures(connection, replace(selection, period=period)), task)


def _heat_maps(
    whole: Sequence[Estimate], targets: Sequence[str]
) -> Iterator[tuple[list[HeatRow], Sequence[str]]]:
    """Yield maps of as many targets as fit on a picture, without those that have no figure."""
    for start in range(0, len(targets), MOST_TARGETS):
        some = targets[start : start + MOST_TARGETS]
        rows = heat_map([row for row in whole if row.target in some], some)
        if any(cell.shown for row in rows for cell in row.cells):
            yield rows, some


def _earlier(directory: Path) -> set[str]:
    """Return our pictures in `directory`, by its index: a file of the user's is not ours."""
    try:
        index = json.loads((directory / INDEX).read_text(encoding="utf-8"))
        names = [str(plot["name"]) for plot in index]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {f"{name}{suffix}" for name in names for suffix in _SUFFIXES if Path(name).name == name}
