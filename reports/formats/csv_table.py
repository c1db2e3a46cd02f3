r"""A table as CSV: UTF-8, RFC 4180 with ``\n``, empty cells for what is missing."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pandas as pd

from reports.cells import column_texts
from reports.contract import ReportFile

__all__ = ["csv_table"]

_ROWS_AT_ONCE = 10_000  # their texts fit into the processor's cache


@contextmanager
def csv_table(
    path: Path, file: ReportFile, *, excel: bool
) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give a function that adds rows to the file; with `excel`, a BOM and no formulas."""
    encoding = "utf-8-sig" if excel else "utf-8"
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(_Rows(stream))
        writer.writerow(file.header)

        def put(rows: pd.DataFrame) -> None:
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                part = rows.iloc[start : start + _ROWS_AT_ONCE]
                columns = (part.iloc[:, index] for index in range(part.shape[1]))
                texts = [column_texts(column, excel=excel) for column in columns]
                writer.writerows(zip(*texts, strict=True))

        yield put


class _Rows:
    r"""Ends rows with ``\n``; csv.writer itself would then leave a ``\r`` inside a cell unquoted.

    The writer calls `write` once for each row.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        self._stream.write(row.removesuffix("\r\n") + "\n")
