"""Albums: several messages, one post for the reader, and nothing lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.archive import Archive
from collector.planning import BEGINNING, Wish
from tests.collector.telegram.collected import assert_same, collect, coverage_of, stored
from tests.telegram_server import ServedChannel, World

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def news(world: World) -> ServedChannel:
    return world.add_channel("news")


def album(channel: ServedChannel, *captions: str, grouped_id: int = 77) -> list[int]:
    fields: Any = {"grouped_id": grouped_id, "photo": True, "date": NOW}
    return [channel.post(caption, **fields) for caption in captions]


def heads(archive: Archive, channel: ServedChannel) -> dict[int, int | None]:
    """Which post stands for each that is there, None where it stands for itself."""
    alive = [post for post in stored(archive, channel) if post["deleted_at"] is None]
    return {post["message_id"]: post["album_head"] for post in alive}


def shown(archive: Archive, channel: ServedChannel) -> list[str]:
    """What a reader sees: a text per post."""
    alive = [post for post in stored(archive, channel) if post["deleted_at"] is None]
    return [post["text"] for post in alive if post["album_head"] is None]


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        (["подпись", "", ""], {1: None, 2: 1, 3: 1}),
        (["", "", "подпись"], {1: 3, 2: 3, 3: None}),
        (["", "", ""], {1: None, 2: 1, 3: 1}),
        (["", "одна", "", "две"], {1: 2, 2: None, 3: 2, 4: None}),
    ],
)
def test_the_caption_stands_for_the_album(
    archive: Archive,
    news: ServedChannel,
    session: str,
    captions: list[str],
    expected: dict[int, int | None],
) -> None:
    album(news, *captions)
    for _ in range(2):
        collect(archive, session, ["news"])
        assert heads(archive, news) == expected
        assert_same(archive, news)
    own = list(expected.values()).count(None)
    [part] = coverage_of(archive, news)
    assert (part.received, part.album_member) == (own, len(captions) - own)


@pytest.mark.parametrize("place", range(10))
def test_an_album_across_two_pages(
    archive: Archive, news: ServedChannel, session: str, place: int
) -> None:
    news.post_many(["x"] * 95, start=NOW - timedelta(days=1), step=timedelta(0))
    captions = ["подпись" if number == place else "" for number in range(10)]
    album(news, *captions)
    news.post("y")
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert shown(archive, news)[95:] == ["подпись", "y"]


def test_two_albums_side_by_side(archive: Archive, news: ServedChannel, session: str) -> None:
    album(news, "", "", "one", grouped_id=1)
    album(news, "", "two", "", grouped_id=2)
    collect(archive, session, ["news"])
    assert heads(archive, news) == {1: 3, 2: 3, 3: None, 4: 5, 5: None, 6: 5}
    assert_same(archive, news)


def test_an_album_that_grows_between_two_runs(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    album(news, "", "")
    collect(archive, session, ["news"])
    assert heads(archive, news) == {1: None, 2: 1}
    album(news, "", "подпись")
    collect(archive, session, ["news"])
    assert heads(archive, news) == {1: 4, 2: 4, 3: 4, 4: None}
    assert_same(archive, news)


def test_an_album_that_a_limit_cuts(archive: Archive, news: ServedChannel, session: str) -> None:
    album(news, "", "", "подпись", "")
    for limit in (1, 1, 1, 1):
        collect(archive, session, ["news"], Wish(BEGINNING, limit=limit))
        assert_parts_agree(archive, news)
    assert heads(archive, news) == {1: 3, 2: 3, 3: None, 4: 3}
    assert_same(archive, news)


def assert_parts_agree(archive: Archive, channel: ServedChannel) -> None:
    posts = stored(archive, channel)
    own = sum(post["album_head"] is None for post in posts)
    parts = coverage_of(archive, channel)
    assert sum(part.received for part in parts) == own
    assert sum(part.album_member for part in parts) == len(posts) - own


def test_a_caption_that_is_edited_away_and_written_elsewhere(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    album(news, "подпись", "", "")
    collect(archive, session, ["news"])
    news.edit(1, "")
    news.edit(3, "подпись")
    collect(archive, session, ["news"])
    assert heads(archive, news) == {1: 3, 2: 3, 3: None}
    assert_same(archive, news)


@pytest.mark.parametrize("gone", [[1], [3], [5], [1, 3], [3, 5]])
def test_an_album_that_loses_members_is_still_shown(
    archive: Archive, news: ServedChannel, session: str, gone: list[int]
) -> None:
    album(news, "", "", "подпись", "", "")
    collect(archive, session, ["news"])
    news.delete(*gone)
    collect(archive, session, ["news"])
    assert shown(archive, news) == ["" if 3 in gone else "подпись"]
    assert set(heads(archive, news).values()) - {None} <= set(heads(archive, news))
    assert_same(archive, news)
    [part] = coverage_of(archive, news)
    assert (part.received, part.deleted) == (1, len(gone))


def test_a_caption_on_the_next_page_that_is_deleted(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post_many(["x"] * 97, start=NOW - timedelta(days=1), step=timedelta(0))
    album(news, "", "", "", "", "подпись")
    collect(archive, session, ["news"])
    news.delete(102)
    collect(archive, session, ["news"])
    assert shown(archive, news)[97:] == [""]
    assert_same(archive, news)


def test_a_whole_album_is_deleted_and_comes_back(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    ids = album(news, "", "подпись", "")
    kept = [news.messages[one] for one in ids]
    news.post("after", date=NOW)
    collect(archive, session, ["news"])
    news.delete(*ids)
    collect(archive, session, ["news"])
    assert_same(archive, news)
    [part] = coverage_of(archive, news)
    assert (part.received, part.album_member, part.deleted) == (1, 0, 3)
    for post in kept:
        news.post("" if post.id != 2 else "подпись", id=post.id, grouped_id=77, date=NOW)
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert shown(archive, news) == ["подпись", "after"]


def test_the_same_number_in_two_channels_is_two_albums(
    archive: Archive, world: World, news: ServedChannel, session: str
) -> None:
    other = world.add_channel("other")
    album(news, "", "one")
    album(other, "two", "")
    collect(archive, session, ["news", "other"])
    assert shown(archive, news) == ["one"]
    assert shown(archive, other) == ["two"]
