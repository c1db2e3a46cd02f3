"""Whatever goes wrong on the way: every post arrives, once, and every wait ends."""

import multiprocessing.process
import random
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from collector.archive import Archive, open_archive
from collector.collecting import Ending
from collector.errors import UnreachableError
from collector.planning import BEGINNING, Wish
from collector.tables import flood_waits
from tests.collector.archived import versions
from tests.collector.preview.previewed import assert_same, collect
from tests.collector.telegram.collected import (
    coverage_of,
    endings,
    numbers,
    rows_of,
    spans_of,
    stored,
)
from tests.collector.telegram.test_never_loses import fill
from tests.preview_server import PreviewServer
from tests.telegram_server import ServedChannel, World

NOW = datetime.now(UTC).replace(microsecond=0)
PAGE = "page"
KILLS = 6


def test_hundreds_of_posts_through_random_faults(
    archive: Archive, world: World, preview: PreviewServer
) -> None:
    channels = fill(world, channels=3, posts=120, seed=3)
    names = [f"@{channel.username}" for channel in channels]
    preview.faults.at_random(5, floods=0.02, drops=0.1, errors=0.1, flood_seconds=1, methods=[PAGE])
    outcomes = collect(archive, preview, names, attempts=9, max_wait=30)
    assert {outcome.ending for outcome in outcomes.values()} == {Ending.DONE}
    for channel in channels:
        assert_same(archive, channel)
        assert spans_of(archive, channel) == [(1, max(channel.messages))]


def collect_in_process(path: Path, url: str, names: list[str]) -> None:
    with open_archive(path) as archive:
        collect(archive, url, names)


@pytest.mark.slow
def test_kill_9_at_random_moments(tmp_path: Path, world: World, preview: PreviewServer) -> None:
    chance = random.Random(50)
    channels = [world.add_channel(f"channel{number}") for number in range(2)]
    for channel in channels:
        channel.post_many([f"пост {number}" for number in range(1200)])
    names = [f"@{channel.username}" for channel in channels]
    path = tmp_path / "archive.db"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collector.preview.previewed"])
    children: list[multiprocessing.process.BaseProcess] = []

    def kill() -> None:
        time.sleep(chance.random() * 0.01)  # into the storing of the page before this request
        children[-1].kill()

    killed = 0
    for _ in range(KILLS):
        preview.faults.clear()
        child = context.Process(target=collect_in_process, args=(path, preview.url, names))
        child.start()
        children.append(child)
        preview.faults.call(PAGE, kill, after=chance.randrange(1, 12))
        child.join()
        killed += child.exitcode == -signal.SIGKILL
    assert killed == KILLS
    preview.faults.clear()
    with open_archive(path) as archive:
        collected = sum(len(stored(archive, channel)) for channel in channels)
        assert 0 < collected < 2400
        collect(archive, preview, names)
        for channel in channels:
            assert_same(archive, channel)
            assert spans_of(archive, channel) == [(1, 1200)]


@pytest.mark.parametrize("where", ["before", "middle"])
def test_a_cut_answer_is_asked_for_again(
    archive: Archive, preview: PreviewServer, news: ServedChannel, where: str
) -> None:
    news.post_many(["x"] * 50)
    preview.faults.drop(PAGE, times=2, where=where, after=1)  # type: ignore[arg-type]
    assert endings(collect(archive, preview, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


def test_a_slow_server_is_not_waited_for_for_ever(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many(["x"] * 50)
    preview.faults.silent(PAGE, after=2)
    start = time.monotonic()
    assert endings(collect(archive, preview, ["news"], deadline=0.4)) == {"@news": "done"}
    assert 0.4 <= time.monotonic() - start < 3
    assert_same(archive, news)


def test_errors_of_the_server_are_met_with_growing_pauses(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("x")
    preview.faults.error(PAGE, 502, "bad gateway", times=4)
    assert endings(collect(archive, preview, ["news"], first_pause=0.03)) == {"@news": "done"}
    pauses = [b - a for a, b in zip(preview.times, preview.times[1:], strict=False)][:4]
    assert all(pause >= 0.03 * 2**number for number, pause in enumerate(pauses))


def test_errors_that_never_end_fail_the_channel_only(
    archive: Archive, preview: PreviewServer, world: World, news: ServedChannel
) -> None:
    news.post_many(["x"] * 100)
    world.add_channel("other").post("y")
    preview.faults.error(PAGE, 500, "no", times=None, channel=news, after=4)
    outcomes = collect(archive, preview, ["news", "other"], attempts=2)
    assert endings(outcomes) == {"@news": "failed", "@other": "done"}
    assert "error 500 of the server, 2 times" in outcomes["@news"].reason
    assert outcomes["@news"].progress.new == len(stored(archive, news)) == 41
    preview.faults.clear()
    assert collect(archive, preview, ["news"])["@news"].progress.new == 59
    assert_same(archive, news)


def test_no_server(archive: Archive, world: World) -> None:
    with PreviewServer(world) as server:
        url = server.url
    start = time.monotonic()
    with pytest.raises(
        UnreachableError, match="127.* cannot be reached: no connection; try again later"
    ):
        collect(archive, url, ["news"], attempts=1, first_pause=10)
    assert time.monotonic() - start < 4, "nothing else is asked for where nobody answers"


@pytest.mark.parametrize("form", ["seconds", "date", "503"])
def test_a_short_wait_is_sat_out(
    archive: Archive, preview: PreviewServer, news: ServedChannel, form: str
) -> None:
    news.post_many(["x"] * 50)
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2.5), usegmt=True)
    answers = {"seconds": (429, "1"), "date": (429, until), "503": (503, "1")}
    status, told = answers[form]
    preview.faults.error(PAGE, status, f"Retry-After: {told}", after=2)
    start = time.monotonic()
    assert endings(collect(archive, preview, ["news"])) == {"@news": "done"}
    assert time.monotonic() - start >= 1
    assert_same(archive, news)


def test_a_long_wait_ends_the_run_and_is_obeyed_by_the_next(
    archive: Archive, preview: PreviewServer, world: World, news: ServedChannel
) -> None:
    news.post_many(["x"] * 50)
    world.add_channel("other").post("y")
    preview.faults.flood(PAGE, 600)
    outcomes = collect(archive, preview, ["news", "other"])
    assert endings(outcomes) == {"@news": "deferred", "@other": "deferred"}
    assert "wants no 127.0.0.1" in outcomes["@news"].reason
    [wait] = rows_of(archive, flood_waits)
    assert wait["user_id"] == 0
    assert timedelta(seconds=590) < wait["not_before"] - datetime.now(UTC) < timedelta(seconds=601)
    before = len(preview.requests)
    assert set(endings(collect(archive, preview, ["news"])).values()) == {"deferred"}
    assert len(preview.requests) == before, "not asked again before the time"


@pytest.mark.parametrize(
    "told", ["", "soon", "-5", "²", "Fri, 31 Dec 1999 23:59:59 +99999999999999"]
)
def test_a_refusal_without_a_time_counts_as_a_minute(
    archive: Archive, preview: PreviewServer, news: ServedChannel, told: str
) -> None:
    news.post("x")
    preview.answers["/s/news"] = (429, {"Retry-After": told}, b"")
    collect(archive, preview, ["news"])
    [wait] = rows_of(archive, flood_waits)
    assert timedelta(seconds=55) < wait["not_before"] - datetime.now(UTC) < timedelta(seconds=61)


@pytest.mark.parametrize("told", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_a_week(
    archive: Archive, preview: PreviewServer, news: ServedChannel, told: str
) -> None:
    preview.answers["/s/news"] = (429, {"Retry-After": told}, b"")
    assert endings(collect(archive, preview, ["news"])) == {"@news": "deferred"}
    [wait] = rows_of(archive, flood_waits)
    assert timedelta(days=6.9) < wait["not_before"] - datetime.now(UTC) <= timedelta(days=7)


def test_the_pace_is_kept_on_one_connection(
    archive: Archive, preview: PreviewServer, world: World
) -> None:
    for number in range(3):
        world.add_channel(f"channel{number}").post_many(["x"] * 45)
    names = [f"channel{number}" for number in range(3)]
    preview.faults.call("page", lambda: time.sleep(0.03), times=None)
    collect(archive, preview, names, pace=0.01)
    assert preview.most_at_once == 1
    preview.times.clear()
    collect(archive, preview, names, Wish(BEGINNING, recent=timedelta(9)), pace=0.05)
    pauses = [b - a for a, b in zip(preview.times, preview.times[1:], strict=False)]
    assert len(pauses) >= 11
    assert sum(pause >= 0.04 for pause in pauses) >= len(pauses) - 1
    assert all("tgstance" in one["user-agent"] for one in preview.headers)


def test_the_server_goes_away_in_the_middle(
    archive: Archive, world: World, news: ServedChannel
) -> None:
    news.post_many(["x"] * 100)
    with PreviewServer(world) as server:
        helper = threading.Thread(target=lambda: server.__exit__(None, None, None))
        server.faults.call(PAGE, helper.start, after=3)
        server.faults.drop(PAGE, times=None, after=3)
        told: list[str] = []
        with pytest.raises(UnreachableError):
            told += endings(collect(archive, server, ["news"], attempts=2)).values()
        helper.join()
    assert len(stored(archive, news)) >= 20
    with PreviewServer(world) as again:
        collect(archive, again, ["news"])
    assert_same(archive, news)


def test_edits_and_deletions_in_the_recent_window(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many([f"старый {n}" for n in range(30)], start=NOW - timedelta(days=30))
    news.post_many([f"пост {n}" for n in range(50)], start=NOW - timedelta(hours=2))
    collect(archive, preview, ["news"])
    news.edit(40, "исправлено")
    news.edit(5, "исправлено давно")
    news.delete(41, 42, 60, 80, 7)
    news.update(50, views=777)
    progress = collect(archive, preview, ["news"])["@news"].progress
    assert (progress.new, progress.updated, progress.deleted) == (0, 2, 4)
    gone = [post["message_id"] for post in stored(archive, news) if post["deleted_at"]]
    assert gone == [41, 42, 60, 80]
    assert versions(archive) == ["пост 9"]
    collect(archive, preview, ["news"], Wish(BEGINNING, recent=timedelta(days=99)))
    assert_same(archive, news)


def test_a_post_that_a_page_leaves_out_is_asked_for_by_its_id(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many([f"пост {n}" for n in range(50)], start=NOW - timedelta(hours=2))
    collect(archive, preview, ["news"])
    wrapper = '<div class="tgme_widget_message_wrap'
    left_out = []

    def leave_out(page: str) -> str:
        """Leave out post 25, the first time."""
        blocks = page.split(wrapper)
        others = [block for block in blocks if 'data-post="news/25"' not in block]
        if left_out or len(others) == len(blocks):
            return page
        left_out.append(25)
        return wrapper.join(others)

    news.delete(33)
    preview.rewrite = leave_out
    assert collect(archive, preview, ["news"])["@news"].progress.deleted == 1
    assert left_out
    assert_same(archive, news)


def test_a_channel_that_is_emptied_and_a_page_of_nothing(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many(["x"] * 5, start=NOW - timedelta(hours=1))
    collect(archive, preview, ["news"])
    news.delete(*range(1, 6))
    assert collect(archive, preview, ["news"])["@news"].progress.deleted == 0
    assert [post["deleted_at"] for post in stored(archive, news)] == [None] * 5
    news.post("y", date=NOW)
    assert collect(archive, preview, ["news"])["@news"].progress.deleted == 5
    assert_same(archive, news)


@pytest.mark.parametrize("days", [0.01, 1, 3, 20, 99])
def test_since_a_date_is_found_by_few_requests(
    archive: Archive, preview: PreviewServer, news: ServedChannel, days: float
) -> None:
    chance = random.Random(1)
    date = NOW - timedelta(days=40)
    while date < NOW:
        news.post("x", date=date)
        news.skip(chance.randrange(3))
        date += timedelta(minutes=chance.randrange(200))
    news.service()
    since = NOW - timedelta(days=days)
    collect(archive, preview, ["news"], Wish(since, recent=timedelta(0)))
    assert numbers(archive, news) == [
        post.id for post in news.truth() if post.date >= since and not post.service
    ]
    searched = preview.count("before=")
    assert searched <= 14 + len(numbers(archive, news)) / 10


def test_only_the_last_posts(archive: Archive, preview: PreviewServer, news: ServedChannel) -> None:
    ids = news.post_many([f"пост {n}" for n in range(300)])
    collect(archive, preview, ["news"], Wish(BEGINNING, last=100))
    assert numbers(archive, news) == ids[-100:]
    assert coverage_of(archive, news)[0].span == (201, 300)


def test_pages_that_do_not_begin_where_they_should(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    """If `?after=` were answered with the newest posts, none of those before would be lost."""
    news.post_many([f"пост {n}" for n in range(150)])
    pages = {f"/s/news?after={one}": "/s/news" for one in range(120)}
    preview.same_as.update(pages)
    collect(archive, preview, ["news"])
    assert_same(archive, news)
    assert spans_of(archive, news) == [(1, 150)]
