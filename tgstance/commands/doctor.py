"""tgstance doctor: whether this installation works, and what mends it where it does not."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from tgstance.harmless import escaped_json
from tgstance.moments import parse_duration
from tgstance.session import Session
from tgstance.time_option import TimeOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgstance.doctor.finding import Finding

__all__ = ["doctor"]

_EXIT_WRONG = 5
_COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red", "skipped": "bright_black"}


@click.command(short_help="Check this installation; say what is wrong and what mends it.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--quick", is_flag=True, help="Do not load the models.")
@click.option("--thorough", is_flag=True, help="Compare the archive's indexes with its tables.")
@click.option(
    "--stale",
    type=TimeOption("duration", parse_duration),
    default="2d",
    show_default=True,
    help="How long ago a stage or channel may have gone well last.",
)
@click.pass_obj
def doctor(
    session: Session, /, *, as_json: bool, quick: bool, thorough: bool, stale: timedelta
) -> None:
    """Check configuration, session, models, archive, channels, runs and reports, a line each.

    Nothing is changed, and Telegram is not asked. What is wrong makes the exit code 5, a warning
    does not; for both the line ends with what mends it. With -q (tgstance -q doctor) only these are
    printed.

    \b
    Example:
      tgstance doctor
      tgstance -q doctor --quick --stale 12h
      tgstance doctor --json
    """
    from tgstance.doctor.case import Case
    from tgstance.doctor.examining import examine

    findings = examine(Case(session, stale, quick=quick, thorough=thorough))
    if as_json:
        rows = [finding.as_json() for finding in findings]
        click.echo(escaped_json(json.dumps(rows, ensure_ascii=False, indent=2)))
    else:
        _show(findings, quiet=session.quiet)
    if any(finding.state == "wrong" for finding in findings):
        raise click.exceptions.Exit(_EXIT_WRONG)


def _show(findings: "Sequence[Finding]", *, quiet: bool) -> None:
    shown = [one for one in findings if not quiet or one.state in ("warning", "wrong")]
    for one in shown:
        click.echo(_line(one))
    if shown:
        counts = [(state, sum(one.state == state for one in findings)) for state in _COLOURS]
        told = ", ".join(f"{count} {state}" for state, count in counts if count)
        click.echo(f"{len(findings)} checks: {told}")


def _line(finding: "Finding") -> str:
    from tgstance.harmless import harmless

    state = click.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    fix = f" -> {finding.fix}" if finding.fix else ""
    return f"{state} {finding.check:<23} {harmless(finding.found + fix)}"
