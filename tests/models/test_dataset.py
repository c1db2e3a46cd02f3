"""Labelled rows: what is read, and what is refused."""

import gzip
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import InputError
from models.dataset import LabelledRow, read_set, read_sets, read_texts

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
        ({"label": "great"}, "line 2: unknown label 'great' for stance: one of against, neutral"),
        ({"label": "great"}, "--label great=against"),
        ({"label": True}, "line 2: label: "),
        ({"label": 1}, "line 2: unknown label '1' for stance"),
        ({"label": float("nan")}, "line 2: label: "),
        ({"text": "\ud800"}, "line 2: it holds half of a character"),
        ({"lang": "\ud800"}, "line 2: it holds half of a character"),
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
        (b"[1, 2]\n", "line 1: not a JSON object"),
        (b'"text"\n', "line 1: not a JSON object"),
        (b'{"text": "a", "text": "b"}\n', "line 1: the row has 'text' twice"),
        (b"[" * 100_000, "line 1: not JSON"),
        (b"1" * 5_000, "line 1: not JSON"),
        (gzip.compress(b"x" * 999, mtime=0)[:12] + b"broken" * 9, "cannot be read"),
        (gzip.compress(b"x" * 999, mtime=0)[:-9], "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"\x1f\x8b\x08\x00broken", "cannot be read"),
    ],
)
def test_a_file_that_is_no_set_is_one_error(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_set(path)


def test_what_a_row_belongs_to_is_read(tmp_path: Path) -> None:
    given = {"source": "written", "post_id": "w-1", "group": 3, "phenomenon": "irony"}
    (row,) = read_set(written(tmp_path / "a.jsonl", {**ROW, **given})).rows
    assert (row.source, row.post_id, row.group, row.phenomenon) == ("written", "w-1", "3", "irony")
    assert row.passage.language == "ru"
    without = {"source": None, "post_id": float("nan"), "lang": None}
    (row,) = read_set(written(tmp_path / "b.jsonl", {**ROW, **without})).rows
    assert (row.source, row.post_id, row.group, row.lang) == ("", "", "", "")
    assert row.passage.language is None
    assert row.passage.claim is False


@pytest.mark.parametrize(
    ("lang", "code"),
    [
        ("ru", "ru"),
        ("RU", "ru"),
        ("rus", "ru"),
        ("ru-RU", "ru"),
        (" uk_UA ", "uk"),
        ("Ukr", "uk"),
        ("eng-US", "en"),
        ("DE", "de"),
        ("bel", "bel"),
    ],
)
def test_a_language_is_put_in_two_letters(tmp_path: Path, lang: str, code: str) -> None:
    mood = {**ROW, "task": "sentiment", "label": "neutral"}
    rows = [{**row, "lang": lang} for row in (ROW, mood)]
    for row in read_set(written(tmp_path / "a.jsonl", *rows)).rows:
        assert (row.lang, row.passage.language) == (code, code)


@pytest.mark.parametrize("lang", ["", " ", "-"])
def test_an_empty_language_is_none(tmp_path: Path, lang: str) -> None:
    (row,) = read_set(written(tmp_path / "a.jsonl", {**ROW, "lang": lang})).rows
    assert (row.lang, row.passage.language) == ("", None)


@pytest.mark.parametrize("field", ["target_type", "phenomenon"])
def test_a_claim_is_known_as_one(tmp_path: Path, field: str) -> None:
    claim = {**ROW, "target": "выборы были честными", field: "claim"}
    mood = {**ROW, "task": "sentiment", "label": "neutral", field: "claim"}
    rows = read_set(written(tmp_path / "a.jsonl", claim, mood)).rows
    assert [row.passage.claim for row in rows] == [True, False]


def test_labels_of_others_are_mapped(tmp_path: Path) -> None:
    labels = {"1": "favor", "-1": "against", "SKIP": "unrelated", "neutral": "favor"}
    given = [1, -1.0, "1", "skip", "Neutral", "AGAINST", "anti", "Pro"]
    path = written(tmp_path / "a.jsonl", *({**ROW, "label": label} for label in given))
    read = read_set(path, labels)
    expected = ["favor", "against", "favor", "favor", "against", "against", "favor"]
    assert [row.label for row in read.rows] == expected
    assert read.left_out == {("stance", "unrelated"): 1}


def test_a_label_is_put_in_the_words_of_its_task(tmp_path: Path) -> None:
    mood = {"text": "Погода", "task": "sentiment", "label": "1"}
    path = written(tmp_path / "a.jsonl", mood, {**ROW, "label": "1"})
    assert [row.label for row in read_set(path, {"1": "favor"}).rows] == ["positive", "favor"]


def test_rows_with_nothing_to_read_are_left_out_and_counted(tmp_path: Path) -> None:
    texts = ["", " \n", "https://example.org", "Трамп победил"]
    path = written(tmp_path / "a.jsonl", *({**ROW, "text": text} for text in texts))
    read = read_sets([path, path])
    assert len(read.rows) == 2
    assert read.empty == {"stance": 6}
    with pytest.raises(InputError, match="no labelled row"):
        read_set(written(tmp_path / "b.jsonl", {**ROW, "text": ""}))


def test_a_text_of_100_000_characters_is_read(tmp_path: Path) -> None:
    text = "слово " * 17_000 + "Трамп"
    (row,) = read_set(written(tmp_path / "a.jsonl", {**ROW, "text": text})).rows
    assert len(row.passage.text) > 100_000
    assert len(row.passage.mentions) == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_byte_order_mark_and_lines_of_windows_are_read(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps(ROW, ensure_ascii=False)
    path.write_bytes(pack(b"\xef\xbb\xbf" + f"{line}\r\n\r\n{line}\r\n".encode()))
    assert [row.label for row in read_set(path).rows] == ["favor", "favor"]


def test_unlabelled_texts_come_as_lines_or_as_json_lines(tmp_path: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("Раз\n\nДва https://example.org\n", encoding="utf-8")
    assert read_texts(plain) == ["Раз", "Два http"]
    assert read_texts(written(tmp_path / "a.jsonl", {"text": "**Три**"})) == ["Три"]
    (tmp_path / "b.jsonl").write_text(f"\n \n{json.dumps(ROW)}\n", encoding="utf-8")
    assert read_texts(tmp_path / "b.jsonl") == ["Трамп победил"]
    (tmp_path / "c.jsonl").write_text("\n{}\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: the row has no text"):
        read_texts(tmp_path / "c.jsonl")
    (tmp_path / "d.jsonl").write_text('{"text": "\\ud83d halved"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 1: it holds half of a character"):
        read_texts(tmp_path / "d.jsonl")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_nothing_of_a_pipe_is_lost(pack: Callable[[bytes], bytes]) -> None:
    lines = b"".join(
        b'{"text": "day %d", "task": "sentiment", "label": "pos"}\n' % n for n in range(3_000)
    )
    assert [len(read(pipe(pack(lines)))) for read in (read_texts, rows_of)] == [3_000, 3_000]
    assert len(read_texts(pipe(pack(b"a day\n" * 30_000)))) == 30_000


def rows_of(path: Path) -> list[LabelledRow]:
    return read_set(path).rows


def pipe(content: bytes) -> Path:
    """Return what a shell hands over for <(...)."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as stream:
            stream.write(content)

    threading.Thread(target=write, daemon=True).start()
    return Path(f"/dev/fd/{reading}")


def test_posts_of_files_without_a_source_are_kept_apart(tmp_path: Path) -> None:
    unnamed, named = {**ROW, "post_id": 1}, {**ROW, "post_id": 1, "source": "set"}
    paths = [written(tmp_path / name, unnamed, named) for name in ("a.jsonl", "b.jsonl")]
    sources = [row.source for row in read_sets(paths).rows]
    assert sources == [str(paths[0]), "set", str(paths[1]), "set"]


@pytest.mark.parametrize("field", ["target_type", "aliases", "span", "lang", "group", "phenomenon"])
def test_nan_in_an_optional_field_is_nothing(tmp_path: Path, field: str) -> None:
    plain = read_set(written(tmp_path / "a.jsonl", ROW | {field: None}))
    assert read_set(written(tmp_path / "b.jsonl", ROW | {field: float("nan")})) == plain
    mood = {"text": "a", "task": "sentiment", "label": "positive", "target": float("nan")}
    assert len(read_set(written(tmp_path / "c.jsonl", mood)).rows) == 1
