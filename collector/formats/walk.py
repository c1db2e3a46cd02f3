"""Walks through JSON as it streams by, without holding more of it than one message.

`ijson.parse` names the place of every event in full, which in deeply nested rubbish takes
gigabytes; this one refuses such nesting and names places only outside messages.
"""

import re
from collections.abc import Iterator
from typing import Any, Protocol

import ijson

__all__ = ["BinaryReader", "Event", "Walk"]

MAX_DEPTH = 64
MAX_PARTS = 100_000  # of one message: objects, lists, keys, texts and numbers
MAX_WORDS = 64 * 2**20  # characters in all of these
MAX_GAP = 16 * 2**20  # bytes from one quotation mark to the next
BUFFER = 2**20  # bytes
QUOTE = re.compile(rb'(?<!\\)"')
STARTS = ("start_map", "start_array")
ENDS = ("end_map", "end_array")

Event = tuple[str, str, Any]  # place such as "chats.list.item.name", what, value


class BinaryReader(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""
        ...


class Bounded:
    """A stream of JSON, refused where one text or number takes more than MAX_GAP bytes.

    A parser would hold it, and scan it again from its beginning for each piece of it.
    """

    def __init__(self, stream: BinaryReader) -> None:
        self.stream = stream
        self.gap = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes. Raises ijson.JSONError."""
        data = self.stream.read(size)
        self.gap = 0 if QUOTE.search(data) else self.gap + len(data)
        if self.gap > MAX_GAP:
            raise ijson.JSONError(f"one text or number of over {MAX_GAP:,} bytes")
        return data


class Walk:
    """The events of a JSON document, or of several one after another.

    Iterating gives all but the keys of objects. At the start of an array or object, `items`,
    respectively `skip`, reads to its end. Both raise ijson.JSONError where it is not JSON.
    """

    def __init__(self, stream: BinaryReader) -> None:
        # With use_float a number of a thousand digits is an error; without, it kills the process.
        self.events = ijson.basic_parse(
            Bounded(stream), use_float=True, multiple_values=True, buf_size=BUFFER
        )
        self.names: list[str] = []

    def __iter__(self) -> Iterator[Event]:
        for event, value in self.events:
            if event == "map_key":
                self.names[-1] = value
                continue
            if event in ENDS:
                self.names.pop()
            place = ".".join(self.names)
            if event in STARTS:
                self.names.append("item")
                check_depth(len(self.names))
            yield place, event, value

    def items(self, without: str) -> Iterator[Any]:
        """Yield the items of the array just begun; objects in it without the key `without`."""
        depth = parts = words = 0
        builder = ijson.ObjectBuilder()
        for event, value in self.events:
            parts += 1
            if event in STARTS:
                depth += 1
                check_depth(depth)
            elif event in ENDS:
                depth -= 1
            elif event == "map_key" and depth == 1 and value == without:
                self.skip_value()
                continue
            elif isinstance(value, str):
                words += len(value)
            if parts > MAX_PARTS or words > MAX_WORDS:
                raise ijson.JSONError("a message of more parts than any has")
            if depth < 0:
                self.names.pop()
                return
            builder.event(event, value)
            if depth == 0:
                yield builder.value
                builder = ijson.ObjectBuilder()
                parts = words = 0

    def skip(self) -> None:
        """Read to the end of the array or object just begun."""
        self.skip_value(depth=1)
        self.names.pop()

    def skip_value(self, depth: int = 0) -> None:
        """Read one value, or to the end of one whose beginning has been read."""
        for event, _ in self.events:
            if event in STARTS:
                depth += 1
                check_depth(depth)
            elif event in ENDS:
                depth -= 1
            if depth == 0:
                return


def check_depth(depth: int) -> None:
    """Refuse rubbish."""
    if depth > MAX_DEPTH:
        raise ijson.JSONError(f"nested more than {MAX_DEPTH} deep")
