"""tgstance run: the whole job in turn, for schedulers."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from tgstance.moments import parse_duration
from tgstance.session import Session
from tgstance.time_option import TimeOption, parse_since

if TYPE_CHECKING:
    from tgstance.pipeline import Job

__all__ = ["run"]

_STAGES = ("collect", "score", "report")


@click.command(short_help="Collect, score and report in turn: what a scheduler calls.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    type=click.Choice(_STAGES),
    help="Only this stage; may be repeated.",
)
@click.option(
    "--since",
    type=TimeOption("moment", parse_since),
    help="Read channels from this date, from so long ago (30d), or all.",
)
@click.option(
    "--deadline",
    type=TimeOption("duration", parse_duration),
    help="After so long (50m) stop at the next safe point with exit code 75.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and touch nothing.")
@click.pass_obj
def run(
    session: Session,
    /,
    *,
    stages: tuple[str, ...],
    since: datetime | None,
    deadline: timedelta | None,
    dry_run: bool,
) -> None:
    """Bring the channels up to date, label what is new, and publish a report.

    Reports go to a directory named after the day (UTC) beside the earlier ones, and the link
    `latest` then points at the newest complete one. When channels cannot be read now (a flood wait,
    no session), what there is gets scored and reported nevertheless, and the exit code says what
    was missing: 4 before 5 before 75 before 3. Another failure ends the run.

    \b
    Example:
      tgstance run --deadline 50m
      tgstance run --dry-run
      tgstance run --stage score --stage report
    """
    job = _job(stages, since)
    if dry_run:
        from tgstance.dry_run import tell

        tell(session, job)
        return
    from tgstance.pipeline import run_stages

    if deadline is not None:
        session.allow(deadline)
    if code := run_stages(session, job):
        raise click.exceptions.Exit(code)


def _job(stages: tuple[str, ...], since: datetime | None) -> "Job":
    from tgstance.pipeline import Job, Stage

    return Job([stage for stage in Stage if stage.value in (stages or _STAGES)], since)
