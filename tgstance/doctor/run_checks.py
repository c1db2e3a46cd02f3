"""Checks of when what ran, and of the clock that tells it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy import case as case_

from collector.errors import GateError
from tgstance.doctor.case import Case, since
from tgstance.doctor.finding import Verdict, ok, warning, wrong
from tgstance.doctor.lock_check import holders
from tgstance.runs import EXIT_PARTIAL, runs

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["COMMANDS", "check_clock", "check_clock_alone", "last_run_check"]

STAGES = ("collect", "score", "report")
COMMANDS = (*STAGES, "run")

_WELL = (0, EXIT_PARTIAL, GateError.exit_code)  # the work was done
_SKEW = timedelta(minutes=1)  # between the clocks of hosts that share an archive
_FIRST_YEAR = 2025  # tgstance is not older
_SET_CLOCK = "set the clock: timedatectl set-ntp true"
_LOCKLESS_PATIENCE = timedelta(hours=1)


def check_clock_alone(case: Case) -> Verdict:
    """Tell whether the clock can be right, where there is no archive to compare it with."""
    found = f"{case.now:%Y-%m-%d %H:%M:%S} UTC"
    return wrong(found, _SET_CLOCK) if case.now.year < _FIRST_YEAR else ok(found)


def check_clock(case: Case, archive: "Archive") -> Verdict:
    """Compare the clock with the newest times that runs and posts were written down with."""
    from collector.tables import posts

    with archive.connect() as connection:
        newest = {
            "run": connection.scalar(select(func.max(runs.c.started_at))),
            "post": connection.scalar(
                select(posts.c.first_seen).order_by(posts.c.id.desc()).limit(1)
            ),
        }
    for what, moment in newest.items():
        if moment and moment > case.now + _SKEW:
            found = f"it is {case.now:%Y-%m-%d %H:%M} UTC here, and the newest {what} in the "
            return wrong(f"{found}archive is of {moment:%Y-%m-%d %H:%M} UTC", _SET_CLOCK)
    return check_clock_alone(case)


def last_run_check(command: str) -> Callable[[Case, "Archive"], Verdict]:
    """Return the check of how the last run of a command ended, and when one went well last."""

    def check(case: Case, archive: "Archive") -> Verdict:
        query = select(runs).where(runs.c.command == command).order_by(runs.c.started_at.desc())
        with archive.connect() as connection:
            last = connection.execute(query.limit(1)).first()
            times = _times(connection)
        if last is None:
            return ok("there was none")
        first, success = times[command]
        stages = [times.get(stage, (None, None))[1] for stage in STAGES]
        if command == "run" and (whole := [moment for moment in stages if moment]) and all(stages):
            success = max(min(whole), success or min(whole))  # somebody calls them by themselves
        return _judge(case, archive, last, _Successes(first, success))

    return check


@dataclass(frozen=True, slots=True)
class _Successes:
    """When a command was run first, and when it went well last."""

    first: datetime
    last: datetime | None

    def are_stale(self, case: Case) -> bool:
        """Tell whether it has not gone well for too long."""
        return (self.last or self.first) < case.now - case.stale

    def told(self, case: Case) -> str:
        """Return when that was."""
        return f"the last that went well: {since(self.last, case.now) if self.last else 'none'}"


def _times(connection: Connection) -> dict[str, tuple[datetime, datetime | None]]:
    """Return, by command, when it was run first, and when it went well last, if ever."""
    well = case_(((runs.c.exit_code.in_(_WELL)), runs.c.started_at))
    query = select(runs.c.command, func.min(runs.c.started_at), func.max(well))
    return {row[0]: (row[1], row[2]) for row in connection.execute(query.group_by(runs.c.command))}


def _judge(case: Case, archive: "Archive", last: Row[Any], successes: _Successes) -> Verdict:
    again = f"tgstance {last.command}"
    told = f"{last.started_at:%Y-%m-%d %H:%M} UTC, {_ending(case, archive, last)}"
    if error := last.summary.get("error"):
        told += f" ({error})"
    if successes.are_stale(case):
        return wrong(f"{told}; {successes.told(case)}", again)
    if last.exit_code == 0 or _is_at_work(case, archive, last):
        return ok(told)
    return warning(told, again)


def _ending(case: Case, archive: "Archive", run: Row[Any]) -> str:
    if run.exit_code is not None:
        return f"exit code {run.exit_code}"
    return "is at work" if _is_at_work(case, archive, run) else "did not end: it was killed"


def _is_at_work(case: Case, archive: "Archive", run: Row[Any]) -> bool:
    """Tell whether a run without end can be at work: it holds the lock, or needs none."""
    if run.exit_code is not None:
        return False
    needs_none = run.command == "report" and "part_of" not in run.summary
    if needs_none and case.now - run.started_at < _LOCKLESS_PATIENCE:
        return True
    return any(one.may_be_at(run.command, run.started_at) for one in holders(case, archive))
