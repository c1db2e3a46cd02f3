"""A post is called deleted only after that very post was asked for, and never a post unseen."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.archive import Archive
from collector.collecting import Ending
from collector.planning import BEGINNING, Wish
from collector.post import Channel, Post
from collector.storing import store
from tests.collector.telegram.collected import (
    ALL,
    assert_same,
    collect,
    coverage_of,
    numbers,
    post_of,
    stored,
)
from tests.telegram_server import ServedChannel, TelegramServer, World

ASK = "GetMessagesRequest"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def news(world: World) -> ServedChannel:
    """A channel of ten posts, one a day, the tenth of today."""
    news = world.add_channel("news")
    news.post_many([f"post {number}" for number in range(1, 11)], start=NOW - 9 * DAY, step=DAY)
    return news


def gone(archive: Archive, channel: ServedChannel) -> list[int]:
    return [post["message_id"] for post in stored(archive, channel) if post["deleted_at"]]


def counts(archive: Archive, channel: ServedChannel) -> tuple[int, int, int]:
    """How many were received, deleted and never seen."""
    [part] = coverage_of(archive, channel)
    return part.received, part.deleted, part.unknown


def test_a_seen_post_is_deleted_once_it_was_asked_for(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    assert server.count(ASK) == 0
    news.delete(7)
    outcome = collect(archive, session, ["news"])["@news"]
    assert server.count(ASK) == 1
    assert outcome.progress.deleted == 1
    assert gone(archive, news) == [7]
    assert post_of(archive, news, 7)["text"] == "post 7", "its words are kept"
    assert counts(archive, news) == (9, 1, 0)
    assert_same(archive, news)


def test_a_deleted_post_is_not_asked_for_again(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.delete(7)
    collect(archive, session, ["news"])
    when = post_of(archive, news, 7)["deleted_at"]
    server.clear_requests()
    outcome = collect(archive, session, ["news"])["@news"]
    assert server.count(ASK) == 0
    assert outcome.progress.deleted == 0
    assert post_of(archive, news, 7)["deleted_at"] == when
    assert_same(archive, news)


def test_a_post_older_than_the_window_is_not_asked_for(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.delete(1)
    collect(archive, session, ["news"])
    assert server.count(ASK) == 0
    assert gone(archive, news) == []
    collect(archive, session, ["news"], Wish(BEGINNING, recent=10 * DAY))
    assert server.count(ASK) == 1
    assert gone(archive, news) == [1]
    assert_same(archive, news)


def test_an_id_that_was_never_seen_is_unknown(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    news.delete(3, 8)
    news.skip(2)
    news.post("last", date=NOW)
    for _ in range(2):
        collect(archive, session, ["news"])
        assert server.count(ASK) == 0
        assert gone(archive, news) == []
        assert counts(archive, news) == (9, 0, 4)
    assert_same(archive, news)


def test_a_post_that_comes_back(archive: Archive, news: ServedChannel, session: str) -> None:
    collect(archive, session, ["news"])
    post = news.messages[7]
    news.delete(7)
    collect(archive, session, ["news"])
    news.post(post.text, id=7, date=post.date)
    outcome = collect(archive, session, ["news"])["@news"]
    assert gone(archive, news) == []
    assert (outcome.progress.new, outcome.progress.deleted) == (0, 0)
    assert counts(archive, news) == (10, 0, 0)
    assert_same(archive, news)
    news.delete(7)
    collect(archive, session, ["news"])
    assert gone(archive, news) == [7]
    assert_same(archive, news)


def test_an_unknown_id_that_turns_out_to_be_a_post(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.delete(8)
    collect(archive, session, ["news"])
    assert counts(archive, news) == (9, 0, 1)
    news.post("late", id=8, date=NOW - DAY)
    outcome = collect(archive, session, ["news"])["@news"]
    assert outcome.progress.new == 1
    assert counts(archive, news) == (10, 0, 0)
    assert_same(archive, news)


def test_the_newest_posts_are_deleted(archive: Archive, news: ServedChannel, session: str) -> None:
    collect(archive, session, ["news"])
    news.delete(8, 9, 10)
    collect(archive, session, ["news"])
    assert gone(archive, news) == [8, 9, 10]
    assert counts(archive, news) == (7, 3, 0)
    news.post("eleven", date=NOW)
    collect(archive, session, ["news"])
    assert counts(archive, news) == (8, 3, 0)
    assert_same(archive, news)


def test_the_newest_posts_are_deleted_unseen(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.post_many(["unseen"] * 3, start=NOW)
    news.delete(11, 12, 13)
    collect(archive, session, ["news"])
    assert gone(archive, news) == []
    assert counts(archive, news) == (10, 0, 0)
    news.post("fourteen", date=NOW)
    collect(archive, session, ["news"])
    assert counts(archive, news) == (11, 0, 3)
    assert_same(archive, news)


def test_many_deleted_posts_are_asked_for_by_the_hundred(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    news = world.add_channel("news")
    news.post_many(["x"] * 350, start=NOW - DAY, step=timedelta(seconds=1))
    collect(archive, session, ["news"])
    news.delete(*range(50, 301))
    outcome = collect(archive, session, ["news"])["@news"]
    assert outcome.progress.deleted == 251
    assert gone(archive, news) == list(range(50, 301))
    assert server.count(ASK) <= 4
    assert_same(archive, news)


def test_a_post_that_a_page_leaves_out_is_not_deleted(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.clipped, news.clipped_times = 4, 3
    collect(archive, session, ["news"])
    assert gone(archive, news) == []
    assert_same(archive, news)


def test_a_post_is_not_deleted_because_nobody_answers_for_it(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.delete(7)
    server.faults.error(ASK, 400, "CHANNEL_PRIVATE")
    outcome = collect(archive, session, ["news"])["@news"]
    assert outcome.ending is Ending.FAILED
    assert gone(archive, news) == []
    assert counts(archive, news) == (10, 0, 0)
    collect(archive, session, ["news"])
    assert gone(archive, news) == [7]


def test_a_post_deleted_between_its_page_and_the_question(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.delete(7)
    server.faults.call(ASK, lambda: news.post("post 7", id=7, date=NOW - 3 * DAY))
    collect(archive, session, ["news"])
    assert gone(archive, news) == []
    assert_same(archive, news)


def test_an_imported_post_that_is_gone_is_deleted_once_it_was_asked_for(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    news.delete(2, 3)
    seen = NOW - 5 * DAY
    post = Post(message_id=3, date=NOW - 7 * DAY, text="post 3")
    with archive.begin() as connection:
        store(connection, Channel(telegram_id=news.id), [post], seen_at=seen)
    collect(archive, session, ["news"], ALL)
    assert server.count(ASK) == 1
    assert gone(archive, news) == [3]
    assert counts(archive, news) == (8, 1, 1)
    assert numbers(archive, news) == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert_same(archive, news)


def test_a_service_message_that_is_deleted_is_no_deleted_post(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    service = news.service(NOW)
    collect(archive, session, ["news"])
    news.delete(service)
    collect(archive, session, ["news"])
    assert server.count(ASK) == 0
    assert counts(archive, news) == (10, 0, 0)
    assert_same(archive, news)
