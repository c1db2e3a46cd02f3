"""Posts a day, age of the newest post, and coverage of each channel."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from collector.archive import Archive
from collector.coverage import Answers, noting
from collector.post import Channel, Post
from collector.storing import store, store_channel
from reports.gates.limits import ChannelLimits, Gate, Gates, OwnLimits
from reports.gates.verdict import Verdict, in_order, table_rows
from reports.gates.window import Window
from tests.reports.gates.conftest import NOW, Judge

Put = Callable[..., None]


def posts(name: str, *days: str, first_id: int = 1, **more: Any) -> list[dict[str, Any]]:
    """Return a post for each of some days in November, or moments like 05T23:59:59."""
    return [
        {
            "channel": f"@{name}",
            "title": name.title(),
            "message_id": number,
            "date": f"2025-11-{day}Z" if "T" in day else f"2025-11-{day}T10:00:00Z",
            "text": f"Погода {number}",
            **more,
        }
        for number, day in enumerate(days, start=first_id)
    ]


def at_least(rate: float, **more: Any) -> Gates:
    return Gates(ChannelLimits(posts_per_day=rate), **more)


def youngest(**duration: float) -> Gates:
    return Gates(ChannelLimits(age=timedelta(**duration)))


def found(verdicts: list[Verdict]) -> list[tuple[str, float | None, bool | None]]:
    return [(verdict.about, verdict.value, verdict.passed) for verdict in verdicts]


@pytest.mark.every_archive
def test_posts_are_counted_over_the_last_whole_days(put: Put, judged: Judge) -> None:
    days = ["01", "04T23:59:59", "05T00:00:00", "06", "11T23:59:59", "12T00:00:00", "12"]
    put(*posts("news", *days))
    [verdict] = judged(at_least(3 / 7))
    assert found([verdict]) == [("@news", pytest.approx(3 / 7), True)]
    assert verdict.window == Window(date(2025, 11, 5), date(2025, 11, 12))
    assert verdict.note == "3 posts in 7 days"
    [verdict] = judged(at_least(0.5))
    assert verdict.passed is False
    assert verdict.line == (
        "minimum_posts_per_day @news: 0.429 a day, at least 0.5 a day, 2025-11-05 to 2025-11-11: "
        "3 posts in 7 days"
    )


def test_today_never_counts_against_a_channel_wherever_now_is_said(put: Put, judged: Judge) -> None:
    put(*posts("news", "10", "11"))
    gates = at_least(1, days=2)
    east = NOW.astimezone(UTC).replace(hour=23, minute=59)
    assert [verdict.passed for verdict in judged(gates, east)] == [True]
    assert [verdict.passed for verdict in judged(gates, NOW + timedelta(days=1))] == [False]


def test_a_young_channel_is_judged_from_its_first_day(put: Put, judged: Judge) -> None:
    put(*posts("young", "10", "10T11:00:00", "11"), *posts("newborn", "12"))
    newborn, young = judged(at_least(1.5))
    assert found([young]) == [("@young", 1.5, True)]
    assert young.note == "3 posts in 2 days"
    assert found([newborn]) == [("@newborn", None, None)]
    assert newborn.note == "not judged: no whole day from 2025-11-12 on is over yet"


def test_an_album_is_one_post_and_a_forwarded_one_counts(
    put: Put, judged: Judge, archive: Archive
) -> None:
    put(*posts("news", "11", forward_name="Others"))
    at = datetime(2025, 11, 11, 12, tzinfo=UTC)
    album = [
        Post(message_id=number, date=at, text="", media="photo", grouped_id=5) for number in (2, 3)
    ]
    with archive.begin() as connection:
        store(connection, Channel(username="news"), album, seen_at=at)
    [verdict] = judged(at_least(1, days=1))
    assert verdict.value == 2


def test_the_days_of_the_report_where_that_is_configured(put: Put, judged: Judge) -> None:
    put(*posts("news", "01", "02", "03", "04"))
    gates = at_least(1, days=None)
    [whole] = judged(gates)
    assert (whole.window, whole.value) == (
        Window(date(2025, 11, 1), date(2025, 11, 12)), pytest.approx(4 / 11)
    )  # fmt: skip
    [part] = judged(gates, since=date(2025, 11, 2), until=date(2025, 11, 4))
    assert (part.window, part.value) == (Window(date(2025, 11, 2), date(2025, 11, 4)), 1)
    [last] = judged(at_least(1), until=date(2025, 11, 4))
    assert last.window == Window(date(2025, 11, 1), date(2025, 11, 4))
    [future] = judged(gates, since=date(2025, 11, 12), until=date(2025, 11, 20))
    assert future.passed is None


def test_a_channel_without_a_post_fails_by_posts_and_age(
    put: Put, judged: Judge, archive: Archive
) -> None:
    put(*posts("silent", "01"))
    with archive.begin() as connection:
        store_channel(connection, Channel(username="empty"), seen_at=NOW - timedelta(days=3))
    gates = Gates(ChannelLimits(posts_per_day=0.1, age=timedelta(days=7), coverage=0.5))
    verdicts = judged(gates)
    assert found(verdicts) == [
        ("@empty", 0, False),
        ("@empty", None, False),
        ("@empty", None, None),
        ("@silent", 0, False),
        ("@silent", pytest.approx(10 + 23 / 24), False),
        ("@silent", None, None),
    ]
    assert [verdict.note for verdict in verdicts] == [
        "no post in 3 days",
        "no post in the archive",
        "not judged: no post in the archive",
        "no post in 7 days",
        "the newest post is of 2025-11-01 10:00 UTC",
        "not judged: imported, Telegram was never asked for its posts",
    ]
    assert verdicts[1].line == "maximum_age @empty: at most 7d: no post in the archive"


@pytest.mark.every_archive
def test_age_is_that_of_the_newest_post(put: Put, judged: Judge) -> None:
    put(*posts("news", "01", "12T08:00:00", "12T12:00:00"))
    [old] = judged(youngest(minutes=59))
    assert (old.value, old.passed) == (pytest.approx(1 / 24), False)
    assert old.line.startswith("maximum_age @news: 1h, at most 59m: the newest post is of")
    assert [verdict.passed for verdict in judged(youngest(hours=1))] == [True]


def test_of_an_earlier_time_age_counts_from_its_end(put: Put, judged: Judge) -> None:
    put(*posts("news", "01", "12T08:00:00"))
    [verdict] = judged(youngest(days=1), until=date(2025, 11, 3))
    assert (verdict.value, verdict.passed) == (pytest.approx(38 / 24), False)


def ask(archive: Archive, first: int, last: int) -> None:
    """Do what collecting does for ten posts a day from 1 November on."""
    start = datetime(2025, 11, 1, tzinfo=UTC)
    found = [
        Post(message_id=number, date=start + timedelta(hours=2.4 * (number - 1)), text="Ура")
        for number in range(first, last + 1)
    ]
    with archive.begin() as connection:
        key = store_channel(connection, Channel(telegram_id=7, title="Asked"), seen_at=NOW).id
        with noting(connection, key, "telegram", Answers((first, last)), asked_at=NOW):
            store(connection, Channel(telegram_id=7, title="Asked"), found, seen_at=NOW)


@pytest.mark.every_archive
def test_coverage_is_that_of_the_days(archive: Archive, judged: Judge) -> None:
    ask(archive, 1, 60)
    ask(archive, 76, 112)
    gates = Gates(ChannelLimits(coverage=0.8))
    [week] = judged(gates)
    assert (week.about, week.passed) == ("Asked", False)
    assert week.value == pytest.approx(55 / 70, abs=0.01)
    [days] = judged(replace(gates, days=3))
    assert (days.value, days.passed) == (1, True)
    assert days.bound == "at least 80 %"


def test_a_channel_may_have_limits_of_its_own(put: Put, judged: Judge) -> None:
    put(*posts("a_quiet", "11"), *posts("b_gone", "01"), *posts("c_news", "11"))
    own = [
        OwnLimits("@A_Quiet", ChannelLimits(posts_per_day=0)),
        OwnLimits("https://t.me/b_gone", ChannelLimits(), judged=False),
    ]
    gates = Gates(ChannelLimits(posts_per_day=2, age=timedelta(days=2)), own=own)
    assert [(verdict.gate, *found([verdict])[0]) for verdict in judged(gates)] == [
        (Gate.POSTS, "@a_quiet", 1, True),
        (Gate.AGE, "@a_quiet", pytest.approx(23 / 24), True),
        (Gate.POSTS, "@c_news", 1, False),
        (Gate.AGE, "@c_news", pytest.approx(23 / 24), True),
    ]


def test_a_gate_may_be_for_one_channel_only(put: Put, judged: Judge) -> None:
    put(*posts("news", "11"), *posts("other", "11"))
    gates = Gates(own=[OwnLimits("Other", ChannelLimits(age=timedelta(hours=1)))])
    assert found(judged(gates)) == [("@other", pytest.approx(23 / 24), False)]


def test_only_channels_of_the_report_are_judged(put: Put, judged: Judge) -> None:
    put(*posts("news", "11"), *posts("other", "11"))
    assert [verdict.about for verdict in judged(at_least(1), channels=["@other"])] == ["@other"]


def test_rows_begin_with_what_failed(put: Put, judged: Judge) -> None:
    put(*posts("good", "11", "11T11:00:00"), *posts("new", "12"), *posts("worse", "11"))
    rows = list(table_rows(in_order(judged(at_least(2))), "run-1"))
    days = date(2025, 11, 11), date(2025, 11, 12)
    gate = "minimum_posts_per_day"
    assert rows[0] == (
        gate, "", "worse", "Worse", "", *days, 1, 2, False, "1 post in 1 day", "run-1"
    )  # fmt: skip
    assert [row[9] for row in rows] == [False, None, True]


def test_an_archive_without_channels_has_no_verdict(judged: Judge) -> None:
    assert judged(at_least(1)) == []
