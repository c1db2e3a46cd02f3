"""tgstance report: writes the CSV files and shows the result."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ConfigError
from tgstance.session import Session

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from models.model_name import ModelName
    from reports.selection import ScoredBy, Selection

__all__ = ["ReportOptions", "report", "run_report"]

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


class _Names(click.types.StringParamType):
    """Names that may hold spaces: several of them in the environment are parted by semicolons."""

    envvar_list_splitter = ";"


_NAMES = _Names()


class _Day(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date like 2025-11-05", parameter, context)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report is to hold; what is not given comes from the configuration."""

    period: str | None = None
    since: date | None = None
    until: date | None = None
    target: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    out: Path | None = None
    posts: bool = False
    excel: bool = False


@click.command(short_help="Write stance.csv, sentiment.csv and datapackage.json.")
@click.option("--period", type=click.Choice(["day", "week", "month", "all"]), help="Sum over this.")
@click.option("--since", type=_Day(), help="First day, UTC.")
@click.option("--until", type=_Day(), help="The day after the last, UTC.")
@click.option("--target", multiple=True, type=_NAMES, help="Only this target; may be repeated.")
@click.option(
    "--channel", multiple=True, type=_NAMES, help="Only this channel (name, id or title)."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write to directory.")
@click.option("--posts", is_flag=True, help="Write posts.csv too: every relevant post, its label.")
@click.option("--excel", is_flag=True, help="For Excel: BOM, and no cell that runs as a formula.")
@click.pass_obj
def report(session: Session, /, **options: Any) -> None:  # noqa: ANN401 (click has checked them)
    """Sum the scores per channel, target and period, and write them as CSV files.

    \b
    Example:
      tgstance report --period month --since 2025-09-01 --target Трамп --posts
    """
    run_report(session, ReportOptions(**options))


def run_report(session: Session, options: ReportOptions) -> None:
    """Write a report as one recorded run and show its figures."""
    if options.since and options.until and options.since >= options.until:
        raise ConfigError(
            f"--since {options.since} is not before --until {options.until}, which is exclusive"
        )
    session.config.select_targets(options.target)
    directory = options.out or session.config.report_directory
    with session.run("report", alone=False) as (archive, run):
        selection = _selection(session, options, run.id)
        with archive.connect() as connection:
            _check_channels(connection, selection)
            _warn_of_unscored(connection, selection)
            figures = _write(connection, selection, directory, options)
        run.summary.update(directory=str(directory.resolve()), rows=len(figures))
    _show(figures, selection, directory, options)


def _selection(session: Session, options: ReportOptions, run_id: str) -> "Selection":
    from reports.selection import Period, Selection

    config = session.config
    return Selection(
        period=Period(options.period) if options.period else config.period,
        targets=config.select_targets(options.target),
        stance=_scored_by(config.stance_model),
        sentiment=_scored_by(config.sentiment_model),
        since=options.since,
        until=options.until,
        channels=options.channel,
        abstain_below=config.abstain_below,
        minimum=config.minimum,
        run_id=run_id,
    )


def _scored_by(name: "ModelName") -> "ScoredBy":
    from reports.selection import ScoredBy

    return ScoredBy(name.text, name.fingerprint)


def _check_channels(connection: "Connection", selection: "Selection") -> None:
    _, unknown = selection.channel_ids(connection)
    if unknown:
        raise ConfigError(
            f"no channel {unknown[0]!r} in the archive (see `tgstance status` for those there are)"
        )


def _warn_of_unscored(connection: "Connection", selection: "Selection") -> None:
    from models.pending import count_unread, count_unscored
    from tgstance.terminal import log

    unread = count_unread(connection)
    if unread:
        log.warning("%s posts are new: run `tgstance score` first", unread)
    waiting = count_unscored(connection, "stance", selection.stance.fingerprint, selection.targets)
    waiting += count_unscored(connection, "sentiment", selection.sentiment.fingerprint, ())
    if waiting:
        log.warning("%s scores are missing: run `tgstance score` first", waiting)


def _write(
    connection: "Connection", selection: "Selection", directory: Path, options: ReportOptions
) -> "pd.DataFrame":
    from reports.contract import POSTS, SENTIMENT, STANCE
    from reports.evidence import evidence
    from reports.figures import sentiment_figures, stance_figures
    from reports.files import writing

    figures = stance_figures(connection, selection)
    with writing(directory, excel=options.excel) as writer:
        writer.write_frame(STANCE, figures)
        writer.write_frame(SENTIMENT, sentiment_figures(connection, selection))
        if options.posts:
            writer.write(POSTS, evidence(connection, selection))
    return figures


def _show(
    figures: "pd.DataFrame", selection: "Selection", directory: Path, options: ReportOptions
) -> None:
    from tgstance.terminal import show_table

    shown = figures[~figures["suppressed"]]
    rows = [_shown_row(row) for row in shown.head(_SHOWN_ROWS).itertuples()]
    if rows:
        show_table(f"Stance by {selection.period}", _COLUMNS, rows)
    if len(shown) > len(rows):
        click.echo(f"and {len(shown) - len(rows)} more rows in stance.csv")
    if len(figures) > len(shown):
        click.echo(
            f"{len(figures) - len(shown)} rows have fewer than {selection.minimum} labelled posts: "
            "their counts are in stance.csv, their figures are left empty."
        )
    if figures.empty:
        click.echo("no posts in that time, or no targets: stance.csv holds no row")
    evidence = ", posts.csv" if options.posts else ""
    click.echo(f"Wrote stance.csv, sentiment.csv{evidence} and datapackage.json to {directory}")


def _shown_row(row: Any) -> tuple[object, ...]:  # noqa: ANN401 (a row of stance.csv)
    from tgstance.terminal import number

    return (
        f"{row.period_start:%Y-%m-%d}",
        row.title or row.channel or row.channel_id,
        row.target,
        row.n_relevant,
        f"{row.n_favor} / {row.n_neutral} / {row.n_against}",
        row.n_abstained,
        number(row.net_stance),
        f"{number(row.net_stance_lo)} .. {number(row.net_stance_hi)}",
    )
