"""CSV: a header line, then a post in each row, with the columns of `collector.formats.rows`.

Cells are divided by commas, semicolons or tabs, whichever the header has.
"""

import csv
from collections.abc import Iterator

from collector.errors import InputError
from collector.formats.fields import FieldError
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


def read_csv(source: Source, defaults: Defaults) -> Iterator[Record]:
    """Yield the post, or the problem, of each row. Raises InputError if columns are missing."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    with source.open() as stream:
        lines = decoded(read_lines(stream))
        header, delimiter = read_header(source, next(lines, ""), defaults)
        # Strict: else a quote that is never closed would silently swallow the rows after it.
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            number = rows.line_num + 2  # the header is line 1
            try:
                cells = next(rows)
                if cells:
                    yield read_row(as_row(header, cells), defaults)
            except StopIteration:
                return
            except (csv.Error, FieldError) as error:
                yield Problem(source.path, f"line {number}", str(error))


def decoded(lines: Iterator[bytes | None]) -> Iterator[str]:
    """Yield lines as text; a byte that is not UTF-8 becomes a character that no text may hold.

    So one bad byte breaks its row and no other.
    """
    for number, line in enumerate(lines):
        text = "\0" if line is None else line.decode(errors="surrogateescape")
        yield text.removeprefix("\ufeff") if number == 0 else text


def read_header(source: Source, line: str, defaults: Defaults) -> tuple[list[str], str]:
    """Return the columns' names and what divides them."""
    readings = [(columns_of(line, delimiter), delimiter) for delimiter in DELIMITERS]
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


def as_row(header: list[str], cells: list[str]) -> dict[str, str]:
    """Return a row by column. Raises FieldError if it has more or fewer cells than the header."""
    if len(cells) != len(header):
        raise FieldError(f"has {len(cells)} cells where the header has {len(header)}")
    return dict(zip(header, cells, strict=True))
