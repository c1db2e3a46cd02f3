"""Whatever goes wrong on the way: every post arrives, once."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from collector.archive import Archive
from collector.collecting import Ending
from tests.collector.telegram.collected import assert_same, collect, coverage_of, stored
from tests.telegram_server import ServedChannel, TelegramServer, World


def fill(world: World, channels: int, posts: int, seed: int) -> list[ServedChannel]:
    """Channels of posts with all that makes ids uneven."""
    chance = random.Random(seed)
    served = []
    for number in range(channels):
        channel = world.add_channel(f"channel{number}")
        start = datetime.now(UTC) - timedelta(days=200)
        while len(channel.messages) < posts:
            channel.post_many([f"пост {chance.random()}" for _ in range(50)], start=start)
            channel.skip(chance.randrange(3))
            if chance.random() < 0.3:
                channel.service()
            if chance.random() < 0.3:
                album = chance.getrandbits(40)
                for member in range(chance.randrange(2, 10)):
                    channel.post("подпись" if member == 1 else "", grouped_id=album, photo=True)
            start += timedelta(days=1)
        channel.delete(*chance.sample(sorted(channel.messages), posts // 20))
        served.append(channel)
    return served


@pytest.mark.slow
def test_ten_thousand_posts_through_random_faults(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    channels = fill(world, channels=12, posts=900, seed=1)
    names = [f"@{channel.username}" for channel in channels]
    assert sum(len(channel.messages) for channel in channels) > 10_000
    server.faults.at_random(7, floods=0.05, drops=0.12, errors=0.02, flood_seconds=1)
    outcomes = collect(archive, session, names, attempts=8, at_once=4)
    assert {outcome.ending for outcome in outcomes.values()} == {Ending.DONE}
    for channel in channels:
        assert_same(archive, channel)
        assert [part.span for part in coverage_of(archive, channel)] == [(1, max(channel.messages))]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 200, 495, 500])
def test_padded_newest_page(archive: Archive, world: World, session: str, count: int) -> None:
    news = world.add_channel("news")
    news.padded = True
    news.post_many([f"post {number}" for number in range(count)])
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert len(stored(archive, news)) == count


@pytest.mark.parametrize("clipped", [1, 5, 99, 100, 150])
def test_clipped_newest_page(archive: Archive, world: World, session: str, clipped: int) -> None:
    news = world.add_channel("news")
    news.clipped = clipped
    news.clipped_times = 4
    news.post_many([f"post {number}" for number in range(495)])
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert len(stored(archive, news)) == 495


def test_short_pages(archive: Archive, world: World, session: str) -> None:
    news = world.add_channel("news")
    news.short_pages = 7
    news.post_many([f"post {number}" for number in range(100)])
    collect(archive, session, ["news"])
    assert_same(archive, news)
