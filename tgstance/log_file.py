"""A log file that keeps to a size, and that several runs may write to at once."""

import os
import re
import sys
from contextlib import suppress
from io import TextIOWrapper
from logging import LogRecord, getLogger
from logging.handlers import RotatingFileHandler
from pathlib import Path

from filelock import FileLock

from collector.errors import ConfigError

__all__ = ["FILES_KEPT", "LARGEST_BYTES", "LogFile"]

LARGEST_BYTES = 10_000_000
FILES_KEPT = 5  # beside the newest

_LOCK_TIMEOUT_S = 10
_OWN_LINE = re.compile(rb'\d{4}-\d\d-\d\dT|\{"time": "')


class LogFile(RotatingFileHandler):
    """Appends each line in one write; at `largest` bytes the file becomes FILE.1, that FILE.2...

    It is made with mode 0600, its directory too. Before each line it is looked up by its name, so
    that a rotation by another run, or by logrotate, is followed; one run at a time rotates. Where
    the file cannot be renamed it grows on. A line that cannot be written is lost, which stderr
    says once.

    Raises ConfigError if the file cannot be opened, or holds something else than log lines.
    """

    def __init__(self, path: Path, largest: int = LARGEST_BYTES, kept: int = FILES_KEPT) -> None:
        self._failed = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_log(path)
            super().__init__(
                path, maxBytes=largest, backupCount=kept, encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise ConfigError(
                f"{path}: no log can be written there ({error.strerror}): name another --log-file"
            ) from error

    def shouldRollover(self, record: LogRecord) -> bool:  # noqa: N802 (logging's name)
        """Whether a line is too much for the file that has the name now."""
        self._follow()
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802 (logging's name)
        """Rename the files, unless another run has just done it."""
        try:
            with FileLock(f"{self.baseFilename}.lock", timeout=_LOCK_TIMEOUT_S, mode=0o600):
                if not self._follow():
                    super().doRollover()
        except OSError:  # also when the lock cannot be had
            self.maxBytes = 0
        if self.stream is None:
            self.stream = self._open()

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 (logging's name)
        """Say once that lines are lost."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failed:
            self._failed = True
            getLogger("tgstance").warning(
                "%s: log lines cannot be written there (%s)", self.baseFilename, error.strerror
            )

    def _follow(self) -> bool:
        """Let go of the file if another one has its name; return whether that was so."""
        if self.stream is None:
            return False
        with suppress(FileNotFoundError):
            if os.path.samestat(Path(self.baseFilename).stat(), os.fstat(self.stream.fileno())):
                return False
        self.stream.close()
        self.stream = None
        return True

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_open_private
        )


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _require_log(path: Path) -> None:
    """Keep lines out of an archive, a session or a configuration that is named by mistake."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(32)
    if head and not _OWN_LINE.match(head):
        raise ConfigError(f"{path}: holds something else than log lines: name another --log-file")
