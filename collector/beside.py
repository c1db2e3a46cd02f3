"""Writes something large beside the place where it is to stand, and puts it there when complete."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path

from collector.errors import OutputError

__all__ = ["put_in_place", "scratch_beside", "sync"]

PREFIX = ".writing-"
ABANDONED = 24 * 3600  # seconds, far longer than any writing takes


@contextmanager
def scratch_beside(path: Path, what: str) -> Iterator[Path]:
    """Give a directory for its owner only, on the file system of `path`; it is gone afterwards.

    Raises OutputError, which calls what is written `what`, when that fails (a full disk, no
    permission). What killed runs left there a day ago is cleared away.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{PREFIX}*"):
            if left.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=PREFIX) as scratch:
            yield Path(scratch)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: {what} cannot be written ({reason})") from error


def put_in_place(made: Path, path: Path) -> None:
    """Have a file, or a directory of files, on the disk, and then under its name.

    A file replaces another; a directory does so only where an empty one stands.
    """
    for file in sorted(made.iterdir()) if made.is_dir() else [made]:
        sync(file)
    if made.is_dir():
        sync(made)
    made.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file's contents, or a directory's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != EINVAL or not path.is_dir():  # of names, some shared folders cannot
            raise
    finally:
        os.close(descriptor)
