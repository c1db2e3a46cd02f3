"""A table as an Excel workbook: one sheet of rows, and one that explains the columns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from collector.errors import OutputError
from reports.contract import Field, ReportFile

__all__ = ["LONGEST_TEXT", "MOST_ROWS", "xlsx_table"]

MOST_ROWS = 1_048_575  # below the header; Excel's limit, like that of a cell
LONGEST_TEXT = 32_767  # UTF-16 units
_CUT = " [cut]"

_EARLIEST_YEAR = 1900  # Excel knows no day before it
_NARROWEST, _WIDEST = 10, 60
_WIDTHS = {"date": 12, "datetime": 19, "boolean": 10, "integer": 10, "number": 10}
_FORMATS = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "number": "0.000"}
_FOR_FILTER = 4  # characters that the filter's button takes in the header


@contextmanager
def xlsx_table(path: Path, file: ReportFile) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give a function that adds rows to the workbook.

    Texts stay texts: none becomes a formula, a link or a number. Moments are UTC. A text that is
    longer than a cell may hold is cut, and ends in "[cut]". Rows go to a temporary file beside
    `path`, so memory does not grow with them. Raises OutputError for more rows than a sheet holds,
    OSError where the file cannot be written.
    """
    with TemporaryDirectory(dir=path.parent) as scratch, _workbook(path, scratch) as workbook:
        sheet = _Sheet(workbook, file)
        yield sheet.put
        sheet.finish()
        _explain(workbook, file)


@contextmanager
def _workbook(path: Path, scratch: str) -> Iterator[Workbook]:
    """Give a workbook that forgets rows as they are written, and leaves no open file behind."""
    workbook = Workbook(str(path), {"constant_memory": True, "tmpdir": scratch, "use_zip64": True})
    try:
        yield workbook
        workbook.close()
    except FileCreateError as error:  # XlsxWriter's wrapping of what the system said
        raise error.args[0] from error
    finally:
        for sheet in workbook.worksheets():
            sheet.row_data_fh.close()


class _Sheet:
    """The rows of the table."""

    def __init__(self, workbook: Workbook, file: ReportFile) -> None:
        self._file = file
        self._stem = Path(file.name).stem
        self._sheet: Worksheet = workbook.add_worksheet(self._stem)
        self._next_row = 1
        self._widths = [
            max(_WIDTHS.get(field.type, _NARROWEST), len(field.name) + _FOR_FILTER)
            for field in file.fields
        ]
        head = workbook.add_format({"bold": True, "bottom": 1})
        formats = {
            kind: workbook.add_format({"num_format": form}) for kind, form in _FORMATS.items()
        }
        self._cells = [_cell_writer(self._sheet, field, formats) for field in file.fields]
        for column, name in enumerate(file.header):
            self._sheet.write_string(0, column, name, head)

    def put(self, rows: pd.DataFrame) -> None:
        if self._next_row + len(rows) - 1 > MOST_ROWS:
            raise OutputError(
                f"{self._stem}.xlsx: a sheet holds {MOST_ROWS:,} rows, and this table has more: "
                "choose --format csv or parquet, a longer --period, or a later --since; earlier "
                "files are unchanged"
            )
        if self._next_row == 1:
            self._fit(rows)
        columns = (rows.iloc[:, index].astype(object) for index in range(rows.shape[1]))
        for values in zip(*(column.tolist() for column in columns), strict=True):
            for column, value in enumerate(values):
                if not _is_missing(value):
                    self._cells[column](self._next_row, column, value)
            self._next_row += 1

    def finish(self) -> None:
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, width)
        self._sheet.freeze_panes(1, 0)
        self._sheet.autofilter(0, 0, max(self._next_row - 1, 1), len(self._widths) - 1)

    def _fit(self, rows: pd.DataFrame) -> None:
        """Make columns of texts as wide as the first rows need, within limits."""
        for column, field in enumerate(self._file.fields):
            if field.type == "string":
                lengths = [len(str(value)) for value in rows.iloc[:1_000, column].tolist()]
                widest = min(max(lengths, default=0) + 1, _WIDEST)
                self._widths[column] = max(self._widths[column], widest)


def _cell_writer(
    sheet: Worksheet, field: Field, formats: dict[str, CellFormat]
) -> Callable[[int, int, Any], object]:
    """Return what writes one value of a column; XlsxWriter's own `write` guesses types."""
    cell_format = formats.get(field.type)

    def text(row: int, column: int, value: Any) -> object:  # noqa: ANN401 (a value of any kind)
        return sheet.write_string(row, column, _fitting(str(value)))

    def number(row: int, column: int, value: Any) -> object:  # noqa: ANN401 (cells of all kinds)
        return sheet.write_number(row, column, value, cell_format)

    def moment(row: int, column: int, value: Any) -> object:  # noqa: ANN401 (cells of all kinds)
        if value.year < _EARLIEST_YEAR:
            return text(row, column, value.isoformat())
        return sheet.write_datetime(row, column, _naive(value), cell_format)

    def boolean(row: int, column: int, value: Any) -> object:  # noqa: ANN401 (cells of all kinds)
        return sheet.write_boolean(row, column, bool(value))

    by_type = {"date": moment, "datetime": moment, "boolean": boolean}
    by_type |= {"integer": number, "number": number}
    return by_type.get(field.type, text)


def _explain(workbook: Workbook, file: ReportFile) -> None:
    """Add a sheet that says what each column holds: a workbook travels without its neighbours."""
    sheet = workbook.add_worksheet("columns")
    sheet.set_column(0, 1, 30)
    sheet.set_column(2, 2, 120)
    rows = [("column", "type", "what it holds")]
    rows += [(field.name, field.type, field.description) for field in file.fields]
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value or value == ""  # noqa: PLR0124 (NaN is not itself)


def _naive(value: date) -> date:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _fitting(text: str) -> str:
    """Cut a text to what a cell holds, counted as Excel counts."""
    if len(text) * 2 <= LONGEST_TEXT:  # at most two units a character
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_TEXT:
        return text
    kept = units[: 2 * (LONGEST_TEXT - len(_CUT))].decode("utf-16-le", errors="ignore")
    return kept + _CUT
