"""What a failure of the database means to somebody who has only the archive's name."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from collector.errors import ArchiveError, ArchiveNameError, ArchiveUnavailableError
from collector.postgresql import failure, shown_server

__all__ = ["database_errors", "shown"]

FOREIGN = "not a database"  # SQLite, of a file that it did not write
LOCKED = "locked"  # SQLite, of one that another program writes to for longer than LOCK_WAIT_S
BROKEN = "disk I/O error"
FULL = "database or disk is full"  # SQLite, where it cannot write to its file or log
LEAST_FREE = 1_000_000  # bytes, under which what could not be written is blamed on the disk
KINDS = {FOREIGN: ArchiveNameError, LOCKED: ArchiveUnavailableError}
FAILURES = (DatabaseError, OperationalError, sqlite3.DatabaseError, sqlite3.OperationalError)


@contextmanager
def database_errors(url: URL) -> Iterator[None]:
    """Turn a failure of the database, but not a wrong statement, into one line."""
    try:
        yield
    except (DatabaseError, InterfaceError, sqlite3.DatabaseError) as error:
        if url.get_backend_name() == "postgresql" and not isinstance(error, sqlite3.Error):
            if (meant := failure(error, url)) is None:
                raise
            raise meant from error
        if type(error) not in FAILURES:
            raise
        cause = str(error.orig if isinstance(error, DatabaseError) else error)
        kind = next((kind for part, kind in KINDS.items() if part in cause), ArchiveError)
        raise kind(f"{shown(url)}: {explanation(cause, url)}") from error


def explanation(message: str, url: URL) -> str:
    """Say what a database error means to somebody who has only the archive's name."""
    if BROKEN in message and is_disk_full(url):  # of the index of its log
        return FULL
    known = {
        FOREIGN: "is not an archive (not a SQLite database)",
        "readonly": "cannot be written (read-only)",
        LOCKED: "is in use by another program; try again later",
    }
    for part, meaning in known.items():
        if part in message:
            return meaning
    return message.strip().splitlines()[0]


def is_disk_full(url: URL) -> bool:
    """Tell whether there is no room any more beside an SQLite file."""
    with suppress(OSError):  # of a disk that fails, or is gone
        return shutil.disk_usage(Path(shown(url)).parent).free < LEAST_FREE
    return False


def shown(url: URL) -> str:
    """Return the archive's name for messages, without a password."""
    if url.get_backend_name() != "sqlite":
        return shown_server(url)
    name = (url.database or str(url)).partition("?mode=")[0]
    return unquote(name.removeprefix("file://")) if name.startswith("file://") else name
