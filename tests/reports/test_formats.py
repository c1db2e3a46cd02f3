"""Tables as Parquet and as Excel workbooks, read back by other programs' readers."""

import json
import math
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from collector.errors import OutputError
from reports.contract import FILES, POSTS, Field, ReportFile
from reports.files import writing
from reports.formats.kinds import Format
from reports.formats.xlsx_table import LONGEST_TEXT, MOST_ROWS

ALL = ReportFile(
    "all.csv",
    "A column of each type",
    [
        Field("text", "string", "a text"),
        Field("count", "integer", "a count"),
        Field("share", "number", "a share"),
        Field("flag", "boolean", "a flag"),
        Field("day", "date", "a day"),
        Field("moment", "datetime", "a moment"),
    ],
)
ROW = ("Трамп", 3, 1 / 3, True, date(2025, 11, 5), datetime(2025, 11, 5, 10, 0, 7, tzinfo=UTC))
HOSTILE = [
    "=1+1",
    "+7",
    "@a",
    "https://example.org",
    "{=A1}",
    "<b>&",
    "a\x00b\x1b",
    "_x0041_",
    "😀",
]


def write(directory: Path, rows: list[tuple[object, ...]], *forms: Format) -> Path:
    with writing(directory, formats=forms) as writer:
        writer.write(ALL, rows)
    return directory


def cells(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]


def test_parquet_keeps_types_and_missing_values(tmp_path: Path) -> None:
    write(tmp_path, [ROW, (None,) * 6, ("", None, math.nan, None, None, None)], Format.PARQUET)
    table = parquet.read_table(tmp_path / "all.parquet")
    assert [str(field.type) for field in table.schema] == [
        *("string", "int64", "double", "bool", "date32[day]", "timestamp[us, tz=UTC]")
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == [ROW, (None,) * 6, (None,) * 6]
    assert table.schema.field("day").metadata == {b"description": b"a day"}
    group = parquet.ParquetFile(tmp_path / "all.parquet").metadata.row_group(0)
    assert group.column(0).compression == "ZSTD"


def test_a_frame_is_written_as_its_rows_are(tmp_path: Path) -> None:
    frame = pd.DataFrame([ROW, ROW[:1] + (None,) * 5], columns=ALL.header)
    frame = frame.assign(day=pd.to_datetime(frame["day"]), flag=frame["flag"].astype("boolean"))
    assert frame["count"].dtype == "float64"  # as pandas has numbers of which one is missing
    for name, put in (("frame", frame), ("rows", None)):
        with writing(tmp_path / name, formats=[Format.CSV, Format.PARQUET, Format.XLSX]) as writer:
            if put is None:
                writer.write(ALL, [ROW, ROW[:1] + (None,) * 5])
            else:
                writer.write_frame(ALL, put)
    one, other = tmp_path / "frame", tmp_path / "rows"
    assert (one / "all.csv").read_bytes() == (other / "all.csv").read_bytes()
    assert parquet.read_table(one / "all.parquet") == parquet.read_table(other / "all.parquet")
    assert cells(one / "all.xlsx") == cells(other / "all.xlsx")


@given(rows=st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.integers(0, 2**53))))
def test_any_text_can_be_read_back_from_parquet(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    full = [(text, number, None, None, None, None) for text, number in rows]
    path = write(tmp_path_factory.mktemp("report"), full, Format.PARQUET) / "all.parquet"
    read = [(row["text"] or "", row["count"]) for row in parquet.read_table(path).to_pylist()]
    assert read == rows


def test_a_workbook_has_types_a_frozen_header_and_a_filter(tmp_path: Path) -> None:
    write(tmp_path, [ROW, (None, 0, 0.0, False, None, None)], Format.XLSX)
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    sheet = book["all"]
    header, first, second = sheet.iter_rows()
    assert [cell.value for cell in header] == ALL.header
    moment = datetime(2025, 11, 5, 10, 0, 7)  # noqa: DTZ001 (a sheet has no time zones)
    day = datetime(2025, 11, 5)  # noqa: DTZ001
    assert [cell.value for cell in first] == ["Трамп", 3, pytest.approx(1 / 3), True, day, moment]
    assert [cell.data_type for cell in first] == ["s", "n", "n", "b", "d", "d"]
    assert [cell.value for cell in second] == [None, 0, 0, False, None, None]
    assert first[4].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:F3"
    explained = [[cell.value for cell in row] for row in book["columns"].iter_rows(min_row=2)]
    assert explained[4] == ["day", "date", "a day"]


def test_no_text_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    write(tmp_path, [(text, *ROW[1:]) for text in HOSTILE], Format.XLSX)
    sheet = openpyxl.load_workbook(tmp_path / "all.xlsx")["all"]
    column = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in column} <= {"s", "inlineStr"}
    assert all(cell.hyperlink is None for cell in column)
    unescaped = [openpyxl.utils.escape.unescape(cell.value) for cell in column]
    assert unescaped == HOSTILE


def test_a_text_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    rows = [(text, *ROW[1:]) for text in ("я" * LONGEST_TEXT, "я" * 40_000, "😀" * 20_000)]
    write(tmp_path, rows, Format.XLSX, Format.CSV)
    whole, cut, pairs = (row[0] for row in cells(tmp_path / "all.xlsx")[1:])
    assert whole == "я" * LONGEST_TEXT
    assert cut == "я" * (LONGEST_TEXT - 6) + " [cut]"
    assert pairs == "😀" * ((LONGEST_TEXT - 6) // 2) + " [cut]"
    assert "я" * 40_000 in (tmp_path / "all.csv").read_text(encoding="utf-8")


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path) -> None:
    before = write(tmp_path, [ROW], Format.XLSX) / "all.xlsx"
    content = before.read_bytes()
    one = ReportFile("all.csv", "", [Field("a", "integer", "a")])
    frame = pd.DataFrame({"a": range(MOST_ROWS + 1)})
    with (
        pytest.raises(OutputError, match=r"1,048,575 rows.*--format csv or parquet"),
        writing(tmp_path, formats=[Format.XLSX]) as writer,
    ):
        writer.write_frame(one, frame)
    assert before.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.xlsx", "datapackage.json"]


def test_a_day_that_excel_does_not_know_is_a_text(tmp_path: Path) -> None:
    early = datetime(1605, 1, 1, tzinfo=UTC)
    write(tmp_path, [("a", 1, 1.0, True, date(1899, 12, 31), early)], Format.XLSX)
    assert cells(tmp_path / "all.xlsx")[1][4:] == ["1899-12-31", "1605-01-01T00:00:00+00:00"]


def test_the_package_describes_each_file(tmp_path: Path) -> None:
    with writing(tmp_path, formats=list(Format)) as writer:
        for file in FILES:
            writer.write(file, [])
        writer.write_page("<!DOCTYPE html>")
        names = writer.names
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    resources = package["resources"]
    assert [found["path"] for found in resources] == names
    assert {path.name for path in tmp_path.iterdir()} == {*names, "datapackage.json"}
    assert len({found["name"] for found in resources}) == len(resources) == 13
    assert package["profile"] == "data-package"
    for found in resources:
        is_csv = found["format"] == "csv"
        assert found["path"].endswith(f".{found['format']}")
        assert found["mediatype"]
        assert found["profile"] == ("tabular-data-resource" if is_csv else "data-resource")
        assert ("dialect" in found) == is_csv
        assert ("schema" in found) == (found["format"] != "html")


def test_files_that_the_new_report_lacks_go_but_not_the_users(tmp_path: Path) -> None:
    (tmp_path / "posts.parquet").write_text("mine")
    with writing(tmp_path, formats=list(Format)) as writer:
        writer.write(FILES[0], [])
        writer.write_page("page")
    with writing(tmp_path, formats=[Format.PARQUET]) as writer:
        writer.write(FILES[0], [])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["datapackage.json", "posts.parquet", "stance.parquet"]
    assert (tmp_path / "posts.parquet").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("form", [Format.CSV, Format.PARQUET, Format.XLSX])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, form: Format) -> None:
    def rows(count: int) -> Iterator[list[object]]:
        for number in range(count):
            yield [None] * (len(POSTS.fields) - 3) + [f"{number} {'текст ' * 50}", "m", "r"]

    peaks = []
    for count in (10_000, 25_000):  # of which 5,000 are read while 5,000 are written
        tracemalloc.start()
        with writing(tmp_path, formats=[form]) as writer:
            writer.write(POSTS, rows(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from reports.contract import Field, ReportFile
from reports.files import writing
from reports.formats.kinds import Format

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = ReportFile("two.csv", "", [Field("a", "string", "a"), Field("b", "integer", "b")])
with writing(Path(sys.argv[1]), formats=[Format(sys.argv[2])]) as writer:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    writer.write(file, ((hex(number**20), number) for number in range(10_000)))
"""


@pytest.mark.parametrize("form", [Format.PARQUET, Format.XLSX])
def test_a_disk_that_fills_up_leaves_the_earlier_report(tmp_path: Path, form: Format) -> None:
    write(tmp_path, [ROW], form)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    command = [sys.executable, "-c", FULL_DISK, tmp_path, form]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stderr.strip().splitlines()[-1].startswith("collector.errors.OutputError")
    assert re.search(r"the report cannot be written \(.*File too large\)", result.stderr)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
