"""Writes the files of a report, in the formats asked for, all of them or none."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from reports.contract import ReportFile
from reports.datapackage import (
    NAME,
    PAGE,
    datapackage,
    described_files,
    file_name,
    page_resource,
    resource,
)
from reports.formats.csv_table import csv_table
from reports.formats.kinds import Format
from reports.replacing import replacing, require_free

__all__ = ["ReportWriter", "writing"]

_ROWS_AT_ONCE = 5_000  # of rows that come as a stream, which may hold long texts

_Put = Callable[[pd.DataFrame], None]


class ReportWriter:
    """Collects the files of one report in a directory of their own until all are complete.

    `destination` is where they go then.
    """

    def __init__(
        self, directory: Path, destination: Path, formats: Collection[Format], *, excel: bool
    ) -> None:
        self._directory = directory
        self._destination = destination
        self._formats = [form for form in Format if form in formats and form.is_table]
        self._excel = excel
        self._resources: list[dict[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """The files written so far."""
        return [found["path"] for found in self._resources]

    def write(self, file: ReportFile, rows: Iterable[Sequence[object]]) -> None:
        """Write one table, of which few rows at a time are in memory.

        None and NaN are missing values. Raises OutputError where a format cannot hold it.
        """
        parts = (pd.DataFrame(part, columns=file.header, dtype=object) for part in _batches(rows))
        self._write(file, parts)

    def write_frame(self, file: ReportFile, frame: pd.DataFrame) -> None:
        """Write a table whose columns are those of `file`."""
        self._write(file, [frame])

    def write_page(self, html: str) -> None:
        """Write the page."""
        (self._directory / PAGE).write_text(html, encoding="utf-8", newline="\n")
        self._resources.append(page_resource())

    def require_free(self) -> None:
        """Raise IsADirectoryError where a directory is in the way of a file written so far."""
        require_free(self._destination, [*self.names, NAME])

    def describe(self) -> None:
        """Write `datapackage.json` for the files written so far."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        package = datapackage(self._resources, created=created)
        text = json.dumps(package, ensure_ascii=False, indent=2)
        (self._directory / NAME).write_text(f"{text}\n", encoding="utf-8", newline="\n")

    def _write(self, file: ReportFile, parts: Iterable[pd.DataFrame]) -> None:
        with ExitStack() as tables:
            puts = [tables.enter_context(self._table(file, form)) for form in self._formats]
            for part in parts if puts else ():
                for put in puts:
                    put(part)
        self._resources += [resource(file, form, bom=self._excel) for form in self._formats]

    def _table(self, file: ReportFile, form: Format) -> AbstractContextManager[_Put]:
        path = self._directory / file_name(file, form)
        match form:
            case Format.PARQUET:  # its package, and that of the next, need not be installed
                from reports.formats.parquet_table import parquet_table  # noqa: PLC0415

                return parquet_table(path, file)
            case Format.XLSX:
                from reports.formats.xlsx_table import xlsx_table  # noqa: PLC0415 (as above)

                return xlsx_table(path, file)
        return csv_table(path, file, excel=self._excel)


@contextmanager
def writing(
    directory: Path, *, formats: Collection[Format] = (Format.CSV,), excel: bool = False
) -> Iterator[ReportWriter]:
    """Write the files of a report, then move all of them to `directory`.

    Raises OutputError when that fails (a full disk, no permission); what stood in `directory`
    before is then left as it was.
    """
    with replacing(directory, "the report", described_files) as scratch:
        writer = ReportWriter(scratch, directory, formats, excel=excel)
        yield writer
        writer.describe()


def _batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _ROWS_AT_ONCE)):
        yield batch
