"""Tells the format of a file by its content, whatever its name."""

import json
from collections.abc import Callable, Iterator
from io import BufferedIOBase

import ijson

from collector.errors import InputError
from collector.formats.desktop import read_desktop
from collector.formats.jsonl import read_jsonl
from collector.formats.records import Defaults, Record, Source, read_lines
from collector.formats.repair import Repaired
from collector.formats.tabular import read_csv
from collector.formats.walk import Walk

__all__ = ["Reader", "detect"]

Reader = Callable[[Source, Defaults], Iterator[Record]]

HEAD = 4096
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"
# Of a whole account's export, in which much may stand before the chats.
DESKTOP_KEYS = {"messages", "chats", "left_chats", "personal_information", "contacts"}


def detect(source: Source) -> Reader:
    """Return the reader of a file. Raises InputError if it is of no known format."""
    with source.open() as stream:
        head = stream.read(HEAD)
    refuse_unreadable(source, head)
    start = head.removeprefix(UTF8_MARK).lstrip()
    if start.startswith(b"{"):
        return detect_json(source)
    if start.startswith(b"["):
        raise InputError(
            f"{source.path}: is a JSON array; write one object a line, without [ and commas"
        )
    if start.startswith(b"<"):
        raise InputError(
            f"{source.path}: is HTML or XML; export from Telegram Desktop again "
            'as "Machine-readable JSON"'
        )
    return read_csv


def refuse_unreadable(source: Source, head: bytes) -> None:
    """Raise InputError if the beginning of a file shows that it is no text, or no UTF-8."""
    if not head.strip():
        raise InputError(f"{source.path}: is empty")
    if head.startswith(UTF16):
        raise InputError(f"{source.path}: is in UTF-16; save it as UTF-8")
    if b"\0" in head:
        raise InputError(f"{source.path}: is a binary file; expected JSON or CSV")


def detect_json(source: Source) -> Reader:
    """Tell a Telegram Desktop export from JSON lines by the keys of the first object."""
    with source.open() as stream:
        try:
            if has_desktop_key(stream):
                return read_desktop
        except (ijson.JSONError, UnicodeDecodeError):
            # Broken, but as what? A first line that is an object, or the file's only line that
            # is not, decides.
            return read_jsonl if is_jsonl(source) else read_desktop
    if is_jsonl(source):
        return read_jsonl
    raise InputError(f"{source.path}: is JSON, but has no messages of a Telegram export")


def has_desktop_key(stream: BufferedIOBase) -> bool:
    """Tell whether the first object in a file has a key of Telegram Desktop's at its top."""
    for where, event, _ in Walk(Repaired(stream)):
        if event in ("start_array", "start_map") and where in DESKTOP_KEYS:
            return True
        if where == "" and event == "end_map":
            break
    return False


def is_jsonl(source: Source) -> bool:
    """Tell whether the first lines of a file look like an object each."""
    with source.open() as stream:
        lines = (line for line in read_lines(stream) if line is None or line.strip())
        first = next(lines, None)
        second = next(lines, None)
    return is_object(first) or (second or b"").startswith(b"{")


def is_object(line: bytes | None) -> bool:
    """Tell whether a line is a JSON object by itself."""
    try:
        return isinstance(json.loads((line or b"").removeprefix(UTF8_MARK)), dict)
    except (ValueError, RecursionError):
        return False
