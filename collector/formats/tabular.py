"""CSV: a header line, then a post in each row, with the columns of `collector.formats.rows`.

Cells are divided by commas, semicolons or tabs, whichever the header has.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import Self

from collector.errors import InputError
from collector.formats.fields import MAX_TEXT, FieldError
from collector.formats.records import (
    MAX_LINE,
    Defaults,
    Problem,
    Record,
    Source,
    read_lines,
)
from collector.formats.rows import read_row

__all__ = ["read_csv"]

DELIMITERS = ",;\t"
EXCEL_HINT = re.compile(r'"?sep=([,;\t])"?[\r\n]*', re.IGNORECASE)
MAX_HEADER = 2**20  # characters
# What a row may hold after its first line. Telegram's longest text is 4,096 characters.
MAX_MORE_LINES = 5000
MAX_MORE_TEXT = MAX_TEXT

UNCLOSED = "opens a quote that is not closed at the end of its cell"
MEANINGS = {
    "unexpected end": UNCLOSED,
    "expected after": 'has text after a closing quote; inside a cell write a quote twice: ""',
    "new-line": "has a carriage return in a cell that is not in quotes",
    "field larger": f"has a cell of over {MAX_LINE:,} characters",
}


class LayoutError(FieldError):
    """The cells of a row are not what the header asks for: where it ends is not certain."""


class Lines:
    """The lines of a table. Those of the row that is being read can be read again.

    A stray quote makes one row of all lines up to the next quote; to a reader they are one broken
    row, though each but the first may be a good one.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.unread = lines
        self.again: deque[str] = deque()
        self.row: list[str] = []
        self.more = 0  # characters after the row's first line
        self.before = 0

    @property
    def number(self) -> int:
        """The number of the row's first line."""
        return self.before + 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if len(self.row) > MAX_MORE_LINES or self.more > MAX_MORE_TEXT:
            raise LayoutError(UNCLOSED)
        line = self.again.popleft() if self.again else next(self.unread)
        self.more += len(line) if self.row else 0
        self.row.append(line)
        return line

    def begin_row(self) -> None:
        """Leave the lines read so far."""
        self.before += len(self.row)
        self.row.clear()
        self.more = 0

    def give_back(self) -> None:
        """Have all lines of the row but its first read again, as rows of their own."""
        self.again.extendleft(reversed(self.row[1:]))
        del self.row[1:]


def read_csv(source: Source, defaults: Defaults) -> Iterator[Record]:
    """Yield the post, or the problem, of each row. Raises InputError if columns are missing."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    with source.open() as stream:
        lines = Lines(decoded(read_lines(stream)))
        header, delimiter = read_header(source, lines, defaults)
        # Strict: else a quote in the wrong place would silently join cells and rows.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            lines.begin_row()
            try:
                row = next_row(reader, header, lines)
                if row is None:
                    return
                if row:
                    yield read_row(row, defaults)
            except FieldError as error:
                if isinstance(error, LayoutError):
                    lines.give_back()
                yield Problem(source.path, f"line {lines.number}", str(error))


def next_row(reader: Iterator[list[str]], header: list[str], lines: Lines) -> dict[str, str] | None:
    """Return the next row by column, {} for a blank line, None at the end of the table."""
    try:
        cells = next(reader, None)
    except csv.Error as error:
        # In a later line than the row's first, it is the first that has one quote too many.
        raise LayoutError(UNCLOSED if len(lines.row) > 1 else meaning(str(error))) from None
    if not cells:
        return None if cells is None else {}
    if len(cells) != len(header):
        raise LayoutError(f"has {len(cells)} cells where the header has {len(header)}")
    return dict(zip(header, cells, strict=True))


def meaning(message: str) -> str:
    """Return in our words what the csv module says."""
    return next((words for part, words in MEANINGS.items() if part in message), message)


def decoded(lines: Iterator[bytes | None]) -> Iterator[str]:
    """Yield lines as text; a byte that is not UTF-8 becomes a character that no text may hold.

    So one bad byte breaks its row and no other.
    """
    for number, line in enumerate(lines):
        text = "\0" if line is None else line.decode(errors="surrogateescape")
        yield text.removeprefix("\ufeff") if number == 0 else text


def read_header(source: Source, lines: Lines, defaults: Defaults) -> tuple[list[str], str]:
    """Return the columns' names and what divides them."""
    line = next(lines, "")
    delimiters = DELIMITERS
    if hint := EXCEL_HINT.fullmatch(line):  # for Excel, before the header
        line, delimiters = next(lines, ""), hint[1]
    if len(line) > MAX_HEADER:
        raise InputError(f"{source.path}: its first line is too long to name columns")
    readings = [(columns_of(line, delimiter), delimiter) for delimiter in delimiters]
    header, delimiter = max(readings, key=lambda reading: len(reading[0]))
    missing = missing_columns(header, defaults)
    if missing:
        raise InputError(
            f"{source.path}: is neither a Telegram export (result.json), nor JSON lines, "
            f"nor CSV with its columns named in the first line; as CSV it lacks {missing}"
        )
    if len(set(header)) < len(header):
        raise InputError(f"{source.path}: two columns have the same name")
    return header, delimiter


def columns_of(line: str, delimiter: str) -> list[str]:
    """Return the names in a header line."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in cells]


def missing_columns(header: list[str], defaults: Defaults) -> str:
    """Return the required columns that a header lacks, in words."""
    wanted = [("message_id", "id"), ("date",), ("text",)]
    if defaults.username is None:
        wanted.append(("channel_id", "channel", "username", "title"))
    lacking = [names for names in wanted if not any(name in header for name in names)]
    return ", ".join(" or ".join(names) for names in lacking)
