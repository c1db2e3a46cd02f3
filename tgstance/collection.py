"""Runs the collecting of channels from their sources, as one recorded run, and tells of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from tgstance.session import Session
from tgstance.sources import Source, hold_preview

if TYPE_CHECKING:
    from collector.collecting import Outcome
    from collector.limits import Limits
    from collector.naming import ChannelName
    from collector.planning import Wish
    from tgstance.runs import Run

__all__ = ["run_collect"]

_COMMAND = "tgstance collect"

_Way = tuple[Callable[..., None], Any]  # what collects from a source, and who or what it asks


def run_collect(
    session: Session,
    wanted: "Mapping[Source, Sequence[ChannelName]]",
    wish: "Wish",
    limits: "Mapping[Source, Limits]",
) -> None:
    """Bring channels up to date from the source of each; `limits` are by source.

    What stops one source does not stop the other, and is raised at the end.
    """
    from collector.errors import ArchiveError, TgstanceError
    from tgstance.terminal import progress

    with ExitStack() as held:
        ways = {source: held.enter_context(_way(session, source)) for source in wanted}
        archive, run = held.enter_context(session.run("collect", alone=True))
        total = sum(map(len, wanted.values()))
        advance = held.enter_context(progress("collect", total, quiet=session.quiet))
        report = _Report(run, advance, alone=total == 1)
        stopped: list[TgstanceError] = []
        for source, names in wanted.items():
            collect, asked = ways[source]
            try:
                collect(archive, asked, names, wish, limits=limits[source], on_outcome=report.add)
            except ArchiveError:
                raise
            except TgstanceError as error:
                stopped.append(error)
        if stopped:
            raise stopped[0]
        report.finish()
    if run.exit_code:
        raise click.exceptions.Exit(run.exit_code)


@contextmanager
def _way(session: Session, source: Source) -> Iterator[_Way]:
    """Hold what only one run may use at a time: the session, or the preview's site."""
    if source is Source.PREVIEW:
        from collector.preview.collecting import collect as collect_preview

        with hold_preview(_COMMAND) as preview:
            yield collect_preview, preview
    else:
        from collector.telegram.collecting import collect as collect_telegram
        from tgstance.account import hold_account

        with hold_account(session.config, _COMMAND) as account:
            yield collect_telegram, account


class _Report:
    """Tells what became of each channel: a line at once, the run's summary, the exit code."""

    def __init__(self, run: "Run", advance: Callable[[int], None], *, alone: bool) -> None:
        self._run = run
        self._advance = advance
        self._alone = alone
        run.summary["channels"] = {}

    def add(self, outcome: "Outcome") -> None:
        from collector.collecting import Ending
        from tgstance.harmless import harmless
        from tgstance.logs import log

        done = outcome.progress
        counts = {"new": done.new, "updated": done.updated, "deleted": done.deleted}
        entry = {"ending": outcome.ending.value, "reason": outcome.reason, **counts}
        self._run.summary["channels"][str(outcome.name)] = entry
        line = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        if outcome.ending is Ending.NOT_REACHED and self._alone and not line:
            pass  # the error that ends the run says the same
        elif outcome.ending is Ending.REPEATED:
            log.warning("%s: %s", outcome.name, harmless(outcome.reason))
        elif outcome.ending is Ending.DONE:
            rest = "" if done.complete else "; there is more: run it again"
            log.info("%s: %s%s", outcome.name, line or "nothing new", rest)
        else:
            before = f" ({line} before that)" if line else ""
            reason = harmless(outcome.reason)
            log.error("%s: %s: %s%s", outcome.name, outcome.ending.value, reason, before)
        self._advance(1)

    def finish(self) -> None:
        """Set the exit code; a deferral says more than a failure: the run is worth repeating."""
        from collector.errors import DeferredError
        from tgstance.runs import EXIT_PARTIAL

        endings = {entry["ending"] for entry in self._run.summary["channels"].values()}
        if "deferred" in endings:
            self._run.exit_code = DeferredError.exit_code
        elif "failed" in endings:
            self._run.exit_code = EXIT_PARTIAL
