"""Writes report files so that a reader sees the old ones or the new ones, never half of one."""

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from errno import EISDIR
from pathlib import Path
from typing import TextIO

import pandas as pd

from collector.errors import OutputError
from reports.contract import FILES, PACKAGE, ReportFile, datapackage

__all__ = ["ReportWriter", "writing"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DECIMALS = 6


class ReportWriter:
    """Collects the files of one report in a directory of their own until all are complete."""

    def __init__(self, directory: Path, *, excel: bool) -> None:
        self._directory = directory
        self._excel = excel
        self.files: list[ReportFile] = []

    def write(self, file: ReportFile, rows: Iterable[Sequence[object]]) -> None:
        """Write one CSV file: UTF-8, RFC 4180 with ``\\n``; None and NaN become empty cells."""
        encoding = "utf-8-sig" if self._excel else "utf-8"
        with (self._directory / file.name).open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(_Rows(stream))
            writer.writerow(file.header)
            writer.writerows([self._cell(value) for value in row] for row in rows)
            _sync(stream)
        self.files.append(file)

    def write_frame(self, file: ReportFile, frame: pd.DataFrame) -> None:
        """Write a table whose columns are those of `file`."""
        self.write(file, frame.itertuples(index=False))

    def describe(self) -> None:
        """Write `datapackage.json` for the files written so far."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        package = datapackage(self.files, created=created, bom=self._excel)
        with (self._directory / "datapackage.json").open("w", encoding="utf-8") as stream:
            json.dump(package, stream, ensure_ascii=False, indent=2)
            stream.write("\n")
            _sync(stream)

    def _cell(self, value: object) -> str:
        text = _text(value)
        if self._excel and isinstance(value, str) and text.startswith(_FORMULA_STARTS):
            return f"'{text}"
        return text


class _Rows:
    r"""Ends rows with ``\n``; csv.writer itself would then leave a ``\r`` inside a cell unquoted.

    The writer calls `write` once for each row.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        self._stream.write(row.removesuffix("\r\n") + "\n")


@contextmanager
def writing(directory: Path, *, excel: bool = False) -> Iterator[ReportWriter]:
    """Write the files of a report, then move all of them to `directory`.

    Raises OutputError when that fails (a full disk, no permission); what stood in `directory`
    before is then left as it was.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".writing-") as scratch:
            writer = ReportWriter(Path(scratch), excel=excel)
            yield writer
            writer.describe()
            _replace(Path(scratch), directory)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{directory}: the report cannot be written ({reason}); earlier files are unchanged"
        ) from error


def _replace(new: Path, directory: Path) -> None:
    """Move all files of a report to `directory`, and remove those that only the last one had."""
    names = {path.name for path in new.iterdir()}
    in_the_way = [name for name in names if (directory / name).is_dir()]
    if in_the_way:
        raise IsADirectoryError(EISDIR, f"{in_the_way[0]} is a directory")
    outdated = _last_report(directory) - names
    for name in sorted(names):
        (new / name).replace(directory / name)
    for name in outdated:
        (directory / name).unlink(missing_ok=True)


def _last_report(directory: Path) -> set[str]:
    """Return our files in `directory`, by its data package: a file of the user's is not ours."""
    try:
        package = json.loads((directory / "datapackage.json").read_text(encoding="utf-8"))
        paths = {resource["path"] for resource in package["resources"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return paths & {file.name for file in FILES} if package.get("name") == PACKAGE else set()


def _sync(stream: TextIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _text(value: object) -> str:  # noqa: PLR0911 (one line a type)
    if isinstance(value, str):
        return value
    if value is None or value is pd.NaT or value != value:  # noqa: PLR0124 (NaN is not itself)
        return ""
    if isinstance(value, float):
        rounded = round(value, _DECIMALS) + 0.0  # which turns -0.0 into 0.0
        return f"{rounded:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if str(value) in {"True", "False"}:  # also NumPy's
        return str(value).lower()
    return str(value)
