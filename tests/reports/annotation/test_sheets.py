"""Sheets, as they are written and as people give them back."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import ConfigError, InputError, OutputError
from models.reading import read
from reports.annotation.comparing import same_text
from reports.annotation.sheet_reading import Sheet, read_sheet
from reports.annotation.sheets import COLUMNS, LONGEST_TEXT, new_sheet, write_sheet

HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1 за Трампа",
    "-\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "@user, Трамп",
    "'=уже с апострофом",
    'кавычки ""; точка с запятой;\tтабуляция, и\nстрока',
    "<script>alert(1)</script> [x](javascript:alert(1))",
    "\x1b[31mred\x00",
    "\u202eсправа налево",
    "Ї" * 100_000,
    "Ґанок, їжак, é, №, ½, 👍🏽",
]


def rows_of(texts: Sequence[str]) -> list[dict[str, str | int]]:
    empty: dict[str, str | int] = dict.fromkeys(COLUMNS, "")
    return [empty | {"item": n, "text": text, "label": "за"} for n, text in enumerate(texts, 1)]


def written(path: Path, texts: Sequence[str], delimiter: str | None) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        cut = [text[:LONGEST_TEXT] for text in texts]
        write_sheet(stream, rows_of(cut), COLUMNS, delimiter=delimiter)
    return path


def check(sheet: Sheet, texts: Sequence[str]) -> None:
    assert sheet.problems == []
    assert [row.item for row in sheet.rows] == [str(n) for n in range(1, len(texts) + 1)]
    assert {row.label for row in sheet.rows} <= {"за"}
    for row, text in zip(sheet.rows, texts, strict=True):
        assert row.text is not None
        assert same_text(text, row.text, narrow=sheet.narrow)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", None])
def test_hostile_texts_come_back(tmp_path: Path, delimiter: str | None) -> None:
    texts = [read(text) for text in HOSTILE]
    check(read_sheet(written(tmp_path / "sheet", texts, delimiter)), texts)


@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"])).map(read), min_size=1, max_size=5
    ),
    delimiter=st.sampled_from([",", ";", "\t", None]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    delimiter: str | None,
    encoding: str,
    line_end: str,
) -> None:
    stream = io.StringIO()
    write_sheet(stream, rows_of(texts), COLUMNS, delimiter=delimiter)
    saved = stream.getvalue().removeprefix("\ufeff").replace("\n", line_end)
    path = tmp_path_factory.mktemp("sheet") / "sheet"
    path.write_bytes(saved.encode(encoding))
    check(read_sheet(path), texts)


def test_a_spreadsheet_opens_it_and_runs_nothing(tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if "\x00" not in text]
    path = written(tmp_path / "sheet.csv", texts, ",")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == len(texts)
    for text in table["text"]:
        assert not text.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert len(text) <= 32_767
        assert not set(text) & set(map(chr, range(9)))


def test_pandas_can_give_it_back(tmp_path: Path) -> None:
    texts = [read(text) for text in HOSTILE]
    table = pd.read_csv(written(tmp_path / "sheet.csv", texts, ","), keep_default_na=False)
    table.to_csv(tmp_path / "back.csv", sep=";", index=False)
    check(read_sheet(tmp_path / "back.csv"), texts)
    table.to_json(tmp_path / "back.jsonl", orient="records", lines=True)
    check(read_sheet(tmp_path / "back.jsonl"), texts)


@pytest.mark.parametrize("accented", ["e", "?"])
def test_excel_saves_cyrillic_in_its_own_encoding(tmp_path: Path, accented: str) -> None:
    text = "«Трамп» — це ґанок, їжак, №5 … 👍🏽 é"
    saved = f'item;label;text\r\n1;за;"{text}"\r\n'
    path = tmp_path / "sheet.csv"
    best_fit = saved.replace("é", accented).replace("👍🏽", "????")
    path.write_bytes(best_fit.encode("cp1251"))
    sheet = read_sheet(path)
    assert sheet.narrow
    assert same_text(text, sheet.rows[0].text or "", narrow=True)
    assert not same_text("«Трамп» — це ганок", sheet.rows[0].text or "", narrow=True)
    assert sheet.rows[0].label == "за"


def test_rows_are_numbered_as_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text('sep=;\nItem;Label \n"1";"a\nb"\n\n3;за;;\n4;за;more\n5\n', encoding="utf-8")
    sheet = read_sheet(path)
    assert [(row.number, row.item, row.label) for row in sheet.rows] == [
        (3, "1", "a\nb"),
        (5, "3", "за"),
        (7, "5", ""),
    ]
    assert [tuple(problem) for problem in sheet.problems] == [
        (6, "has 3 cells where the header has 2")
    ]


def test_broken_json_lines_are_named_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "sheet.jsonl"
    rows = [
        json.dumps({"item": 1, "label": None}),
        "{broken",
        "[1]",
        "",
        '{"item": 2, "label": "за"}',
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    sheet = read_sheet(path)
    assert [(row.number, row.item, row.label) for row in sheet.rows] == [
        (1, "1", ""),
        (5, "2", "за"),
    ]
    assert [problem.row for problem in sheet.problems] == [2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"item;text\n1;x\n", "no column 'label'"),
        (b"item,label,label\n1,a,a\n", "two columns 'label'"),
        (b'{"item": 1}\n', "no column 'label'"),
        (b'item,label\n1,"opened\n2,favor\n', "line 3: is no CSV"),
        (b"PK\x03\x04\x98\x00", "is no text file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_sheet(path)


def test_a_new_sheet_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    path.write_text("labels of a week")
    with pytest.raises(ConfigError, match="already there"), new_sheet(path):
        pass
    assert path.read_text() == "labels of a week"


def write_half(path: Path) -> None:
    with new_sheet(path) as stream:
        stream.write("half of it")
        raise OSError(28, "No space left on device")


def test_a_sheet_that_cannot_be_completed_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gold.csv"
    with pytest.raises(OutputError, match="No space left"):
        write_half(path)
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(OutputError, match="cannot be written"),
        new_sheet(tmp_path / "no" / "a.csv"),
    ):
        pass


def test_csv_is_as_the_standard_has_it(tmp_path: Path) -> None:
    path = written(tmp_path / "sheet.csv", ['a "quoted", text\nof two lines'], ",")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        [row] = csv.DictReader(stream)
    assert row["text"] == 'a "quoted", text\nof two lines'
