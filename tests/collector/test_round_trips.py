"""Whatever posts are written in whatever form, the archive holds them as they were."""

import csv
import gzip
import io
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.archive import open_archive
from collector.errors import InputError
from collector.formats.fields import FieldError
from collector.formats.records import Defaults
from collector.formats.repair import Repaired
from collector.formats.rows import read_row
from collector.importing import ImportResult
from collector.post import Poll, Post
from tests.collector.archived import all_channels, all_posts, desktop, jsonl, run, write

# No NUL and no half characters: they cannot be stored, and have tests of their own.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
# Names are compared in CSV, where "" and nothing are one.
NAME = st.none() | TEXT.filter(bool)
COUNT = st.none() | st.integers(0, 2**31 - 1)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SECOND = MOMENT.map(lambda moment: moment.replace(microsecond=0))
REACTIONS = st.none() | st.dictionaries(TEXT, st.integers(0, 10**6), max_size=3)
POLL = st.none() | st.builds(
    lambda question, options: Poll(question=question, options=options),
    TEXT,
    st.lists(TEXT, max_size=3),
)


@st.composite
def posts(draw: st.DrawFn) -> list[Post]:
    """Posts of one channel, with distinct ids in any order."""
    ids = draw(st.lists(st.integers(1, 2**31 - 1), unique=True, min_size=1, max_size=5))
    return [draw(post(key)) for key in ids]


@st.composite
def post(draw: st.DrawFn, message_id: int) -> Post:
    date, edit_date = sorted([draw(SECOND), draw(SECOND)])
    return Post(
        message_id=message_id,
        date=date,
        edit_date=draw(st.sampled_from([None, edit_date])),
        text=draw(TEXT),
        poll=draw(POLL),
        media=draw(st.none() | st.sampled_from(["photo", "video"])),
        views=draw(COUNT),
        forwards=draw(COUNT),
        replies=draw(COUNT),
        reactions=draw(REACTIONS),
        grouped_id=draw(st.none() | st.integers(1, 2**63 - 1)),
        reply_to=draw(COUNT),
        forward_channel_id=draw(st.none() | st.integers(1, 2**40)),
        forward_message_id=draw(COUNT),
        forward_name=draw(NAME),
    )


SAMPLE = Post(
    message_id=1,
    date=datetime(2024, 11, 1, tzinfo=UTC),
    text="Текст \\ 'с' \"кавычками\"\nи 👍",
    poll={"question": "Кто?", "options": ["я", "ты"]},
    reactions={"👍": 3},
)


def imported(folder: Path, data: str) -> dict[int, dict[str, Any]]:
    """What an archive holds of a file, by message id."""
    with open_archive("sqlite://") as archive:
        _, problems = run(archive, write(folder / "posts", data))
        assert problems == []
        assert len(all_channels(archive)) == 1
        return {row["message_id"]: row for row in all_posts(archive)}


def written(one: Post) -> dict[str, Any]:
    """A post as a row."""
    names = ("message_id", "text", "poll", "media", "views", "forwards", "replies", "reactions")
    more = ("grouped_id", "reply_to", "forward_channel_id", "forward_message_id", "forward_name")
    row = {name: getattr(one, name) for name in (*names, *more)}
    edited = one.edit_date.timestamp() if one.edit_date else None
    return row | {"date": one.date.isoformat(), "edit_date": edited, "channel": "@some_channel"}


def as_csv(batch: list[Post]) -> str:
    file = io.StringIO(newline="")
    rows = [written(one) for one in batch]
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    for row in rows:
        for name in ("reactions", "poll"):
            row[name] = None if row[name] is None else json.dumps(row[name])
        writer.writerow(row)
    return file.getvalue()


def as_desktop(batch: list[Post]) -> str:
    messages = [as_message(one) for one in batch]
    return desktop({"name": "К", "type": "public_channel", "id": 5, "messages": messages})


def as_message(one: Post) -> dict[str, Any]:
    origin = one.forward_channel_id
    half = len(one.text) // 2
    message = {
        "id": one.message_id,
        "type": "message",
        "date_unixtime": str(int(one.date.timestamp())),
        "text": [one.text[:half], {"type": "bold", "text": one.text[half:]}],
        "forwarded_from": one.forward_name,
        "text_entities": [{"type": "plain", "text": "[{]}"}],
    }
    if one.edit_date:
        message["edited_unixtime"] = str(int(one.edit_date.timestamp()))
    if one.poll:
        answers = [{"text": option, "voters": 1} for option in one.poll["options"]]
        message["poll"] = {"question": one.poll["question"], "answers": answers}
    if origin:
        message["forwarded_from_id"] = f"channel{origin}"
    return message


def assert_kept(batch: list[Post], kept: dict[int, dict[str, Any]], names: tuple[str, ...]) -> None:
    assert len(kept) == len(batch)
    for one in batch:
        row = kept[one.message_id]
        assert {name: row[name] for name in names} == {name: getattr(one, name) for name in names}


COMMON = ("date", "edit_date", "text", "poll", "forward_name", "forward_channel_id")
ALL = (
    *COMMON,
    "media",
    "views",
    "forwards",
    "replies",
    "reactions",
    "grouped_id",
    "reply_to",
    "forward_message_id",
)
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(batch=posts())
def test_json_lines(tmp_path: Path, batch: list[Post]) -> None:
    assert_kept(batch, imported(tmp_path, jsonl(written(one) for one in batch)), ALL)


@SETTINGS
@given(batch=posts())
def test_csv(tmp_path: Path, batch: list[Post]) -> None:
    assert_kept(batch, imported(tmp_path, as_csv(batch)), ALL)


@SETTINGS
@given(batch=posts())
def test_desktop(tmp_path: Path, batch: list[Post]) -> None:
    assert_kept(batch, imported(tmp_path, as_desktop(batch)), COMMON)


SAMPLES = {
    "jsonl": jsonl([written(SAMPLE), written(replace(SAMPLE, message_id=2))]),
    "csv": as_csv([SAMPLE, replace(SAMPLE, message_id=2)]),
    "desktop": as_desktop([SAMPLE, replace(SAMPLE, message_id=2)]),
}


@pytest.mark.slow
@settings(SETTINGS, max_examples=150)
@given(
    form=st.sampled_from(sorted(SAMPLES)),
    places=st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    rubbish=st.binary(max_size=5) | st.sampled_from([b'"', b"\n", b"{", b"]", b"\\x", b"\\"]),
    packed=st.booleans(),
)
def test_a_damaged_file_is_refused_or_read_in_part(
    tmp_path: Path, form: str, places: list[float], rubbish: bytes, *, packed: bool
) -> None:
    data = SAMPLES[form].encode()
    data = gzip.compress(data, mtime=0) if packed else data
    start, end = (int(place * len(data)) for place in places)
    path = tmp_path / "damaged"
    path.write_bytes(data[:start] + rubbish + data[end:])
    with open_archive("sqlite://") as archive:
        try:
            result, problems = run(archive, path)
        except InputError:
            result, problems = ImportResult(), []
        assert result.read >= len(all_posts(archive))
        assert len(problems) == result.broken + result.truncated


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ("message_id", "date", "text", "channel_id", "channel", "username", "reactions", "poll")
MORE_FIELDS = ("views", "edit_date", "media", "permalink", "forward_from", "grouped_id")


@settings(max_examples=500)
@given(
    st.dictionaries(st.sampled_from([*FIELDS, *MORE_FIELDS]), ANYTHING),
    st.booleans(),
)
def test_no_row_whatever_does_more_than_be_refused(row: dict[str, Any], valid: bool) -> None:
    base = {"message_id": 1, "date": 5, "text": "", "channel_id": 5} if valid else {}
    with suppress(FieldError):
        assert read_row(base | row, Defaults()).post.message_id > 0


@given(ANYTHING, st.integers(1, 50), st.sampled_from([None, 1]))
def test_json_that_needs_no_repair_is_left_alone(
    value: object, size: int, indent: int | None
) -> None:
    data = (json.dumps(value, ensure_ascii=True, indent=indent) + "\n") * 3
    repaired = Repaired(io.BytesIO(data.encode()))
    assert b"".join(iter(lambda: repaired.read(size), b"")) == data.encode()
