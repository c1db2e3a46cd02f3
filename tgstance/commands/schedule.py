"""tgstance schedule: files that make a scheduler run the job."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import ConfigError, OutputError
from tgstance.moments import parse_duration
from tgstance.schedule.timing import Timing, parse_clock, parse_interval
from tgstance.session import Session
from tgstance.time_option import TimeOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgstance.schedule.installation import Logging
    from tgstance.schedule.rendering import File

__all__ = ["schedule"]

_SCHEDULERS = ("systemd", "cron", "airflow")
_HOURLY_MIN = 60
_DAILY_MIN = 24 * 60
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)


def _checked_name(_context: click.Context, _option: click.Parameter, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.BadParameter("letters, digits, - and _ only, up to 64, a letter first")
    return name


@click.command(short_help="Files for systemd, cron or Airflow that run the job.")
@click.argument("scheduler", type=click.Choice(_SCHEDULERS))
@click.option(
    "--every",
    type=TimeOption("interval", lambda text: parse_interval(parse_duration(text))),
    help="How far apart runs are, from 1m to 1d (1h if nothing is said).",
)
@click.option(
    "--at",
    type=TimeOption("clock", parse_clock),
    help="Run once a day at this time: the machine's own, in Airflow UTC.",
)
@click.option(
    "--deadline",
    type=TimeOption("duration", parse_duration),
    help="What `tgstance run --deadline` is given (50m).",
)
@click.option(
    "--name",
    default="tgstance",
    show_default=True,
    callback=_checked_name,
    help="What it is called.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the files into this directory instead of printing them.",
)
@click.option("--force", is_flag=True, help="Replace files that are already there.")
@click.pass_context
def schedule(  # noqa: PLR0913 (one for each option)
    context: click.Context,
    /,
    *,
    scheduler: str,
    every: int | None,
    at: int | None,
    deadline: timedelta | None,
    name: str,
    out: Path | None,
    force: bool,
) -> None:
    """Print files that make a scheduler call `tgstance run` with this installation.

    They hold the paths of this command, of its configuration and of what it writes, its user, and
    the options --archive, --log-file and --log-format given before `schedule`. No secret is in
    them: they say which environment variables go into a file of their own. Each begins with where
    it goes. To install from a virtual environment, call that environment's tgstance.

    \b
    Example:
      tgstance schedule systemd --every 1h --deadline 50m --out units
      tgstance --log-file /var/log/tgstance/run.log schedule cron --at 06:00
      tgstance schedule airflow --every 6h > ~/airflow/dags/tgstance_dag.py
    """
    from tgstance.schedule.installation import this_installation
    from tgstance.schedule.rendering import Scheduler, render

    timing = _timing(every, at, deadline)
    installation = this_installation(context.ensure_object(Session), _logging(context))
    files = render(Scheduler(scheduler), name, installation, timing)
    if out is None:
        click.echo("\n".join(file.text for file in files), nl=False)
    else:
        _write(files, out, force=force)


def _timing(every: int | None, at: int | None, deadline: timedelta | None) -> Timing:
    if every is not None and at is not None:
        raise click.UsageError("--every and --at do not go together: give one of them")
    if deadline is not None and deadline.total_seconds() < 1:
        raise click.UsageError("--deadline has to leave some time: write 50m")
    if at is not None:
        return Timing(_DAILY_MIN, at, deadline)
    return Timing(every or _HOURLY_MIN, 0, deadline)


def _logging(context: click.Context) -> "Logging":
    """Return what was said of logs before the command's name."""
    from tgstance.schedule.installation import Logging

    given = context.find_root().params
    return Logging(given.get("log_file"), given.get("log_format") == "json")


def _write(files: "Sequence[File]", directory: Path, *, force: bool) -> None:
    there = [str(directory / file.name) for file in files if (directory / file.name).exists()]
    if there and not force:
        raise ConfigError(f"{', '.join(there)}: already there; --force replaces, --name renames")
    for file in files:
        path = directory / file.name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
        click.echo(f"Wrote {path}: its first line says where it goes.")
