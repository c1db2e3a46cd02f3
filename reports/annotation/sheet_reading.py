"""Reads sheets back as people save them: by Excel, LibreOffice or a program.

CSV may be divided by commas, semicolons or tabs, in UTF-8, UTF-16 with a byte order mark, or
Windows-1251; its first line names the columns. JSON lines hold one object a line. Only `item` and
`label` are needed; `note` is kept, `text` compared with what was drawn, the rest is not read.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.errors import InputError

__all__ = ["Problem", "Sheet", "SheetRow", "read_sheet"]

_DELIMITERS = ",;\t"
_EXCEL_HINT = re.compile(r'"?sep=([,;\t])"?[\r\n]+', re.IGNORECASE)
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_WINDOWS = "cp1251"
_LARGEST = 64 * 2**20  # bytes
_LONGEST_CELL = 1_000_000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NEEDED = ("item", "label")

_Cells = Mapping[str, str]


class Problem(NamedTuple):
    """A row that cannot be used, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row; `number` counts as a spreadsheet does, the header being row 1 (JSON lines from 1).

    `text` is None where the sheet has no such column.
    """

    number: int
    item: str
    label: str
    note: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, the broken ones, and whether its encoding lacks letters of texts."""

    rows: Sequence[SheetRow]
    problems: Sequence[Problem]
    narrow: bool


def read_sheet(path: Path) -> Sheet:
    """Read a sheet, leaving out blank rows.

    Raises InputError if it is no such file, lacks a column, or where its rows end is not certain.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > _LARGEST:
        raise InputError(f"{path}: is over {_LARGEST // 2**20} MB; give back parts of the sheet")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text file; save the sheet as CSV, UTF-8") from error
    if not text.strip():
        raise InputError(f"{path}: is empty")
    read = _json_rows if text.lstrip().startswith("{") else _csv_rows
    found = list(read(path, text))
    rows = [row for row in found if isinstance(row, SheetRow)]
    problems = [row for row in found if isinstance(row, Problem)]
    return Sheet(rows, problems, narrow=encoding == _WINDOWS)


def _encoding(data: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _WINDOWS
    return "utf-8"


def _json_rows(path: Path, text: str) -> Iterator[SheetRow | Problem]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Problem(number, f"is no JSON ({error})")
            continue
        if not isinstance(values, dict):
            yield Problem(number, "is no JSON object")
            continue
        _check_columns(path, list(values))
        yield _row(
            number, {key: "" if value is None else str(value) for key, value in values.items()}
        )


def _csv_rows(path: Path, text: str) -> Iterator[SheetRow | Problem]:
    hint = _EXCEL_HINT.match(text)
    start = hint.end() if hint else 0
    first_line = text[start:].partition("\n")[0]
    delimiter = hint[1] if hint else max(_DELIMITERS, key=first_line.count)
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    # Strict: else a quote that is not closed would silently swallow the rows after it.
    lines = io.StringIO(text[start:], newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        _check_columns(path, header)
        for number, cells in enumerate(reader, start=3 if hint else 2):
            if any(cells[len(header) :]):
                yield Problem(number, f"has {len(cells)} cells where the header has {len(header)}")
            elif any(cells):  # Excel leaves out empty cells at the end of a row
                yield _row(number, dict(zip(header, cells, strict=False)))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: is no CSV that can be read ({error})"
        ) from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    wrong = [name for name in _NEEDED if columns.count(name) != 1]
    if wrong:
        fault = "two columns" if wrong[0] in columns else "no column"
        raise InputError(
            f"{path}: has {fault} {wrong[0]!r}; give back the sheet that `tgstance annotate` "
            "wrote, with the names of its columns, saved as CSV or JSON lines"
        )


def _row(number: int, cells: _Cells) -> SheetRow | Problem:
    if _UNSTORABLE.search(cells.get("note", "")):
        return Problem(number, "the note holds a NUL or half a character")
    return SheetRow(
        number,
        cells.get("item", "").strip(),
        cells.get("label", "").strip(),
        cells.get("note", "").strip(),
        cells.get("text"),
    )
