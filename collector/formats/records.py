"""What the readers yield, and the file that they read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, Self

from collector.errors import InputError
from collector.formats.unpacking import GZIP, unpacked
from collector.post import Channel, Post

__all__ = [
    "MAX_LINE",
    "BrokenOffError",
    "Defaults",
    "NotStored",
    "Problem",
    "Received",
    "Record",
    "SkippedChat",
    "Source",
    "read_lines",
]

MAX_LINE = 16 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A post."""

    channel: Channel
    post: Post


@dataclass(frozen=True, slots=True)
class NotStored:
    """A message that is no post: a service message, or one its exporter could not read."""

    channel: Channel
    message_id: int
    outcome: Literal["service", "inaccessible"]


@dataclass(frozen=True, slots=True)
class SkippedChat:
    """A chat of a whole account's export that is no channel: `kind` as Telegram calls it."""

    kind: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read; `where` is like "line 12" or "message 345 (number 17)"."""

    path: Path
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}, {self.where}: {self.reason}"


Record = Received | NotStored | SkippedChat | Problem


class BrokenOffError(Exception):
    """A file ends, or stops making sense, in its middle. Says where."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What stands in where a file does not say: the channel's username, the zone of its dates."""

    zone: tzinfo = UTC
    username: str | None = None


class Source:
    """A file to import: plain or gzipped, told apart by its content."""

    def __init__(self, path: Path, seen_at: datetime) -> None:
        self.path = path
        self.seen_at = seen_at  # the file's modification time: when somebody saw these posts
        self.raw: BufferedIOBase | None = None
        self.closed_at = 0

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the file at `path`. Raises InputError if it is missing or no regular file."""
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read ({reason_of(error)})") from error
        if path.is_dir():
            raise InputError(f"{path}: is a directory; name the file in it, such as result.json")
        if not path.is_file():
            raise InputError(f"{path}: is not a regular file")
        if status.st_size == 0:
            raise InputError(f"{path}: is empty")
        return cls(path, datetime.fromtimestamp(status.st_mtime, UTC))

    @contextmanager
    def open(self) -> Iterator[BufferedIOBase]:
        """Open the file for reading from its beginning, unpacked. Raises InputError if refused."""
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({reason_of(error)})") from error
        with raw:
            self.raw = raw
            packed = raw.read(len(GZIP)) == GZIP
            raw.seek(0)
            try:
                yield unpacked(raw, self.path) if packed else raw
            finally:
                self.closed_at = raw.tell()

    def position(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        return self.closed_at if self.raw is None or self.raw.closed else self.raw.tell()


def reason_of(error: Exception) -> str:
    """Return why the system refused a file."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_lines(stream: BufferedIOBase, limit: int = MAX_LINE) -> Iterator[bytes | None]:
    """Yield the lines of a file; None for a line over `limit` bytes, which is not held."""
    while line := stream.readline(limit + 1):
        if len(line) <= limit or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(limit)
        yield None
