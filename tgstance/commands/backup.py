"""tgstance backup: a copy of the archive, made while other runs go on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import OutputError
from tgstance.session import Session

if TYPE_CHECKING:
    from collector.backing_up import Backup

__all__ = ["backup"]


@click.command(short_help="Copy the archive to a file, also while other runs write to it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Afterwards delete all but so many of the backups that FILE has named; its name has to "
    "hold the date.",
)
@click.pass_obj
def backup(session: Session, file: Path, *, force: bool, keep: int | None) -> None:
    """Copy the archive as it is at one moment to FILE, checked and readable by you only.

    In FILE, %Y, %m, %d, %H, %M, %S and %j are filled in (UTC). A copy is an archive itself: to go
    back to it, end all runs, delete the archive with its -wal and -shm files, and copy the backup
    there. A PostgreSQL archive is backed up by pg_dump.

    \b
    Example:
      tgstance backup /backup/posts.sqlite
      tgstance backup --keep 7 /backup/posts-%Y-%m-%d.sqlite
    """
    from tgstance.backup_names import dated, older, require_date
    from tgstance.logs import log

    path = dated(file, datetime.now(UTC))
    if keep:
        require_date(file)
    made = _copy(session, path, force=force)
    log.info("%s: %.1f MB, checked", made.path, made.size / 1e6)
    for old in older(file, made.path, keep) if keep else ():
        _delete(old)


def _copy(session: Session, path: Path, *, force: bool) -> "Backup":
    from collector.backing_up import back_up
    from tgstance.terminal import progress

    location = session.archive_location or session.config.archive
    with progress(f"backup to {path.name}", None, quiet=session.quiet) as advance:
        at = 0

        def on_progress(done: int, _pages: int) -> None:
            nonlocal at
            advance(done - at)
            at = done

        return back_up(location, path, replace=force, on_progress=on_progress)


def _delete(old: Path) -> None:
    from tgstance.logs import log

    try:
        old.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{old}: cannot be deleted ({error.strerror})") from error
    log.info("%s: deleted, older than the backups to keep", old)
