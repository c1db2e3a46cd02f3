"""Copies an SQLite archive while others write to it.

SQLite's online backup copies the pages of one state of the database: the copying connection holds a
read transaction meanwhile, so that writers go on undisturbed in the write-ahead log and the copy
never has to begin anew (https://www.sqlite.org/c3ref/backup_finish.html). VACUUM INTO would do the
same slower, and its copy would have lost the write-ahead log's setting.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection

from collector.archive import Archive, archive_url, build_engine, outdated
from collector.beside import put_in_place, scratch_beside
from collector.database_errors import database_errors
from collector.errors import ArchiveError, ArchiveNameError, ConfigError, OutputError

__all__ = ["Backup", "back_up"]

PAGES_AT_ONCE = 4096  # 16 MB, after which an interrupt is heeded
BESIDE_ARCHIVES = ("", "-wal", "-shm", "-journal", ".lock", ".lock.holder")


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made: where, and its size in bytes."""

    path: Path
    size: int


def back_up(
    location: str | Path,
    path: Path,
    *,
    replace: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _pages: None,
) -> Backup:
    """Copy the archive at a path or URL, as it is at one moment, to a new file of mode 0600.

    The copy is checked and on the disk before it gets its name. `on_progress` is told how many of
    how many pages are copied. Raises ConfigError for an archive that is not SQLite, ArchiveError
    for one that cannot be read, OutputError where there is a file already (without `replace`), or
    the copy cannot be written; there is then no new file.
    """
    source = source_url(location)
    path = path.expanduser().resolve()
    refuse(path, Path(source.database or ""), replace=replace)
    with scratch_beside(path, "the backup") as scratch, opened(source) as connection:
        copy = scratch / "copy"
        write_copy(connection, copy, path, on_progress)
        refuse(path, Path(source.database or ""), replace=replace)
        put_in_place(copy, path)
    return Backup(path, path.stat().st_size)


def source_url(location: str | Path) -> URL:
    """Return the URL of an SQLite file that there is."""
    url = archive_url(location)
    if url.get_backend_name() != "sqlite":
        raise ConfigError(
            "only an SQLite archive is a file to copy; back a PostgreSQL one up with pg_dump "
            "--format=custom --file=FILE DATABASE"
        )
    if not url.database or not Path(url.database).is_file():
        raise ArchiveNameError(f"{url.database or location}: there is no archive")
    return url.set(database=str(Path(url.database).resolve()))


def refuse(path: Path, archive: Path, *, replace: bool) -> None:
    """Raise OutputError if a copy may not be put at `path`."""
    taken = [archive.with_name(f"{archive.name}{end}") for end in BESIDE_ARCHIVES]
    same = path.exists() and path.samefile(archive)
    if same or path in taken:
        raise OutputError(f"{path}: belongs to the archive itself; name another file")
    if path.is_dir():
        raise OutputError(f"{path}: is a directory; name a file in it")
    if path.exists() and not replace:
        raise OutputError(f"{path}: is there already; name another file, or replace it: --force")


@contextmanager
def opened(url: URL) -> Iterator[Connection]:
    """Open an archive with all that its log holds, whatever version its tables have."""
    path = Path(url.database or "")
    how = "?mode=rw"  # which makes no file, but those that SQLite shares with writers
    if not os.access(path.parent, os.W_OK):  # it could not, and nobody can write to the archive
        still = not path.with_name(f"{path.name}-wal").exists()
        how = "?mode=ro&immutable=1" if still else "?mode=ro"
    name = f"{path.as_uri()}{how}"
    with (
        Archive(build_engine(url.set(database=name, query={"uri": "true"}))) as archive,
        archive.connect() as connection,
    ):
        outdated(connection, ())  # raises if it is another program's
        yield connection


def write_copy(
    connection: Connection, copy: Path, path: Path, on_progress: Callable[[int, int], None]
) -> None:
    """Copy the database that a transaction sees, and check the copy."""
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError(f"{source!r} is no SQLite connection")
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with explained(path), closing(sqlite3.connect(copy)) as target:

        def told(_status: int, remaining: int, total: int) -> None:
            on_progress(total - remaining, total)

        source.backup(target, pages=PAGES_AT_ONCE, progress=told)
        check(target)


def check(copy: sqlite3.Connection) -> None:
    """Raise ArchiveError if what was copied is damaged, and so the archive is."""
    found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise ArchiveError(
            f"the archive is damaged, and so would the backup be: {found.splitlines()[0]} "
            "(`tgstance doctor --thorough`)"
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say that it is the copy that cannot be written."""
    try:
        with database_errors(URL.create("sqlite", database=str(path))):
            yield
    except ArchiveError as error:
        if isinstance(error.__cause__, sqlite3.Error):
            raise OutputError(f"{error}; there is no backup") from error
        raise
