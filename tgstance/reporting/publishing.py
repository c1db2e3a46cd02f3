"""Keeps the reports of each day side by side, with `latest` pointing at the newest complete one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from collector.beside import sync
from collector.errors import OutputError

__all__ = ["LATEST", "Edition", "newest", "publishing"]

LATEST = "latest"
_UNFINISHED = ".unfinished-"


@dataclass
class Edition:
    """A report in the making: write into `draft`; `directory` is where it is found afterwards."""

    draft: Path
    directory: Path | None = None


@contextmanager
def publishing(root: Path, day: date) -> Iterator[Edition]:
    """Yield an edition whose draft becomes `root`/`day` when the block ends well.

    A second one of a day is called `day`.2, and so on. `root`/latest, a symbolic link, then points
    at it: whoever reads through it sees one whole report, the earlier or the new one. Run it under
    a lock. What a killed run left unfinished is cleared away. Raises OutputError when a directory
    cannot be written; earlier reports and `latest` are then as they were.
    """
    draft = root / f"{_UNFINISHED}{day}"
    with _explained(root):
        _require_link(root / LATEST)
        for left in root.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        draft.mkdir(parents=True)
    edition = Edition(draft)
    try:
        yield edition
        with _explained(root):
            edition.directory = _free(root, day)
            sync(draft)  # a power cut leaves `latest` on a report whose files have their names
            draft.rename(edition.directory)
            sync(root)
            _point(root / LATEST, edition.directory)
            sync(root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def newest(root: Path) -> Path | None:
    """Return the directory that `latest` points at, None if there is none."""
    link = root / LATEST
    return link.resolve() if link.is_symlink() and link.is_dir() else None


def _free(root: Path, day: date) -> Path:
    """Return the first of the names of a day that is not taken."""
    path, number = root / str(day), 1
    while path.exists():
        number += 1
        path = root / f"{day}.{number}"
    return path


def _point(link: Path, directory: Path) -> None:
    """Replace a link in one step."""
    beside = link.with_name(f"{_UNFINISHED}{LATEST}")
    beside.symlink_to(directory.name, target_is_directory=True)
    beside.replace(link)


def _require_link(path: Path) -> None:
    if path.exists() and not path.is_symlink():
        raise OutputError(f"{path}: is not a link to a report: move it away, or report elsewhere")


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = os.fspath(error.filename or root)
        raise OutputError(f"{where}: cannot be written ({error.strerror})") from error
