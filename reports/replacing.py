"""Replaces files so that a reader sees the old ones or the new ones, never half of one."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path

from collector.errors import OutputError

__all__ = ["replacing", "require_free"]

_PREFIX = ".writing-"
_ABANDONED = 24 * 3600  # seconds, far longer than any report takes


@contextmanager
def replacing(directory: Path, what: str, ours: Callable[[Path], set[str]]) -> Iterator[Path]:
    """Give a folder to write files in, and move them to `directory` when all are written.

    `ours` names the files in `directory` that an earlier call has written: those that are not
    written anew are then removed. Raises OutputError, which calls the files `what`, when that fails
    (a full disk, no permission); what stood in `directory` before is then left as it was.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(directory)
        with tempfile.TemporaryDirectory(dir=directory, prefix=_PREFIX) as scratch:
            yield Path(scratch)
            _replace(Path(scratch), directory, ours(directory))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{directory}: {what} cannot be written ({reason}); earlier files are unchanged"
        ) from error


def require_free(directory: Path, names: Iterable[str]) -> None:
    """Raise IsADirectoryError where a directory has one of those names, which files are to have."""
    in_the_way = [name for name in names if (directory / name).is_dir()]
    if in_the_way:
        raise IsADirectoryError(EISDIR, f"{in_the_way[0]} is a directory")


def _remove_abandoned(directory: Path) -> None:
    """Remove what earlier calls left that were killed while they wrote."""
    for path in directory.glob(f"{_PREFIX}*"):
        if path.stat().st_mtime < time.time() - _ABANDONED:
            shutil.rmtree(path, ignore_errors=True)


def _replace(new: Path, directory: Path, earlier: set[str]) -> None:
    names = sorted(path.name for path in new.iterdir())
    require_free(directory, names)
    for name in names:
        _sync(new / name)
    for name in names:
        (new / name).replace(directory / name)
    for name in earlier.difference(names):
        if not (directory / name).is_dir():
            (directory / name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the file on the disk before it takes the place of another."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
