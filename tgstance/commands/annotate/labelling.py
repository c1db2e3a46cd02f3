"""tgstance annotate import and adjudicate: take labelled sheets in."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from reports.annotation.storing import StoreResult

__all__ = ["adjudicate", "import_labels"]

_EXIT_PARTIAL = 3
_SHOWN_PROBLEMS = 20

_sheet = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
_coder = click.option("--coder", required=True, metavar="NAME", help="Who gave the labels.")
_codebook = click.option(
    "--codebook",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What the coder followed, if not the configured codebook.",
)


@click.command("import", short_help="Take in a sheet that one coder has labelled.")
@_sheet
@_coder
@_codebook
@click.pass_obj
def import_labels(session: Session, path: Path, *, coder: str, codebook: Path | None) -> None:
    """Take in the labels of one coder from a sheet of `tgstance annotate sample`.

    FILE is CSV (with commas, semicolons or tabs, as spreadsheets save it) or JSON lines. Labels are
    favor, against, neutral, not_mentioned and cannot_tell, or the words for them in the codebook.
    Empty ones are taken as not labelled yet and change nothing. Taking a sheet in again replaces
    the coder's labels. Rows that cannot be used are named and left out; the command then ends with
    exit code 3. Only the columns item and label are needed; with the column text there, rows whose
    text is not the one that was drawn are refused.

    \b
    Example:
      tgstance annotate import gold-anna.csv --coder anna
    """
    _take_in(session, path, coder, codebook, adjudicated=False)


@click.command(short_help="Take in final labels for texts that coders disagree about.")
@_sheet
@_coder
@_codebook
@click.pass_obj
def adjudicate(session: Session, path: Path, *, coder: str, codebook: Path | None) -> None:
    """Take in final labels from a sheet of `tgstance annotate agree --out`.

    A label taken in this way is final, whatever coders said; the last one counts. The sheet is
    read as by `tgstance annotate import`.

    \b
    Example:
      tgstance annotate adjudicate disputed.csv --coder clara
    """
    _take_in(session, path, coder, codebook, adjudicated=True)


def _take_in(
    session: Session, path: Path, coder: str, codebook: Path | None, *, adjudicated: bool
) -> None:
    from reports.annotation.codebook import read_codebook, register
    from reports.annotation.sheet_reading import read_sheet
    from reports.annotation.storing import check_coder, store_labels

    name = check_coder(coder)
    text = read_codebook(codebook or session.config.codebook)
    sheet = read_sheet(path)
    command = "annotate adjudicate" if adjudicated else "annotate import"
    with session.run(command, alone=False) as (archive, run):
        with archive.begin() as connection:
            key = register(connection, text)
            result = store_labels(
                connection, sheet, coder=name, codebook=key, adjudicated=adjudicated
            )
        run.summary.update(coder=name, codebook=key, labels=result.new + result.changed)
        run.exit_code = _EXIT_PARTIAL if result.problems else 0
    _show_problems(path, result)
    _tell(path, name, result)
    if result.problems:
        raise click.exceptions.Exit(_EXIT_PARTIAL)


def _show_problems(path: Path, result: "StoreResult") -> None:
    from tgstance.harmless import harmless
    from tgstance.logs import log

    for problem in result.problems[:_SHOWN_PROBLEMS]:
        log.warning("%s", harmless(f"{path}, row {problem.row}: {problem.reason}"))
    if len(result.problems) > _SHOWN_PROBLEMS:
        log.warning("and %s more rows left out", len(result.problems) - _SHOWN_PROBLEMS)


def _tell(path: Path, coder: str, result: "StoreResult") -> None:
    from tgstance.harmless import harmless

    parts = [
        f"{result.new} new",
        f"{result.changed} changed",
        f"{result.unchanged} unchanged",
        f"{result.empty} without a label yet",
    ]
    if result.problems:
        parts.append(f"{len(result.problems)} rows left out")
    click.echo(harmless(f"{path}, labels of {coder}: {', '.join(parts)}"))
