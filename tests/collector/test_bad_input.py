"""Files that are not what they claim, and records that cannot be read."""

import gzip
import os
from pathlib import Path

import pytest

from collector.archive import Archive
from collector.errors import InputError
from tests.collector.archived import (
    all_channels,
    all_posts,
    chat,
    desktop,
    dump,
    jsonl,
    message,
    row,
    run,
    texts,
    write,
)

HEADER = "message_id,date,text,channel_id\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n\n ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (jsonl([row()]).encode("utf-16"), "UTF-16.*save it as UTF-8"),
        (jsonl([row(), row(2)]).encode("cp1251"), "not one post.*line 1.*not UTF-8"),
        (desktop(chat(message(), name="News")).encode("cp1251"), "not one post.*not UTF-8"),
        ((HEADER + "1,2024-11-01,слово,5\n").encode("cp1251"), "not one post.*not UTF-8"),
        (b'{"name": "x", "list": []}', "not one post.*has no text"),
        (b'{\n "name": "x",\n "list": []\n}', "no messages of a Telegram export"),
        (b'{\n "name": "x",\n "type": "public_ch', "breaks off"),
        (desktop(chat(message())).encode()[:150], "breaks off: after its beginning"),
        (b"[]", "JSON array; write one object a line"),
        (b"<!DOCTYPE html><html>", 'HTML.*"Machine-readable JSON"'),
        (b"Dear sir,\nhow are you?\n", "neither a Telegram export.*lacks message_id or id"),
        (b"id,date,channel\n1,2,3\n", "lacks text"),
        (b"id,date,text\n1,2,3\n", "lacks channel_id or channel"),
        (b"id,date,text,channel,text\n", "same name"),
        (b'{"message_id": 1}\n{"message_id": \n', "not one post could be read; line 1"),
        (HEADER.encode() + b"x,y,z\n", "not one post could be read; line 2: has 3 cells"),
        (gzip.compress(os.urandom(1000))[:-500], "breaks off"),
        (b"\x1f\x8bnonsense", "breaks off"),
        (desktop(chat(message(), type="private_supergroup")).encode(), "private_supergroup.*only"),
        (desktop(chat(message(), type="personal_chat")).encode(), "personal_chat.*only channels"),
        (desktop({"messages": [message()]}).encode(), "unknown type"),
        (desktop(chat(message(), id=-5)).encode(), "not one post.*not the id of a channel"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_one_error(
    archive: Archive, tmp_path: Path, data: bytes, reason: str
) -> None:
    path = write(tmp_path / "result.json", data)
    before = dump(archive)
    with pytest.raises(InputError, match=reason) as caught:
        run(archive, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert dump(archive) == before


def test_what_is_no_file(archive: Archive, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cases = {
        tmp_path: "is a directory; name the file in it",
        tmp_path / "nothing.json": "No such file",
        tmp_path / "pipe": "not a regular file",
        tmp_path / "nul\0": "cannot be read",
    }
    for path, reason in cases.items():
        with pytest.raises(InputError, match=reason):
            run(archive, path)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('{"message_id": 2', "is not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 100_000, "is not JSON"),
        ('{"message_id": ' + "9" * 5000 + "}", "is not JSON"),
        (jsonl([{"message_id": 2}]), "has no text"),
        (jsonl([row(2, date=None)]), "has no date"),
        (jsonl([row(2, date="yesterday")]), "date is 'yesterday', which is neither ISO"),
        (jsonl([row(2, date=True)]), "date is True, which is neither ISO"),
        (jsonl([row(2, date="1969-12-31T23:59:59Z")]), "not between 1970 and 2100"),
        (jsonl([row(2, date="2100-01-01T00:00:00Z")]), "not between 1970 and 2100"),
        (jsonl([row(2, date="0001-01-01T00:00:00+23:00")]), "not between 1970 and 2100"),
        (jsonl([row(2, date=-1)]), "not between 1970 and 2100"),
        (jsonl([row(2, date=1730462400000)]), "not between 1970 and 2100"),
        (jsonl([row(2, date="--5")]), "not between 1970 and 2100"),
        (jsonl([row(2, edit_date="9999-12-31T23:59:59-23:00")]), "edit_date is not between"),
        (jsonl([row(0)]), "message_id is 0"),
        (jsonl([row(-1)]), "message_id is out of range"),
        (jsonl([row(2**31)]), "message_id is out of range"),
        (jsonl([row(message_id=None)]), "has no message_id"),
        (jsonl([row(message_id="1.5")]), "not a whole number"),
        (jsonl([row(2, views=True)]), "views is not a whole number"),
        (jsonl([row(2, grouped_id=2**63)]), "grouped_id is too large"),
        (jsonl([row(2, text=5)]), "text is not text"),
        (jsonl([row(2, "x" * 1_000_001)]), "text is over 1,000,000 characters"),
        (jsonl([row(2, "a\0b")]), "NUL"),
        ('{"message_id": 2, "date": 5, "text": "\\ud83d", "channel_id": 5}', "half a character"),
        (jsonl([row(2, channel_id=None)]), "has no channel"),
        (jsonl([row(2, channel_id=-5)]), "not the id of a channel"),
        (jsonl([row(2, channel_id=[])]), "channel_id is not a whole number"),
        (jsonl([row(2, username="no name")]), "not a Telegram username"),
        (jsonl([row(2, reactions=[1])]), "reactions is not a JSON object"),
        (jsonl([row(2, reactions="{")]), "reactions is not JSON"),
        (jsonl([row(2, poll={"question": "?"})]), "poll has no list of options"),
        (jsonl([row(2, permalink="javascript:alert()")]), "permalink does not begin"),
        (jsonl([row(2, media="x" * 33)]), "media is over"),
    ],
)
def test_a_broken_line_does_not_stop_the_rest(
    archive: Archive, tmp_path: Path, broken: str, reason: str
) -> None:
    data = jsonl([row(1, "до")]) + "\n" + broken.rstrip("\n") + "\n" + jsonl([row(3, "после")])
    path = write(tmp_path / "posts.jsonl", data)
    result, (problem,) = run(archive, path)
    assert (problem.path, problem.where) == (path, "line 3")
    assert reason in problem.reason
    assert "\n" not in str(problem)
    assert (result.read, result.broken, result.truncated) == (2, 1, False)
    assert texts(archive) == ["до", "после"]


def test_a_line_that_is_not_utf8(archive: Archive, tmp_path: Path) -> None:
    data = jsonl([row(1)]).encode() + jsonl([row(2)]).encode("cp1251") + jsonl([row(3)]).encode()
    result, (problem,) = run(archive, write(tmp_path / "posts.jsonl", data))
    assert (result.read, problem.where) == (2, "line 2")
    assert "not UTF-8" in problem.reason


def test_a_line_too_long_to_hold(archive: Archive, tmp_path: Path) -> None:
    data = jsonl([row(1)]) + jsonl([row(2, "x" * 17 * 2**20)]) + jsonl([row(3)])
    result, (problem,) = run(archive, write(tmp_path / "posts.jsonl", data))
    assert (result.read, problem.where) == (2, "line 2")
    assert "bytes long" in problem.reason


@pytest.mark.parametrize("form", ["desktop", "jsonl", "csv"])
def test_a_post_of_ten_megabytes(archive: Archive, tmp_path: Path, form: str) -> None:
    huge = "слово " * 1_000_000
    data = {
        "desktop": desktop(chat(message(2, huge), message(3, "после \x07"))).replace(
            "\\u0007", "\\x07"
        ),
        "jsonl": jsonl([row(2, huge), row(3, "после \x07")]),
        "csv": HEADER + f'2,2024-11-01,"{huge}\n",5\n3,2024-11-01,после \x07,5\n',
    }
    result, (problem,) = run(archive, write(tmp_path / "posts", data[form]))
    assert "over 1,000,000 characters" in problem.reason
    assert result.read == 1
    assert texts(archive) == ["после \x07"]


def test_broken_messages_of_an_export(archive: Archive, tmp_path: Path) -> None:
    export = chat(
        message(1, "до"),
        message(2, date_unixtime="-5"),
        message(3, {"text": 5}),
        {"type": "message"},
        "message",
        [],
        message(7, "a\0b"),
        message(8, poll={"question": 5}),
        message(9, "после"),
    )
    result, problems = run(archive, write(tmp_path / "result.json", desktop(export)))
    assert (result.read, result.broken) == (2, 7)
    assert texts(archive) == ["до", "после"]
    assert [problem.where for problem in problems] == [
        "message 2 (number 2)",
        "message 3 (number 3)",
        "message without id (number 4)",
        "message ? (number 5)",
        "message ? (number 6)",
        "message 7 (number 7)",
        "message 8 (number 8)",
    ]


def test_bytes_that_are_not_utf8_break_one_message(archive: Archive, tmp_path: Path) -> None:
    export = desktop(chat(message(1, "BAD"), message(2, "после"))).encode()
    data = export.replace(b"BAD", "слово".encode("cp1251"))
    result, (problem,) = run(archive, write(tmp_path / "result.json", data))
    assert (result.read, problem.where) == (1, "message 1 (number 1)")
    assert "not UTF-8" in problem.reason


def test_one_broken_channel_does_not_stop_an_account(archive: Archive, tmp_path: Path) -> None:
    chats = [chat(message(1), id="none", name="Первый"), chat(message(1), message(0), id=2)]
    data = desktop({"chats": {"list": chats}})
    result, problems = run(archive, write(tmp_path / "result.json", data))
    assert result.read == 1
    assert [problem.where for problem in problems] == [
        "channel 'Первый'",
        "channel 'Канал', message 0 (number 2)",
    ]
    assert len(all_channels(archive)) == 1


def test_a_whole_account_has_no_one_username(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path / "result.json", desktop({"chats": {"list": [chat(message(1))]}}))
    with pytest.raises(InputError, match="whole account"):
        run(archive, path, channel="some_channel")


def test_broken_rows_of_a_table(archive: Archive, tmp_path: Path) -> None:
    data = HEADER + (
        '1,2024-11-01,"две\nстроки",5\n'
        "2,2024-11-01,мало\n"
        "\n"
        "3,2024-11-01,лишнее,5,6\n"
        '4,2024-11-01,"кавычка" потом,5\n'
        "5,1969-01-01,рано,5\n"
        "6,2024-11-01,после,5\n"
        '7,2024-11-01,"не закрыта,5\n'
    )
    result, problems = run(archive, write(tmp_path / "posts.csv", data))
    assert texts(archive) == ["две\nстроки", "после"]
    assert result.broken == 5
    assert [problem.where for problem in problems] == [
        "line 4",
        "line 6",
        "line 7",
        "line 8",
        "line 10",
    ]


def table(rows: int, cell: str, broken: dict[int, str]) -> str:
    """A table of which some rows are replaced; row 1 is line 2."""
    lines = (broken.get(n, f"{n},2024-11-01,{cell},5") for n in range(1, rows + 1))
    return HEADER + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("rows", [1000, 8000])  # to the end of the file, and further than one looks
@pytest.mark.parametrize("cell", ["слово", '"слово"', '""'])
@pytest.mark.parametrize("stray", ['500,2024-11-01,"слово,5', '500,2024-11-01,слово,"5'])
def test_a_stray_quote_breaks_one_row(
    archive: Archive, tmp_path: Path, rows: int, cell: str, stray: str
) -> None:
    path = write(tmp_path / "posts.csv", table(rows, cell, {500: stray}))
    result, (problem,) = run(archive, path)
    assert (result.read, result.broken) == (rows - 1, 1)
    assert problem.where == "line 501"
    assert "opens a quote that is not closed" in problem.reason


def test_a_stray_quote_before_much_text(archive: Archive, tmp_path: Path) -> None:
    data = table(100, "слово " * 5000, {1: '1,2024-11-01,"слово,5'})
    result, (problem,) = run(archive, write(tmp_path / "posts.csv", data))
    assert (result.read, problem.where) == (99, "line 2")


def test_a_stray_quote_that_another_one_closes(archive: Archive, tmp_path: Path) -> None:
    broken = {3: '3,2024-11-01,"слово,5', 6: '6,2024-11-01,слово",5,5'}
    result, problems = run(archive, write(tmp_path / "posts.csv", table(9, "слово", broken)))
    assert result.read == 7
    assert [problem.where for problem in problems] == ["line 4", "line 7"]


def test_a_text_of_as_many_lines_as_telegram_allows(archive: Archive, tmp_path: Path) -> None:
    text = "\n" * 4096
    data = table(2, "слово", {1: f'1,2024-11-01,"{text}",5'})
    run(archive, write(tmp_path / "posts.csv", data))
    assert texts(archive) == [text, "слово"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("сло\rво", "has a carriage return in a cell that is not in quotes"),
        ('"сло"во', 'has text after a closing quote; inside a cell write a quote twice: ""'),
    ],
)
def test_what_the_csv_module_says_is_said_in_our_words(
    archive: Archive, tmp_path: Path, cell: str, reason: str
) -> None:
    data = table(2, "слово", {1: f"1,2024-11-01,{cell},5"})
    result, (problem,) = run(archive, write(tmp_path / "posts.csv", data))
    assert (result.read, problem.where, problem.reason) == (1, "line 2", reason)


def test_a_cell_that_is_not_utf8(archive: Archive, tmp_path: Path) -> None:
    data = (HEADER + "1,2024-11-01,BAD,5\n2,2024-11-01,после,5\n").encode()
    data = data.replace(b"BAD", b"\xff\xfe")
    result, (problem,) = run(archive, write(tmp_path / "posts.csv", data))
    assert (result.read, problem.where) == (1, "line 2")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("batch_size", [2, 1000])
def test_a_truncated_export_gives_what_came_before(
    archive: Archive, tmp_path: Path, batch_size: int, *, packed: bool
) -> None:
    whole = desktop(chat(*(message(n, f"пост {n}" + "!" * 1000) for n in range(1, 301)))).encode()
    data = gzip.compress(whole)[:-200] if packed else whole[: len(whole) // 2]
    path = write(tmp_path / "result.json", data)
    result, (problem,) = run(archive, path, batch_size=batch_size)
    assert result.truncated
    assert 100 < result.read < 300
    assert result.broken == 0
    assert result.read == len(all_posts(archive))
    assert "breaks off" in problem.where
    if not packed:
        assert f"message {result.read}" in problem.reason
        assert "near byte" in problem.reason
    before = dump(archive)
    run(archive, path, batch_size=batch_size)
    assert dump(archive) == before


@pytest.mark.parametrize(
    ("rubbish", "reason"),
    [
        ("[" * 1_000_000, "nested"),
        ("9" * 10_000, "overflow"),
        ("1e999999999", "overflow"),
        ("NaN", "invalid char"),
    ],
)
def test_rubbish_in_an_export_stops_the_import_there(
    archive: Archive, tmp_path: Path, rubbish: str, reason: str
) -> None:
    export = desktop(chat(message(1, "до"), message(2, views="RUBBISH"), message(3, "после")))
    path = write(tmp_path / "result.json", export.replace('"RUBBISH"', rubbish))
    result, (problem,) = run(archive, path)
    assert result.truncated
    assert texts(archive) == ["до"]
    assert "after message 1 (number 1)" in problem.reason
    assert reason in problem.reason


def test_truncated_json_lines(archive: Archive, tmp_path: Path) -> None:
    data = gzip.compress(jsonl(row(n, os.urandom(500).hex()) for n in range(1, 301)).encode())
    result, (problem,) = run(archive, write(tmp_path / "posts.jsonl.gz", data[:-20_000]))
    assert result.truncated
    assert 100 < result.read < 300
    assert "breaks off" in problem.where


def test_a_file_of_nothing_but_many_broken_lines(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.jsonl", "{}\n" * 2500)
    with pytest.raises(InputError, match="not one post"):
        run(archive, path)


def test_an_empty_channel_is_no_error(archive: Archive, tmp_path: Path) -> None:
    result, problems = run(archive, write(tmp_path / "result.json", desktop(chat())))
    assert (result.read, problems) == (0, [])
    assert run(archive, write(tmp_path / "posts.csv", HEADER))[0].read == 0
