"""Which posts a run reads, and that runs after one another read each of them."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.archive import Archive
from collector.collecting import Ending
from collector.planning import BEGINNING, Wish
from tests.collector.telegram.collected import (
    ALL,
    assert_same,
    collect,
    coverage_of,
    numbers,
    post_of,
    row_of,
    spans_of,
)
from tests.telegram_server import ServedChannel, TelegramServer, World

HISTORY = "GetHistoryRequest"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
MONTH = Wish(NOW - 30 * DAY)


@pytest.fixture
def news(world: World) -> ServedChannel:
    """A channel with a post a day: of today's 99 days ago the first, of today the hundredth."""
    news = world.add_channel("news")
    news.post_many([f"post {number}" for number in range(1, 101)], start=NOW - 99 * DAY, step=DAY)
    return news


def since(days: float) -> datetime:
    """A moment between the post of so many days ago and the one before it."""
    return NOW - days * DAY - timedelta(hours=1)


def test_posts_since_a_moment(archive: Archive, news: ServedChannel, session: str) -> None:
    outcome = collect(archive, session, ["news"], Wish(since(30)))["@news"]
    assert numbers(archive, news) == list(range(70, 101))
    assert spans_of(archive, news) == [(70, 100)]
    assert (outcome.progress.new, outcome.progress.complete) == (31, True)


def test_a_post_of_the_very_moment_is_since_it(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], Wish(NOW - 5 * DAY))
    assert numbers(archive, news)[0] == 95


def test_a_later_run_asks_for_new_posts_only(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], Wish(BEGINNING, recent=timedelta(0)))
    assert row_of(archive, news)["collected_at"]
    server.clear_requests()
    collect(archive, session, ["news"], Wish(BEGINNING, recent=timedelta(0)))
    assert server.count(HISTORY) == 1  # how far the channel goes
    news.post("new", date=NOW)
    server.clear_requests()
    outcome = collect(archive, session, ["news"], Wish(BEGINNING, recent=timedelta(0)))["@news"]
    assert server.count(HISTORY) == 2
    assert outcome.progress.new == 1
    assert_same(archive, news)


def test_a_later_moment_does_not_skip_what_came_between_the_runs(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], Wish(since(50), limit=10))
    collect(archive, session, ["news"], Wish(since(5)))
    assert numbers(archive, news) == list(range(50, 101))


def test_an_earlier_moment_fills_the_gap_and_nothing_else(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    none = timedelta(0)
    collect(archive, session, ["news"], Wish(since(10), recent=none))
    seen = post_of(archive, news, 95)["last_seen"]
    server.clear_requests()
    outcome = collect(archive, session, ["news"], Wish(since(40), recent=none))["@news"]
    assert outcome.progress.new == 30
    assert server.count(HISTORY) == 3  # how far it goes, where it begins, the gap
    assert post_of(archive, news, 95)["last_seen"] == seen
    assert spans_of(archive, news) == [(60, 100)]
    collect(archive, session, ["news"], Wish(BEGINNING, recent=none))
    assert_same(archive, news)
    assert spans_of(archive, news) == [(1, 100)]


def test_posts_until_a_moment(archive: Archive, news: ServedChannel, session: str) -> None:
    wish = Wish(since(30), until=NOW - 20 * DAY)
    outcome = collect(archive, session, ["news"], wish)["@news"]
    assert numbers(archive, news) == list(range(70, 80))  # the one of the very moment is not
    assert spans_of(archive, news) == [(70, 79)]
    assert outcome.progress.complete, "all that was wished for is there"
    assert row_of(archive, news)["collected_at"] is None, "but the channel is not up to date"


def test_until_before_the_first_post_and_after_the_last(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], Wish(since(200), until=since(100)))
    assert numbers(archive, news) == []
    collect(archive, session, ["news"], Wish(since(3), until=NOW + DAY))
    assert numbers(archive, news) == [97, 98, 99, 100]


def test_a_plain_run_after_one_that_had_an_end(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], Wish(since(60), until=NOW - 50 * DAY))
    outcome = collect(archive, session, ["news"], Wish(since(30)))["@news"]
    assert numbers(archive, news) == [*range(40, 50), *range(70, 101)]
    assert spans_of(archive, news) == [(40, 49), (70, 100)]
    assert outcome.progress.complete
    collect(archive, session, ["news"], Wish(since(60)))
    assert spans_of(archive, news) == [(40, 100)]
    assert numbers(archive, news) == list(range(40, 101))


def test_an_end_within_what_a_plain_run_has_read_changes_nothing(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"], ALL)
    outcome = collect(archive, session, ["news"], Wish(since(60), until=since(50)))["@news"]
    assert (outcome.progress.new, outcome.progress.complete) == (0, True)
    assert_same(archive, news)


def test_a_limit_takes_the_oldest_and_the_next_run_goes_on(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    first = collect(archive, session, ["news"], Wish(BEGINNING, limit=30))["@news"]
    assert numbers(archive, news) == list(range(1, 31))
    assert (first.progress.new, first.progress.complete) == (30, False)
    assert row_of(archive, news)["collected_at"] is None
    collect(archive, session, ["news"], Wish(BEGINNING, limit=30))
    assert numbers(archive, news) == list(range(1, 61))
    collect(archive, session, ["news"], ALL)
    assert_same(archive, news)


def test_a_limit_over_several_pages(archive: Archive, world: World, session: str) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 500)
    collect(archive, session, ["news"], Wish(BEGINNING, limit=250))
    assert numbers(archive, news) == list(range(1, 251))
    assert spans_of(archive, news) == [(1, 250)]


def test_a_limit_does_not_count_what_is_read_again(
    archive: Archive, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 50)
    for number in range(1, 6):
        collect(archive, session, ["news"], Wish(BEGINNING, limit=10))
        assert len(numbers(archive, news)) == number * 10
    assert_same(archive, news)


@pytest.mark.parametrize("limit", [100, 101])
def test_a_limit_that_nothing_exceeds_leaves_nothing(
    archive: Archive, news: ServedChannel, session: str, limit: int
) -> None:
    outcome = collect(archive, session, ["news"], Wish(BEGINNING, limit=limit))["@news"]
    assert outcome.progress.complete
    assert row_of(archive, news)["collected_at"]
    assert_same(archive, news)


def test_service_messages_do_not_count_as_posts(
    archive: Archive, world: World, session: str
) -> None:
    news = world.add_channel("news")
    for _ in range(5):
        news.service()
        news.post("x")
    collect(archive, session, ["news"], Wish(BEGINNING, limit=3))
    assert numbers(archive, news) == [2, 4, 6]


def test_an_interrupted_first_run_is_completed_by_a_plain_one(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many([f"post {number}" for number in range(1000)], start=NOW - 400 * DAY)
    server.faults.error(HISTORY, 400, "CHANNEL_PRIVATE", after=4)
    outcome = collect(archive, session, ["news"], ALL)["@news"]
    assert outcome.ending is Ending.FAILED
    assert 0 < outcome.progress.new < 1000
    assert outcome.progress.new == len(numbers(archive, news))
    assert not outcome.progress.complete
    collect(archive, session, ["news"], MONTH)
    assert_same(archive, news)
    assert len(numbers(archive, news)) == 1000


def test_an_empty_channel_is_complete(archive: Archive, world: World, session: str) -> None:
    news = world.add_channel("news")
    for wish in (MONTH, ALL):
        outcome = collect(archive, session, ["news"], wish)["@news"]
        assert (outcome.ending, outcome.progress.complete) == (Ending.DONE, True)
    assert coverage_of(archive, news) == []
    news.post("the first")
    collect(archive, session, ["news"], MONTH)
    assert_same(archive, news)
    assert numbers(archive, news) == [1]


def test_a_channel_of_old_posts_only(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["old"] * 300, start=NOW - 400 * DAY)
    for _ in range(2):
        outcome = collect(archive, session, ["news"], MONTH)["@news"]
        assert (outcome.progress.new, outcome.progress.complete) == (0, True)
    news.post("young", date=NOW)
    collect(archive, session, ["news"], MONTH)
    assert numbers(archive, news) == [301]
    assert spans_of(archive, news) == [(301, 301)]


def test_posts_that_come_while_a_run_reads_are_for_the_next(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 450)
    server.faults.call(HISTORY, lambda: news.post("meanwhile"), times=None)
    collect(archive, session, ["news"], ALL)
    server.faults.clear()
    assert numbers(archive, news)[:450] == list(range(1, 451))
    collect(archive, session, ["news"], ALL)
    assert_same(archive, news)


def test_the_newest_post_is_deleted_while_a_run_reads(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 150)
    server.faults.call(HISTORY, lambda: news.delete(*range(149, 151)), after=1)
    outcome = collect(archive, session, ["news"], ALL)["@news"]
    assert outcome.progress.complete
    assert_same(archive, news)
    [part] = coverage_of(archive, news)
    assert (part.span, part.unknown) == ((1, 150), 2)


def test_a_channel_whose_posts_are_all_deleted(
    archive: Archive, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 150)
    collect(archive, session, ["news"], ALL)
    news.delete(*range(1, 151))
    outcome = collect(archive, session, ["news"], ALL)["@news"]
    assert (outcome.ending, outcome.progress.deleted) == (Ending.DONE, 150)
    assert_same(archive, news)
    [part] = coverage_of(archive, news)
    assert (part.received, part.deleted) == (0, 150)
    news.post("again")
    collect(archive, session, ["news"], ALL)
    assert_same(archive, news)


def test_ids_with_wide_holes(archive: Archive, world: World, session: str) -> None:
    news = world.add_channel("news")
    for hole in (1, 99, 100, 101, 5_000, 1):
        news.skip(hole)
        news.post(f"after {hole}")
    collect(archive, session, ["news"], ALL)
    assert_same(archive, news)
    assert spans_of(archive, news) == [(1, max(news.ids))]
