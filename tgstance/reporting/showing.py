"""What `tgstance report` shows: the figures, what is left out of them, where the files are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tgstance.model_errors import UNCORRECTED

if TYPE_CHECKING:
    import pandas as pd

    from reports.selection import Selection
    from tgstance.reporting.making import Outcome

__all__ = ["show_figures", "show_files"]

_SHOWN_ROWS = 60
_COLUMNS = (
    "from",
    "channel",
    "target",
    "posts",
    "favor / neutral / against",
    "abstained",
    "net",
    "95 %",
)
_CORRECTED_COLUMNS = ("corrected", "95 % of corrected")


def show_figures(
    figures: "pd.DataFrame", selection: "Selection", model_errors: str | None, *, table: str
) -> None:
    """Print the rows of a report that have figures; `table` is the file that has all of them."""
    from tgstance.terminal import show_table

    shown = figures[~figures["suppressed"]]
    corrected = bool(shown["net_stance_corrected"].notna().any())
    rows = [_row(row, corrected=corrected) for row in shown.head(_SHOWN_ROWS).itertuples()]
    if rows:
        columns = (*_COLUMNS, *(_CORRECTED_COLUMNS if corrected else ()))
        show_table(f"Stance by {selection.period}", columns, rows)
    if len(shown) > len(rows):
        click.echo(f"and {len(shown) - len(rows)} more rows in {table}")
    if len(figures) > len(shown):
        click.echo(
            f"{len(figures) - len(shown)} rows have fewer than {selection.minimum} labelled posts: "
            f"their counts are in {table}, their figures are left empty."
        )
    if rows and not corrected:
        click.echo(" ".join(filter(None, (UNCORRECTED, model_errors))))
    if figures.empty:
        click.echo(f"no posts in that time, or no targets: {table} holds no row")


def show_files(outcome: "Outcome", directory: Path, plots: Path | None) -> None:
    """Say which files have been written, and where."""
    click.echo(f"Wrote {', '.join(outcome.files)} and datapackage.json to {directory}")
    if plots:
        click.echo(
            f"Wrote {len(outcome.plots)} plots, each as PNG and SVG, to {plots}; "
            "what has no figure has no plot"
        )


def _row(row: Any, *, corrected: bool) -> tuple[object, ...]:  # noqa: ANN401 (a row of stance.csv)
    from tgstance.terminal import number

    cells = (
        f"{row.period_start:%Y-%m-%d}",
        row.title.strip() or row.channel or row.channel_id,
        row.target,
        row.n_relevant,
        f"{row.n_favor} / {row.n_neutral} / {row.n_against}",
        row.n_abstained,
        number(row.net_stance),
        _interval(row.net_stance_lo, row.net_stance_hi),
    )
    if not corrected:
        return cells
    interval = _interval(row.net_stance_corrected_lo, row.net_stance_corrected_hi)
    return (*cells, number(row.net_stance_corrected), interval)


def _interval(low: float, high: float) -> str:
    from tgstance.terminal import number

    return "" if low != low else f"{number(low)} .. {number(high)}"  # noqa: PLR0124 (NaN)
