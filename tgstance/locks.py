"""Keeps a second run off what one run works on: an operating system's lock, with a note of who."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import DeferredError, OutputError

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["held_by", "hold", "hold_archive"]

# What several computers may do at once where the archive is on a server.
_SIDE_BY_SIDE = {"collect", "compare", "run", "score"}
_SCORE = "score"


@contextmanager
def hold_archive(archive: "Archive", command: str) -> Iterator[bool]:
    """Hold what a run of `command` needs of the archive; yield whether no other run may write.

    SQLite: a lock beside the file. A server: runs that collect may go on beside each other, for
    each channel has a lock of its own, and beside one that scores; any other is alone. Raises
    DeferredError, which says who holds it, if another run does.
    """
    from collector.advisory_locks import ARCHIVE, SCORING

    if archive.is_file:
        with hold(Path(archive.engine.url.database or "").resolve(), f"tgstance {command}"):
            yield True
        return
    shared = command in _SIDE_BY_SIDE
    with ExitStack() as held:
        archive.introduce(f"tgstance {command}")
        held.enter_context(archive.hold(ARCHIVE, shared=shared))
        if command == _SCORE:
            held.enter_context(archive.hold(SCORING))
        yield not shared


@contextmanager
def hold(path: Path, command: str, *, called: str | None = None) -> Iterator[None]:
    """Hold a lock beside the file at `path` until the end of the block, or of the process.

    Raises DeferredError, which says who holds it since when, if another process does; `called` is
    what users know the file as.
    """
    from filelock import FileLock, Timeout

    note = path.with_name(f"{path.name}.lock.holder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=0, mode=0o600).acquire()
    except Timeout as error:
        raise DeferredError(
            f"{called or path}: another run holds it ({_read(note)}); try again when it has ended"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be locked ({error.strerror}): its directory has to be writable"
        ) from error
    with lock:
        now = datetime.now(UTC)
        with suppress(OSError):  # the lock is what matters
            note.write_text(f"{command}, process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S} UTC")
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def held_by(path: Path) -> str | None:
    """Return who holds the lock beside the file at `path` since when, None if nobody does.

    Nothing is left behind; a run that begins in the very instant of asking would be deferred.
    """
    import fcntl

    note = path.with_name(f"{path.name}.lock.holder")
    try:
        with path.with_name(f"{path.name}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read(note)
    except PermissionError:  # it is another user's
        return _read(note) if note.exists() else None
    return None


def _read(note: Path) -> str:
    try:
        return note.read_text()
    except OSError:
        return "it has just begun"
