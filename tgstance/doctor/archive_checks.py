"""Checks of the archive as such: whether it is whole, current, private, and has room to grow."""

import os
import shutil
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sqlalchemy import text

from tgstance.doctor.case import Case
from tgstance.doctor.finding import SkippedError, Verdict, listed, ok, warning, wrong
from tgstance.doctor.settings import open_to_others

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = [
    "check_access",
    "check_integrity",
    "check_presence",
    "check_room",
    "check_version",
    "judge_room",
    "outdated_packages",
]

_MEGABYTE = 1_000_000
_LEAST_FREE = 200 * _MEGABYTE
_LARGE_LOG = 100 * _MEGABYTE  # SQLite takes up its log at 4 MB, unless somebody reads for long
_RESTORE = "restore a backup, or save what can be read: sqlite3 {} .recover"
_SERVER = "is kept by the database server"


def check_presence(case: Case, archive: "Archive") -> Verdict:
    """Name an archive that could be opened, and say whether runs may write to it."""
    from collector.postgresql import shown_server

    path = case.file
    if path is None:
        return ok(shown_server(archive.engine.url))
    for what in (path, path.parent):  # the log and the lock lie beside the archive
        if not os.access(what, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            return wrong(f"{what}: cannot be written", f"chown or chmod {quote(str(what))}")
    return ok(str(path))


def check_integrity(case: Case, archive: "Archive") -> Verdict:
    """Have SQLite look for damage; `thorough` compares the indexes with the tables, too."""
    path = case.file
    if path is None:
        raise SkippedError(_SERVER)
    pragma = "integrity_check" if case.thorough else "quick_check"
    with archive.connect() as connection:
        found = [row[0] for row in connection.execute(text(f"PRAGMA {pragma}(5)"))]
        if found != ["ok"]:
            return wrong(f"{path} is damaged: {listed(found)}", _RESTORE.format(quote(str(path))))
        orphans = connection.execute(text("PRAGMA foreign_key_check")).first()
    if orphans:
        found_where = f"a row of {orphans[0]} refers to none of {orphans[2]}"
        return wrong(f"{path} is damaged: {found_where}", _RESTORE.format(quote(str(path))))
    return ok(f"{pragma} and foreign keys")


def check_version(_case: Case, archive: "Archive") -> Verdict:
    """Tell whether the tables are those of this tgstance; ArchiveError if they are of a newer."""
    if old := outdated_packages(archive):
        return warning(f"migrations are outstanding: {', '.join(old)}", "tgstance status")
    return ok("no migration is outstanding")


def outdated_packages(archive: "Archive") -> list[str]:
    """Return whose tables are older than this tgstance; ArchiveError if they are newer."""
    from collector.archive import outdated
    from tgstance.session import all_packages

    with archive.connect() as connection:
        return [package.package for package in outdated(connection, all_packages())]


def check_room(case: Case, archive: "Archive") -> Verdict:
    """Compare the archive's size with the room on its disk."""
    path = case.file
    if path is None:
        with archive.connect() as connection:
            size = connection.scalar(text("SELECT pg_database_size(current_database())"))
        return ok(f"{_shown(size or 0)}; the disk {_SERVER}")
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size
    return judge_room(path, size, free=shutil.disk_usage(path).free, log=_size(log))


def judge_room(path: Path, size: int, *, free: int, log: int = 0) -> Verdict:
    """Say what the sizes, in bytes, of the archive, the room beside it and its log mean."""
    found = f"{_shown(size)}, {_shown(free)} free beside it"
    more = f"free some of the disk of {path.parent}, or move the archive"
    if free < max(_LEAST_FREE, size / 10):
        return wrong(found, more)
    if free < 2 * size:
        return warning(found, more)
    if log > _LARGE_LOG:
        return warning(
            f"{found}, and a log of {_shown(log)}: something has been reading for long",
            f"end it, then: sqlite3 {quote(str(path))} 'PRAGMA wal_checkpoint(TRUNCATE)'",
        )
    return ok(found)


def check_access(case: Case, _archive: "Archive") -> Verdict:
    """Tell whether others than its owner may read the archive."""
    path = case.file
    if path is None:
        raise SkippedError(_SERVER)
    if mode := open_to_others(path):
        return warning(f"others may read it (mode {mode:o})", f"chmod 600 {quote(str(path))}")
    return ok("only its owner may read it")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _shown(size: float) -> str:
    return f"{size / _MEGABYTE:,.1f} MB"
