"""A table as Apache Parquet: typed columns, JSON as its text, moments as UTC in microseconds."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from collector.moving.cells import Kind, json_text, read_json

__all__ = ["read_parquet", "writing_parquet"]

ROWS_AT_ONCE = 5_000

TYPES = {
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.JSON: pa.string(),
}


@contextmanager
def writing_parquet(
    path: Path, kinds: Mapping[str, Kind]
) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """Give a function that adds rows to a new file, each call a row group of its own."""
    schema = pa.schema([pa.field(name, TYPES[kind]) for name, kind in kinds.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def put(rows: list[dict[str, Any]]) -> None:
            columns = [
                pa.array([shown(row[name], kind) for row in rows], type=TYPES[kind])
                for name, kind in kinds.items()
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))

        yield put


def shown(value: Any, kind: Kind) -> Any:  # noqa: ANN401 (a cell)
    """Return a cell as a value of Arrow."""
    return json_text(value) if kind is Kind.JSON and value is not None else value


def read_parquet(path: Path, kinds: Mapping[str, Kind]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file. Raises ValueError for a type that is not the column's."""
    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        for name, kind in kinds.items():
            if schema.field(name).type != TYPES[kind]:
                raise ValueError(f"column {name} is no {kind}")
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=list(kinds)):
            for row in batch.to_pylist():
                yield {name: read(row[name], kind) for name, kind in kinds.items()}


def read(value: Any, kind: Kind) -> Any:  # noqa: ANN401 (a cell)
    """Return the cell that a value of Arrow stands for."""
    if value is None or kind is Kind.MOMENT:
        return value
    return json.loads(value) if kind is Kind.JSON else read_json(value, kind)
