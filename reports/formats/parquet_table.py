"""A table as Apache Parquet: typed columns, zstd, in row groups."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from reports.contract import Field, ReportFile

__all__ = ["parquet_table"]

_ROWS_IN_GROUP = 100_000

_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}


@contextmanager
def parquet_table(path: Path, file: ReportFile) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give a function that adds rows to the file, each call in row groups of its own.

    What is missing is null; an empty text is missing, as it is in the CSV.
    """
    schema = _schema(file)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def put(rows: pd.DataFrame) -> None:
            columns = [
                _column(rows.iloc[:, index], field) for index, field in enumerate(file.fields)
            ]
            table = pa.Table.from_arrays(columns, schema=schema)
            writer.write_table(table, row_group_size=_ROWS_IN_GROUP)

        yield put


def _schema(file: ReportFile) -> pa.Schema:
    fields = [
        pa.field(field.name, _TYPES[field.type], metadata={"description": field.description})
        for field in file.fields
    ]
    return pa.schema(fields, metadata={"title": file.title})


def _column(values: "pd.Series[Any]", field: Field) -> pa.Array:
    column = pa.array(values, type=_TYPES[field.type], from_pandas=True)
    if field.type == "string":
        return pc.replace_with_mask(column, pc.equal(column, ""), pa.scalar(None, pa.string()))
    return column
