"""Writes sheets for coders: CSV for a spreadsheet, or JSON lines."""

import csv
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Row

from collector.errors import ConfigError, OutputError
from reports.cells import defused

__all__ = ["COLUMNS", "LONGEST_TEXT", "check_new", "new_sheet", "sheet_rows", "write_sheet"]

COLUMNS = ("item", "channel", "date", "target", "permalink", "text", "label", "note")
LONGEST_TEXT = 32_000  # characters; a spreadsheet's cell holds 32,767

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def sheet_rows(
    items: Iterable[Row[Any]], *, predictions: bool = False
) -> Iterator[dict[str, str | int]]:
    """Yield what a sheet says of each item of `drawing.items_of`, by column."""
    for item in items:
        cells: dict[str, str | int] = {
            "item": item.id,
            "channel": item.title or (f"@{item.username}" if item.username else ""),
            "date": f"{item.date:%Y-%m-%d}",
            "target": item.target,
            "permalink": item.permalink or "",
            "text": item.text[:LONGEST_TEXT],
            "label": "",
            "note": "",
        }
        if predictions:
            cells["predicted"] = item.predicted
        yield cells


def write_sheet(
    stream: TextIO,
    rows: Iterable[Mapping[str, str | int]],
    columns: Sequence[str],
    *,
    delimiter: str | None,
) -> None:
    """Write rows as CSV with a BOM and without formulas, as JSON lines without a `delimiter`."""
    if delimiter is None:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    stream.write("\ufeff")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)


def check_new(path: Path) -> None:
    """Raise ConfigError if there is such a file already, for it may hold labels."""
    if path.exists():
        raise ConfigError(f"{path} is already there, and may hold labels: name another file")


@contextmanager
def new_sheet(path: Path) -> Iterator[TextIO]:
    """Open a new file that appears under its name when it is complete.

    Raises ConfigError if there is such a file already, OutputError if it cannot be written; then no
    part of it is left.
    """
    check_new(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as scratch:
            part = Path(scratch) / path.name
            with part.open("w", encoding="utf-8", newline="") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: cannot be written ({reason})") from error


def _cell(value: str | int) -> str:
    return defused(_CONTROL.sub(" ", value)) if isinstance(value, str) else str(value)
