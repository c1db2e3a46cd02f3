"""Runs the stages of the job in turn: collect, score, report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from collector.errors import (
    ArchiveError,
    DeferredError,
    GateError,
    OutOfTimeError,
    SignInError,
    TgstanceError,
)
from tgstance.runs import EXIT_PARTIAL
from tgstance.session import Session

if TYPE_CHECKING:
    from tgstance.runs import Run

__all__ = ["Job", "Stage", "run_stages"]

# What may go wrong in a stage and leaves the next something to do. Of several, the first here says
# how the run ended: what needs somebody comes before what mends itself.
_GOING_ON = (SignInError.exit_code, GateError.exit_code, DeferredError.exit_code, EXIT_PARTIAL)


class Stage(StrEnum):
    """A part of the job."""

    COLLECT = "collect"
    SCORE = "score"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Job:
    """Which stages are to run, and from when on channels are read (None: as configured)."""

    stages: Sequence[Stage]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a stage ended; `reason` is the line that says why not well."""

    stage: Stage
    exit_code: int = 0
    reason: str = ""
    fatal: bool = False


def run_stages(session: Session, job: Job) -> int:
    """Run the stages as one recorded run under the archive's lock; return the exit code.

    A stage that ends in part, deferred, without a session or with a failing quality gate does not
    keep the later ones from what there is; any other failure does.
    """
    with session.run("run", alone=True) as (_, run):
        ended = list(_each(session, job, run))
        run.exit_code = _exit_code(ended)
        _sum_up(run, ended)
    return run.exit_code


def _each(session: Session, job: Job, run: "Run") -> "Sequence[_Ended]":
    found: list[_Ended] = []
    run.summary["stages"] = {}
    for stage in job.stages:
        ended = _attempt(stage, _work(session, stage, job))
        found.append(ended)
        run.summary["stages"][stage.value] = {
            "exit_code": ended.exit_code,
            "reason": ended.reason,
        }
        if ended.fatal:
            break
    return found


def _work(session: Session, stage: Stage, job: Job) -> Callable[[], None]:
    from tgstance.commands.collect import collect_configured
    from tgstance.commands.report import publish_report
    from tgstance.commands.score import run_score

    works: dict[Stage, Callable[[], Any]] = {
        Stage.COLLECT: lambda: collect_configured(session, job.since),
        Stage.SCORE: lambda: run_score(session),
        Stage.REPORT: lambda: publish_report(session, datetime.now(UTC).date()),
    }

    def work() -> None:
        session.stop.check()
        works[stage]()

    return work


def _attempt(stage: Stage, work: Callable[[], None]) -> _Ended:
    """Run a stage; an interrupt and what is unexpected end the whole run by themselves."""
    from tgstance.logs import log

    try:
        work()
    except click.exceptions.Exit as ended:  # its failures have been told of, each in a line
        return _Ended(stage, ended.exit_code)
    except TgstanceError as error:
        log.error("%s: %s", stage, error)
        lasting = isinstance(error, ArchiveError | OutOfTimeError)
        fatal = lasting or error.exit_code not in _GOING_ON
        return _Ended(stage, error.exit_code, str(error), fatal)
    return _Ended(stage)


def _exit_code(ended: Sequence[_Ended]) -> int:
    codes = {one.exit_code for one in ended if one.exit_code}
    for one in ended:
        if one.fatal:
            return one.exit_code
    return next((code for code in _GOING_ON if code in codes), max(codes, default=0))


def _sum_up(run: "Run", ended: Sequence[_Ended]) -> None:
    from tgstance.logs import log

    parts = [
        f"{one.stage} {'done' if not one.exit_code else f'exit code {one.exit_code}'}"
        for one in ended
    ]
    say = log.warning if run.exit_code else log.info
    say("run %s: %s; exit code %s", run.id, ", ".join(parts), run.exit_code)
