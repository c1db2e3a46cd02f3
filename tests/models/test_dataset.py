"""Labelled rows: what is read, and what is refused."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import InputError
from models.dataset import read_set, read_texts

ROW = {"text": "Трамп победил", "task": "stance", "label": "favor", "target": "Трамп", "lang": "ru"}


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_rows_are_read_with_their_mentions(tmp_path: Path) -> None:
    (row,) = read_set(written(tmp_path / "a.jsonl", {**ROW, "text": "**Трампа** ждут"})).rows
    assert (row.task, row.label, row.lang) == ("stance", "favor", "ru")
    assert row.passage.marked() == "[T] Трампа [/T] ждут"
    assert row.passage.target == "Трамп"


def test_aliases_of_a_row_are_used(tmp_path: Path) -> None:
    row = {**ROW, "target": "президент США", "aliases": ["Трамп"]}
    (read,) = read_set(written(tmp_path / "a.jsonl", row)).rows
    assert read.passage.mentions == ((0, 5),)


def test_a_target_that_does_not_occur_has_no_mentions(tmp_path: Path) -> None:
    (read,) = read_set(written(tmp_path / "a.jsonl", {**ROW, "target": "погода"})).rows
    assert read.passage.mentions == ()
    assert read.passage.marked() == "Трамп победил"


@given(st.text(max_size=20), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_span_marks_the_same_words_after_reading(
    tmp_path_factory: pytest.TempPathFactory, before: str, target: str, after: str
) -> None:
    text = f"{before}{target}{after}"
    span = [len(before), len(before) + len(target)]
    row = {
        "text": text,
        "task": "target_sentiment",
        "label": "neutral",
        "target": "x",
        "span": span,
    }
    path = written(tmp_path_factory.mktemp("rows") / "a.jsonl", row)
    (read,) = read_set(path).rows
    assert all(0 <= start < end <= len(read.passage.text) for start, end in read.passage.mentions)


def test_a_span_is_followed_through_markup(tmp_path: Path) -> None:
    text = "См. https://example.org/long : **Иванов** прав"
    row = {**ROW, "task": "target_sentiment", "label": "positive", "text": text, "target": "Иванов"}
    start = text.index("Иванов")
    (read,) = read_set(written(tmp_path / "a.jsonl", {**row, "span": [start, start + 6]})).rows
    assert read.passage.marked() == "См. http : [T] Иванов [/T] прав"


def test_gzip_and_blank_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(f"{json.dumps(ROW)}\n\n{json.dumps(ROW)}\n".encode()))
    assert len(read_set(path).rows) == 2


def test_unrelated_and_mixed_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "label": "unrelated"}, {**ROW, "task": "sentiment", "label": "mixed"}]
    read = read_set(written(tmp_path / "a.jsonl", *rows))
    assert len(read.rows) == 1
    assert read.left_out == {("stance", "unrelated"): 1, ("sentiment", "mixed"): 1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": "great"}, "line 2: unknown label 'great' for stance"),
        ({"task": "mood"}, "line 2: task: Input should be 'sentiment', 'stance' or"),
        ({"aliases": "Трамп"}, "line 2: aliases: "),
        ({"span": [3, 90]}, "line 2: span .3, 90. is not within the text"),
        ({"span": [1]}, "line 2: span"),
        ({"target": None}, "line 2: a row about a target needs a target"),
        ({"text": None}, "line 2: "),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read_set(written(tmp_path / "a.jsonl", ROW, {**ROW, **change}))


def test_a_row_without_a_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1: the row has no text"):
        read_set(written(tmp_path / "a.jsonl", {"label": "positive", "task": "sentiment"}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no labelled row"),
        (b"not json\n", "line 1: not JSON"),
        (b"[1, 2]\n", "line 1: "),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"\x1f\x8b\x08\x00broken", "cannot be read"),
    ],
)
def test_a_file_that_is_no_set_is_one_error(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_set(path)


def test_unlabelled_texts_come_as_lines_or_as_json_lines(tmp_path: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("Раз\n\nДва https://example.org\n", encoding="utf-8")
    assert read_texts(plain) == ["Раз", "Два http"]
    assert read_texts(written(tmp_path / "a.jsonl", {"text": "**Три**"})) == ["Три"]
