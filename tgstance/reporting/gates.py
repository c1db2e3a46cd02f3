"""What the command says of quality gates: which have failed, and what they could not be put to."""

from typing import TYPE_CHECKING

from collector.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from reports.gates.limits import Gates
    from reports.gates.verdict import Verdict
    from reports.selection import Selection
    from tgstance.runs import Run

__all__ = ["EXIT_GATE", "note_failing", "require_passed", "warn_of_unknown"]

EXIT_GATE = GateError.exit_code

_NAMED = 5


def note_failing(run: "Run", failing: "Sequence[Verdict]") -> None:
    """Say what has failed, in a line each, and record it with the run."""
    from tgstance.logs import log

    for verdict in failing:
        log.warning("quality gate failed: %s", verdict.line)
    if failing:
        run.exit_code = EXIT_GATE
        run.summary["failed_gates"] = [verdict.name for verdict in failing]


def require_passed(verdicts: "Sequence[Verdict]") -> None:
    """Raise GateError, which names some, where quality gates have failed."""
    from reports.gates.verdict import failing

    names = [verdict.name for verdict in failing(verdicts)]
    if names:
        more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise GateError(
            f"{len(names)} of {len(verdicts)} quality gates failed: "
            f"{'; '.join(names[:_NAMED])}{more}"
        )


def warn_of_unknown(connection: "Connection", selection: "Selection", gates: "Gates") -> None:
    """Say which channels with gates of their own are not in the archive."""
    from reports.gates.channels import unknown_names
    from tgstance.logs import log

    for name in unknown_names(connection, selection, gates):
        log.warning("[[gates.channel]]: no channel %r in the archive", name)
