"""tgstance report: writes the figures as tables, page and plots, and shows the result."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tgstance.reporting.options import Formats, ReportOptions
from tgstance.selecting import NAMES, Day, check_channels, check_days
from tgstance.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reports.selection import Selection
    from tgstance.reporting.making import Outcome, Output
    from tgstance.reporting.publishing import Edition

__all__ = ["publish_report", "report", "run_report"]


@click.command(short_help="Write stance and sentiment figures as CSV, Parquet, Excel, HTML, plots.")
@click.option("--period", type=click.Choice(["day", "week", "month", "all"]), help="Sum over this.")
@click.option("--since", type=Day(), help="First day, UTC.")
@click.option("--until", type=Day(), help="The day after the last, UTC.")
@click.option("--target", multiple=True, type=NAMES, help="Only this target; may be repeated.")
@click.option("--channel", multiple=True, type=NAMES, help="Only this channel (name, id or title).")
@click.option(
    "--include",
    type=click.Choice(["own", "all"]),
    help="own: without posts that a channel forwards or mostly quotes.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write to directory.")
@click.option(
    "--format",
    multiple=True,
    type=Formats(),
    help="csv, parquet, xlsx, html: several with commas, or repeated. [default: the configured]",
)
@click.option("--posts", is_flag=True, help="Write the posts too: every relevant one, its label.")
@click.option("--excel", is_flag=True, help="CSV for Excel: BOM, no cell that runs as a formula.")
@click.option(
    "--plots",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw ranking, heat map and lines over weeks as PNG and SVG files there.",
)
@click.pass_obj
def report(session: Session, /, **options: Any) -> None:  # noqa: ANN401 (click has checked them)
    """Sum the scores per channel, target and period; write tables, a page to look at, and plots.

    An Excel sheet holds 1,048,575 rows (more are refused) and 32,767 characters a cell (longer
    texts are cut, and end in "[cut]").

    Where a quality gate of [gates] fails, the report is written all the same, and names it in
    gates.csv and on the page; the exit code is 5.

    \b
    Example:
      tgstance report --period month --since 2025-09-01 --target Трамп --posts
      tgstance report --format csv,html --plots plots
    """
    from tgstance.reporting.gates import require_passed

    require_passed(run_report(session, ReportOptions(**options)).gates)


def run_report(session: Session, options: ReportOptions) -> "Outcome":
    """Write a report as one recorded run, show its figures and return it.

    Which quality gates have failed is said, recorded, and in the answer.
    """
    from tgstance.reporting.publishing import Edition
    from tgstance.reporting.showing import show_figures, show_files

    output = _output(session, options)
    made = _make(session, options, output, nullcontext(Edition(output.directory)))
    show_figures(made.outcome.figures, made.selection, made.errors, table=made.outcome.files[0])
    show_files(made.outcome, output.directory, output.plots)
    return made.outcome


def publish_report(session: Session, day: date) -> None:
    """Write a report into a directory of its own, and let `latest` point at it.

    Raises GateError, when all that is done, where quality gates have failed.
    """
    from tgstance.logs import log
    from tgstance.reporting.gates import require_passed
    from tgstance.reporting.publishing import publishing

    options = ReportOptions(posts=session.config.posts)
    output = _output(session, options)
    made = _make(session, options, output, publishing(output.directory, day))
    log.info("report: %s rows in %s", len(made.outcome.figures), made.directory)
    require_passed(made.outcome.gates)


@dataclass(frozen=True, slots=True)
class _Made:
    outcome: "Outcome"
    selection: "Selection"
    errors: str | None
    directory: Path


def _make(
    session: Session,
    options: ReportOptions,
    output: "Output",
    place: "AbstractContextManager[Edition]",
) -> _Made:
    """Write a report into a place as one recorded run."""
    from tgstance.model_errors import model_errors
    from tgstance.reporting.gates import note_failing, warn_of_unknown
    from tgstance.reporting.making import make_report, require_possible
    from tgstance.reporting.options import report_selection

    check_days(options.since, options.until)
    session.config.select_targets(options.target)
    require_possible(output)
    errors, gates = model_errors(session.config.stance_model), session.config.gates
    with session.run("report", alone=False) as (archive, run):
        selection = report_selection(session.config, options, run.id)
        with archive.connect() as connection, place as edition:
            check_channels(connection, selection)
            _warn_of_unscored(connection, selection)
            if gates:
                warn_of_unknown(connection, selection, gates)
            written = replace(output, directory=edition.draft)
            outcome = make_report(connection, selection, written, model_errors=errors, gates=gates)
        directory = (edition.directory or edition.draft).resolve()
        run.summary.update(directory=str(directory), rows=len(outcome.figures))
        note_failing(run, outcome.failed_gates)
    return _Made(outcome, selection, errors, directory)


def _output(session: Session, options: ReportOptions) -> "Output":
    from tgstance.reporting.making import Output

    config = session.config
    return Output(
        directory=options.out or config.report_directory,
        formats=options.formats(config.formats),
        posts=options.posts,
        excel=options.excel,
        plots=options.plots,
        events=config.events,
    )


def _warn_of_unscored(connection: "Connection", selection: "Selection") -> None:
    from models.pending import count_unread, count_unscored
    from tgstance.logs import log

    unread = count_unread(connection)
    if unread:
        log.warning("%s posts are new: run `tgstance score` first", unread)
    waiting = count_unscored(connection, "stance", selection.stance.fingerprint, selection.targets)
    waiting += count_unscored(connection, "sentiment", selection.sentiment.fingerprint, ())
    if waiting:
        log.warning("%s scores are missing: run `tgstance score` first", waiting)
