"""Makes a report: computes its figures and writes them in every format that is asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ConfigError
from reports.formats.kinds import Format, require, require_installed
from tgstance.evaluation.files import require_writable

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from reports.annotation.agreement import Agreement
    from reports.gates.limits import Gates
    from reports.gates.verdict import Verdict
    from reports.page.facts import Event, PageFacts
    from reports.plots.writing import Plot
    from reports.selection import Selection

__all__ = ["Outcome", "Output", "make_report", "require_possible"]


@dataclass(frozen=True, slots=True)
class Output:
    """Where a report goes, in which form, and what its pictures mark and its page says."""

    directory: Path
    formats: Collection[Format]
    posts: bool
    excel: bool
    plots: Path | None
    events: "Collection[Event]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report that has been written: the rows of `stance.csv`, the names of the files.

    `gates` is what the quality gates have found.
    """

    figures: "pd.DataFrame"
    files: list[str]
    plots: "Sequence[Plot]"
    gates: "Sequence[Verdict]" = ()

    @property
    def failed_gates(self) -> "Sequence[Verdict]":
        """Which of the quality gates have not been passed."""
        from reports.gates.verdict import failing

        return failing(self.gates)


def require_possible(output: Output) -> None:
    """Raise ConfigError for what cannot be written here, before anything is computed."""
    if output.excel and Format.CSV not in output.formats:
        raise ConfigError("--excel is about CSV files: add csv to --format")
    require(output.formats)
    if output.plots:
        require_installed("matplotlib", "plots", "--plots")
        require_writable("--plots", output.plots)


def make_report(
    connection: "Connection",
    selection: "Selection",
    output: Output,
    *,
    model_errors: str | None,
    gates: "Gates | None" = None,
) -> Outcome:
    """Write the report and its plots: all of them, or none, whatever its quality gates find.

    Raises OutputError when that fails; earlier files are then left as they were.
    """
    from reports.contract import GATES, POSTS, SENTIMENT, STANCE
    from reports.evidence import evidence
    from reports.figures import sentiment_figures, stance_figures
    from reports.files import writing
    from reports.gates.judging import judge
    from reports.gates.verdict import in_order, table_rows

    verdicts = in_order(judge(connection, selection, gates, datetime.now(UTC))) if gates else []
    stance = stance_figures(connection, selection)
    sentiment = sentiment_figures(connection, selection)
    plots: Sequence[Plot] = ()
    with writing(output.directory, formats=output.formats, excel=output.excel) as writer:
        writer.write_frame(STANCE, stance)
        writer.write_frame(SENTIMENT, sentiment)
        if output.posts:
            writer.write(POSTS, evidence(connection, selection))
        if gates:
            writer.write(GATES, table_rows(verdicts, selection.run_id))
        if Format.HTML in output.formats:
            from reports.page.rendering import page

            facts = _facts(connection, selection, output, model_errors, verdicts)
            writer.write_page(page(connection, selection, stance, sentiment, facts))
        if output.plots:
            from reports.plots.writing import write_plots

            writer.require_free()  # before the plots take their place
            given = (stance, sentiment)
            plots = write_plots(output.plots, connection, selection, given, list(output.events))
    return Outcome(stance, writer.names, plots, verdicts)


def _facts(
    connection: "Connection",
    selection: "Selection",
    output: Output,
    model_errors: str | None,
    gates: "Sequence[Verdict]",
) -> "PageFacts":
    from reports.annotation.agreement import agreement_summary
    from reports.page.facts import PageFacts
    from tgstance.runs import versions

    agreement = agreement_summary(connection)
    return PageFacts(
        created=datetime.now(UTC),
        run_id=selection.run_id,
        versions=versions(),
        events=tuple(output.events),
        agreement=_agreement_sentence(agreement) if agreement else None,
        model_errors=model_errors,
        gates=gates,
    )


def _agreement_sentence(found: "Agreement") -> str:
    """Say how well the coders agreed; `found` has at least one item that two of them labelled."""
    sentence = (
        f"Of the texts labelled by hand, {found.items:,} were labelled by two or more of "
        f"{found.coders} coders, who gave the same label in {found.percent:.0f} % of pairs"
    )
    if found.alpha is None:
        return f"{sentence}."
    around = ""
    if found.interval:
        around = f", 95 % interval {found.interval.low:.2f} to {found.interval.high:.2f}"
    return f"{sentence} (Krippendorff's alpha {found.alpha:.2f}{around})."
