"""Keeps a second run off what one run works on: an operating system's lock, with a note of who."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from collector.errors import DeferredError, OutputError

__all__ = ["hold"]


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
        lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=0).acquire()
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


def _read(note: Path) -> str:
    try:
        return note.read_text()
    except OSError:
        return "it has just begun"
