"""Keeps a page that was not understood, for a bug report."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from collector.errors import LayoutError

__all__ = ["Aside"]

MOST_KEPT = 10
REPORT = "the page layout is not recognised"


class Aside:
    """A directory for pages that were not understood; the oldest make room for new ones."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, username: str, body: bytes, reason: LayoutError) -> LayoutError:
        """Keep a page and return the error that says where."""
        path = self.directory / f"{username}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.html"
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in sorted(self.directory.glob("*.html"), key=age)[: 1 - MOST_KEPT]:
                old.unlink(missing_ok=True)
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as file:
                file.write(body)
        except OSError as error:
            return LayoutError(f"{REPORT}: {reason} (it cannot be kept: {error.strerror})")
        return LayoutError(f"{REPORT}: {reason}; it is kept in {path} for a bug report")


def age(path: Path) -> float:
    """Return when a file was written, 0 if it is gone."""
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
