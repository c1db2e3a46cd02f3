"""How report files are written, and what remains when they cannot be."""

import csv
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import OutputError
from reports.contract import POSTS, SENTIMENT, STANCE, Field, ReportFile
from reports.files import writing

TWO = ReportFile("two.csv", "Two columns", [Field("a", "string", "a"), Field("b", "number", "b")])


def write(directory: Path, rows: list[tuple[object, ...]], *, excel: bool = False) -> bytes:
    with writing(directory, excel=excel) as writer:
        writer.write(TWO, rows)
    return (directory / "two.csv").read_bytes()


def test_empty_means_missing_and_zero_means_zero(tmp_path: Path) -> None:
    rows = [(None, 0), ("", math.nan), (pd.NaT, 0.0), ("x", -0.5)]
    assert write(tmp_path, rows) == b"a,b\n,0\n,\n,0\nx,-0.5\n"


def test_values_are_written_in_the_contracts_form(tmp_path: Path) -> None:
    moment = datetime(2025, 11, 5, 10, 0, 7, tzinfo=UTC)
    rows = [
        (moment, 1 / 3),
        (pd.Timestamp("2025-11-05"), True),
        ("Трамп", False),
        (1, 1e-9),
        (2, -1e-9),
    ]
    assert write(tmp_path, rows).decode() == (
        "a,b\n2025-11-05T10:00:07Z,0.333333\n2025-11-05,true\nТрамп,false\n1,0\n2,0\n"
    )


@given(rows=st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.integers())))
def test_any_text_can_be_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]
) -> None:
    written = write(tmp_path_factory.mktemp("report"), rows).decode()
    header, *read = list(csv.reader(io.StringIO(written, newline="")))
    assert header == ["a", "b"]
    assert read == [[str(value) for value in row] for row in rows]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_excel_gets_a_bom_and_no_formula(tmp_path: Path, start: str) -> None:
    content = write(tmp_path, [(f"{start}cmd|' /C calc'!A0", -1)], excel=True)
    assert content.startswith(b"\xef\xbb\xbf")
    (_, (text, number)) = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert text == f"'{start}cmd|' /C calc'!A0"
    assert number == "-1"


@pytest.mark.parametrize("file", [STANCE, SENTIMENT, POSTS], ids=lambda file: file.name)
def test_the_datapackage_describes_the_header(tmp_path: Path, file: ReportFile) -> None:
    with writing(tmp_path) as writer:
        writer.write(file, [])
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    (resource_,) = package["resources"]
    header = (tmp_path / resource_["path"]).read_text(encoding="utf-8").strip().split(",")
    assert [field["name"] for field in resource_["schema"]["fields"]] == header
    assert all(field["description"] for field in resource_["schema"]["fields"])
    assert resource_["encoding"] == "utf-8"


def test_a_report_that_fails_half_way_leaves_the_earlier_one(tmp_path: Path) -> None:
    before = write(tmp_path, [("old", 1)])

    def rows() -> Iterator[tuple[object, ...]]:
        yield "new", 2
        raise RuntimeError

    with pytest.raises(RuntimeError), writing(tmp_path) as writer:
        writer.write(TWO, rows())
    assert (tmp_path / "two.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["datapackage.json", "two.csv"]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from reports.contract import Field, ReportFile
from reports.files import writing

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
two = ReportFile("two.csv", "", [Field("a", "string", "a"), Field("b", "number", "b")])
with writing(Path(sys.argv[1])) as writer:
    writer.write(two, (("x" * 100, number) for number in range(10_000)))
"""


def test_a_disk_that_fills_up_leaves_the_earlier_report(tmp_path: Path) -> None:
    before = write(tmp_path, [("old", 1)])
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path], capture_output=True, text=True, check=False
    )
    assert "OutputError" in result.stderr
    assert f"{tmp_path}: the report cannot be written" in result.stderr
    assert (tmp_path / "two.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["datapackage.json", "two.csv"]


def test_what_a_killed_report_left_goes_after_a_day(tmp_path: Path) -> None:
    left, others = tmp_path / ".writing-old", tmp_path / ".writing-now"
    for directory in (left, others):
        directory.mkdir()
        (directory / "two.csv").write_text("half")
    os.utime(left, (0, 0))
    write(tmp_path, [("new", 1)])
    assert not left.exists()
    assert others.exists()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file/reports: the report cannot be written"):
        write(tmp_path / "file" / "reports", [])
