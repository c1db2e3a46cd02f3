"""Unpacks gzip files as they are read, and refuses those made to fill memory or time.

DEFLATE packs up to 1,032 times (zlib.net, "Technical Details"): 10 MB can be 10 GB of one byte.
"""

import gzip
import io
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from collector.errors import InputError

__all__ = ["GZIP", "Unpacking", "unpacked"]

GZIP = b"\x1f\x8b"
BUFFER = 2**20  # bytes
MOST = 200  # times; exports pack 5 to 30 times
UNCHECKED = 2**24  # bytes that any file may unpack to
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


def unpacked(packed: BufferedIOBase, path: Path) -> io.BufferedReader:
    """Return the content of an open gzip file; `path` is what errors call it."""
    return io.BufferedReader(cast("io.RawIOBase", Unpacking(packed, path)), BUFFER)


class Counted:
    """A stream that counts the bytes read from it, which a pipe does not."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream = stream
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        data = self.stream.read(size)
        self.size += len(data)
        return data

    def seek(self, place: int, /) -> int:
        """Go to a place."""
        return self.stream.seek(place)


class Unpacking(io.RawIOBase):
    """The content of a gzip file; of a damaged one, all that comes before the damage.

    Reading raises EOFError, zlib.error or gzip.BadGzipFile where it breaks off, InputError where it
    holds too much for its size.
    """

    def __init__(self, packed: BufferedIOBase, path: Path) -> None:
        self.packed = Counted(packed)
        self.path = path
        self.file = gzip.GzipFile(fileobj=self.packed)
        self.size = 0
        self.failure: Exception | None = None

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # 3.11 names no type of buffers
        """Fill a buffer as far as the content goes, and return how many bytes are in it."""
        if self.failure:
            raise self.failure
        room, filled = memoryview(buffer).cast("B"), 0
        try:
            while filled < len(room) and (data := self.file.read1(len(room) - filled)):
                room[filled : filled + len(data)] = data
                filled += len(data)
        except BROKEN as error:
            self.failure = error
            if not filled:
                raise
        self.size += filled
        self.check()
        return filled

    def check(self) -> None:
        """Raise InputError if what was unpacked is absurdly more than what it was unpacked from."""
        if self.size > max(UNCHECKED, MOST * self.packed.size):
            raise InputError(
                f"{self.path}: unpacks to over {MOST} times its size, as no export does; "
                "if it is one, unpack it yourself (gunzip) and name the result"
            )
