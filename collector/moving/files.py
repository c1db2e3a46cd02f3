"""The files of tables, in each of the forms that an archive can be exported in."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from collector.errors import ConfigError, InputError
from collector.moving.cells import (
    Kind,
    json_text,
    read_json,
    read_text,
    shown_json,
    shown_text,
)

__all__ = ["Form", "Kinds", "Rows", "read_rows", "require", "writing_rows"]

Kinds = Mapping[str, Kind]
Rows = list[dict[str, Any]]
Put = Callable[[Rows], None]

LONGEST_LINE = 64_000_000  # bytes


class Form(StrEnum):
    """A form of files; its value is also their extension."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def require(form: Form) -> None:
    """Raise ConfigError, with the way out, where a form cannot be written or read here."""
    if form is Form.PARQUET:
        try:
            import_module("pyarrow")
        except ImportError as error:
            raise ConfigError('Parquet needs the extra: pip install "tgstance[parquet]"') from error


def writing_rows(path: Path, form: Form, kinds: Kinds) -> AbstractContextManager[Put]:
    """Give a function that adds rows to a new file."""
    if form is Form.PARQUET:
        from collector.moving.parquet_files import writing_parquet  # noqa: PLC0415 (as above)

        return writing_parquet(path, kinds)
    return writing_jsonl(path, kinds) if form is Form.JSONL else writing_csv(path, kinds)


def read_rows(path: Path, form: Form, kinds: Kinds) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, with the columns of `kinds`.

    Raises InputError, with the number of the row, for what is not of the column's kind.
    """
    number = 0
    try:
        for row in reading(path, form, kinds):
            yield row
            number += 1
    except (ValueError, TypeError, KeyError, RecursionError, csv.Error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}, after row {number}: cannot be read ({reason})") from error


def reading(path: Path, form: Form, kinds: Kinds) -> Iterable[dict[str, Any]]:
    """Yield the rows of a file."""
    if form is Form.PARQUET:
        from collector.moving.parquet_files import read_parquet  # noqa: PLC0415 (as above)

        return read_parquet(path, kinds)
    return read_jsonl(path, kinds) if form is Form.JSONL else read_csv(path, kinds)


@contextmanager
def writing_jsonl(path: Path, kinds: Kinds) -> Iterator[Put]:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:

        def put(rows: Rows) -> None:
            stream.writelines(
                json_text({name: shown_json(row[name], kind) for name, kind in kinds.items()})
                + "\n"
                for row in rows
            )

        yield put


def read_jsonl(path: Path, kinds: Kinds) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of JSON lines."""
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise ValueError("a line is too long")
            values = json.loads(line)
            yield {name: read_json(values[name], kind) for name, kind in kinds.items()}


@contextmanager
def writing_csv(path: Path, kinds: Kinds) -> Iterator[Put]:
    """Write RFC 4180, with \\N for what is missing: an empty text is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(kinds)

        def put(rows: Rows) -> None:
            writer.writerows(
                [shown_text(row[name], kind) for name, kind in kinds.items()] for row in rows
            )

        yield put


def read_csv(path: Path, kinds: Kinds) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of CSV."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if None in row or None in row.values():
                raise ValueError("the row has not as many cells as the header")
            yield {name: read_text(row[name], kind) for name, kind in kinds.items()}
