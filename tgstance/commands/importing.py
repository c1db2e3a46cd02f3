"""tgstance import: brings posts from files into the archive."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import InputError
from tgstance.session import Session

if TYPE_CHECKING:
    from collector.archive import Archive
    from collector.importing import ImportOptions, ImportResult, Problem

__all__ = ["import_", "run_import"]

_SHOWN_PROBLEMS = 20


@click.command("import", short_help="Import posts from Telegram exports, JSONL or CSV.")
@click.argument(
    "paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--channel", metavar="NAME", help="Username of the channel, for files without one.")
@click.option(
    "--timezone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Zone of dates that say none, such as Europe/Kyiv.",
)
@click.pass_obj
def import_(
    session: Session, paths: tuple[Path, ...], *, channel: str | None, timezone: str
) -> None:
    """Import posts from files, plain or gzipped.

    FILE is a Telegram Desktop export (result.json of one chat or of a whole account), or JSON
    lines or CSV with the columns message_id, date, text and channel_id or channel. Importing a file
    again changes nothing; a newer export updates edited posts and keeps what they said before.

    A directory that `tgstance export` has written brings a whole archive, labels included.

    \b
    Example:
      tgstance import ~/Downloads/ChatExport_2025-11-20/result.json --channel rian_ru
      tgstance import posts.jsonl.gz
    """
    from collector.importing import ImportOptions

    run_import(session, paths, ImportOptions(channel=channel, timezone=timezone))


def run_import(session: Session, paths: tuple[Path, ...], options: "ImportOptions") -> None:
    """Import files as one recorded run; one that is no export does not keep out the others."""
    from tgstance.runs import EXIT_PARTIAL

    refused = 0
    with session.run("import", alone=True) as (archive, run):
        for path in paths:
            try:
                if path.is_dir():
                    run.summary[str(path)] = _import_archive(session, archive, path)
                    continue
                result = _import_one(session, archive, path, options)
            except InputError as error:
                refused += 1
                _refuse(error, last_hope=refused == len(paths))
                continue
            run.summary[str(path)] = {"new": result.new, "updated": result.updated}
            if result.broken or result.truncated:
                run.exit_code = EXIT_PARTIAL
        run.exit_code = EXIT_PARTIAL if refused else run.exit_code
    if run.exit_code:
        raise click.exceptions.Exit(run.exit_code)


def _refuse(error: InputError, *, last_hope: bool) -> None:
    """Name a file that is no export; where no file was one, that is how the run ends."""
    from tgstance.logs import log

    if last_hope:
        raise error
    log.error("%s", error)


def _import_one(
    session: Session, archive: "Archive", path: Path, options: "ImportOptions"
) -> "ImportResult":
    from collector.importing import import_file
    from tgstance.logs import log
    from tgstance.terminal import progress

    problems = _Problems()
    size = path.stat().st_size if path.is_file() else None
    at = 0

    def on_progress(position: int) -> None:
        nonlocal at
        advance(position - at)
        at = position

    with progress(f"import {path.name}", size, quiet=session.quiet) as advance:
        result = import_file(
            archive, path, options=options, on_problem=problems.show, on_progress=on_progress
        )
    problems.show_rest()
    log.info("%s", _summary(path, result))
    return result


def _import_archive(session: Session, archive: "Archive", path: Path) -> dict[str, int]:
    """Take in what `tgstance export` has written; return how many rows of each table were new."""
    from tgstance.logs import log
    from tgstance.moving import take_in
    from tgstance.terminal import progress

    with progress(f"import {path.name}", None, quiet=session.quiet) as advance:
        done = take_in(archive, path, advance)
    new = {table: count for table, (_, count) in done.items() if count}
    shown = ", ".join(f"{count} {table}" for table, count in new.items())
    log.info("%s: %s rows read, new: %s", path, sum(rows for rows, _ in done.values()), shown or 0)
    return new


class _Problems:
    """Shows the first broken records of a file one by one and counts the rest."""

    def __init__(self) -> None:
        self._seen = 0

    def show(self, problem: "Problem") -> None:
        from tgstance.harmless import harmless
        from tgstance.logs import log

        self._seen += 1
        if self._seen <= _SHOWN_PROBLEMS:
            log.warning("%s", harmless(f"{problem.path}, {problem.where}: {problem.reason}"))

    def show_rest(self) -> None:
        from tgstance.logs import log

        if self._seen > _SHOWN_PROBLEMS:
            log.warning("and %s more broken records", self._seen - _SHOWN_PROBLEMS)


def _summary(path: Path, result: "ImportResult") -> str:
    parts = [
        f"{path}: {result.read} posts of {result.channels} channels",
        f"{result.new} new",
        f"{result.updated} updated",
        f"{result.unchanged} unchanged",
    ]
    notes = {
        "older than what the archive has, kept as earlier versions": result.older,
        "service messages": result.service,
        "broken records left out": result.broken,
    }
    notes |= {f"chats of kind {kind} left out": n for kind, n in result.skipped_chats.items()}
    parts += [f"{count} {what}" for what, count in notes.items() if count]
    return ", ".join(parts) + ("; the file breaks off" if result.truncated else "")
