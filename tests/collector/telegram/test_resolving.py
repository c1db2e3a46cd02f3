"""From the name that a user gives to the channel, whatever has become of the name since."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from collector.archive import Archive
from collector.collecting import Ending
from collector.post import Channel, Post
from collector.storing import store
from collector.tables import names, peers
from tests.collector.archived import all_channels, all_posts
from tests.collector.telegram.collected import (
    assert_same,
    change,
    collect,
    endings,
    row_of,
    rows_of,
    stored,
)
from tests.telegram_server import Account, ServedChannel, TelegramServer, World

RESOLVE = "ResolveUsernameRequest"
DIALOGS = "GetDialogsRequest"


@pytest.fixture
def news(world: World) -> ServedChannel:
    news = world.add_channel("news", title="The News")
    news.post_many(["one", "two", "three"])
    return news


def make_old(archive: Archive, name: str) -> None:
    """Let a name be as if it had been looked up two days ago."""
    before = datetime.now(UTC) - timedelta(days=2)
    change(archive, update(names).where(names.c.name == name).values(asked_at=before))


def take_name(world: World, old: ServedChannel) -> ServedChannel:
    """Give the name of a channel to a new one with posts under the same ids."""
    name = old.username
    old.rename("other_name")
    thief = world.add_channel(name, title="The Thief")
    thief.post_many(["not ours"] * 9)
    return thief


def test_a_name_is_looked_up_once(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    for name in ("news", "@News", "t.me/s/news", f"-100{news.id}"):
        news.post(name)
        collect(archive, session, [name])
        assert_same(archive, news)
    assert server.count(RESOLVE) == 1


def test_an_id_whose_name_was_met_before(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    server.clear_requests()
    outcomes = collect(archive, session, [str(news.id)])
    assert endings(outcomes) == {f"id {news.id}": "done"}
    assert server.count(RESOLVE) == server.count(DIALOGS) == 0


def test_the_id_of_a_joined_channel(
    archive: Archive,
    world: World,
    server: TelegramServer,
    account: Account,
    session: str,
) -> None:
    private = world.add_channel(None, title="Nameless")
    private.post_many(["one", "two"])
    for number in range(150):  # more than one page of dialogs
        other = world.add_channel(f"other{number}")
        other.post("x")
        world.join(account, other)
    private.created -= timedelta(days=9)
    world.join(account, private)
    for _ in range(2):
        assert endings(collect(archive, session, [str(private.id)])) == {f"id {private.id}": "done"}
    assert_same(archive, private)
    assert 1 <= server.count(DIALOGS) <= 3, "only the first time"
    assert stored(archive, private)[0]["permalink"] == f"https://t.me/c/{private.id}/1"


def test_an_unknown_id_fails_clearly_and_alone(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    outcomes = collect(archive, session, ["12345", "67890", "news"])
    assert endings(outcomes) == {"id 12345": "failed", "id 67890": "failed", "@news": "done"}
    assert "has not met it: name it once as @name, or join it" in outcomes["id 12345"].reason


def test_two_names_of_a_channel_collect_it_once(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    news = world.add_channel("news", usernames=["news_two"])
    news.post_many(["x"] * 120)
    outcomes = collect(archive, session, ["news", "news_two", str(news.id)])
    assert sorted(endings(outcomes).values()) == ["done", "repeated", "repeated"]
    repeated = [one for one in outcomes.values() if one.ending is Ending.REPEATED]
    assert all("is the same channel as" in one.reason for one in repeated)
    assert sum(one.progress.new for one in outcomes.values()) == 120
    assert_same(archive, news)
    assert len(all_channels(archive)) == 1
    server.clear_requests()
    collect(archive, session, ["news_two"])
    assert server.count(RESOLVE) == 0


def test_a_channel_with_additional_names_only(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    news = world.add_channel(None, usernames=["fancy", "fancier"], title="Fancy")
    news.post("x")
    for _ in range(2):
        collect(archive, session, ["fancier"])
    assert_same(archive, news)
    assert row_of(archive, news)["username"] == "fancy"
    assert server.count(RESOLVE) == 1


def test_a_rename_is_followed(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collect(archive, session, ["news"])
    news.rename("fresh_news")
    news.post("four")
    for _ in range(3):
        assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)
    assert row_of(archive, news)["username"] == "fresh_news"
    assert server.count(RESOLVE) == 2
    assert caplog.text.count("@news is not the name of channel id") == 1
    assert endings(collect(archive, session, ["fresh_news"])) == {"@fresh_news": "done"}
    assert len(all_channels(archive)) == 1


def test_a_name_that_another_channel_took_is_noticed_and_never_mixed(
    archive: Archive,
    world: World,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collect(archive, session, ["news"])
    thief = take_name(world, news)
    news.post("four")
    for _ in range(3):
        collect(archive, session, ["news"])
    assert_same(archive, news)
    assert caplog.text.count(f"@news is now the name of another channel, id {thief.id}") == 1
    assert server.count(RESOLVE) == 2
    assert stored(archive, thief) == []
    make_old(archive, "news")
    collect(archive, session, ["news"])
    assert server.count(RESOLVE) == 3
    assert endings(collect(archive, session, [str(thief.id)])) == {f"id {thief.id}": "done"}
    assert_same(archive, thief)
    assert_same(archive, news)


def test_a_name_was_taken_and_the_old_channel_is_private(
    archive: Archive,
    world: World,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collect(archive, session, ["news"])
    before = stored(archive, news)
    thief = take_name(world, news)
    news.private = True
    for _ in range(3):
        outcomes = collect(archive, session, ["news"])
        assert endings(outcomes) == {"@news": "failed"}
        assert "private" in outcomes["@news"].reason
    assert server.count(RESOLVE) == 2
    assert f"another channel, id {thief.id}" in caplog.text
    assert "still collecting" not in caplog.text
    assert stored(archive, news) == before
    assert stored(archive, thief) == []


def test_a_private_channel_that_keeps_its_name_is_not_said_to_have_lost_it(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collect(archive, session, ["news"])
    news.private = True
    for _ in range(3):
        assert endings(collect(archive, session, ["news"])) == {"@news": "failed"}
    assert "not the name" not in caplog.text
    assert server.count(RESOLVE) <= 2, "one to meet it, one to see what is wrong"
    news.private = False
    news.post("four")
    collect(archive, session, ["news"])
    assert_same(archive, news)


def test_a_channel_that_does_not_answer_does_not_cost_a_look_up(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    collect(archive, session, ["news"])
    server.faults.drop("GetFullChannelRequest", times=None)
    outcomes = collect(archive, session, ["news"], attempts=2)
    assert "channels.getFullChannel" in outcomes["@news"].reason
    assert server.count(RESOLVE) == 1
    assert "not the name" not in caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody_here", "nobody has this username"),
        ("some_person", "is a user or a bot"),
        ("some_group", "is a group"),
        ("two__lines", "no such username"),
    ],
)
def test_a_name_that_is_no_channel_fails_and_is_not_asked_again_that_day(
    archive: Archive,
    world: World,
    server: TelegramServer,
    session: str,
    name: str,
    reason: str,
) -> None:
    world.add_user("some_person")
    world.add_channel("some_group", broadcast=False)
    for _ in range(3):
        outcomes = collect(archive, session, [name])
        assert endings(outcomes) == {f"@{name}": "failed"}
        assert reason in outcomes[f"@{name}"].reason
    assert server.count(RESOLVE) == 1
    make_old(archive, name)
    collect(archive, session, [name])
    assert server.count(RESOLVE) == 2


def test_a_name_that_becomes_a_channel_is_found_the_next_day(
    archive: Archive, world: World, session: str
) -> None:
    collect(archive, session, ["later"])
    later = world.add_channel("later")
    later.post("x")
    make_old(archive, "later")
    assert endings(collect(archive, session, ["later"])) == {"@later": "done"}
    assert_same(archive, later)


def test_a_look_up_without_an_answer_is_no_answer(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.drop(RESOLVE, times=2)
    outcomes = collect(archive, session, ["news"], attempts=2)
    assert endings(outcomes) == {"@news": "failed"}
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


def test_a_second_account_with_hashes_of_its_own(
    archive: Archive, world: World, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    second = server.session(world.add_account(phone="+10000000002"))
    collect(archive, session, ["news"])
    news.rename("fresh_news")
    news.post("four")
    collect(archive, session, ["news"])
    news.post("five")
    assert endings(collect(archive, second, ["news"])) == {"@news": "done"}
    assert_same(archive, news)
    assert len({peer["access_hash"] for peer in rows_of(archive, peers)}) == 2
    news.post("six")
    server.clear_requests()
    for one in (session, second):
        collect(archive, one, [str(news.id)])
    assert server.count(RESOLVE) == 0
    assert_same(archive, news)


@pytest.mark.parametrize("by_id", [True, False])
def test_a_wrong_access_hash_is_replaced(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str, by_id: bool
) -> None:
    collect(archive, session, ["news"])
    change(archive, update(peers).values(access_hash=42))
    news.post("four")
    name = str(news.id) if by_id else "news"
    assert set(endings(collect(archive, session, [name])).values()) == {"done"}
    assert_same(archive, news)
    assert server.count(RESOLVE) == 2


def imported(archive: Archive, channel: Channel, *texts: str) -> None:
    """Posts that a file brought before anything was collected."""
    seen = datetime.now(UTC) - timedelta(days=30)
    posts = [Post(message_id=n, date=seen, text=text) for n, text in enumerate(texts, start=1)]
    with archive.begin() as connection:
        store(connection, channel, posts, seen_at=seen)


def test_an_imported_channel_known_by_its_name_only_becomes_the_same(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    imported(archive, Channel(username="News", title="News"), "one", "2")
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert len(all_channels(archive)) == 1


@pytest.mark.parametrize("id_first", [True, False])
def test_an_imported_channel_whose_name_has_moved_since_stays_apart(
    archive: Archive, world: World, server: TelegramServer, session: str, id_first: bool
) -> None:
    imported(archive, Channel(telegram_id=1234567890, username="moved_on"), "a", "b", "c")
    before = [post["text"] for post in all_posts(archive)]
    moved = world.add_channel("moved_on")
    moved.post_many(["of another channel"] * 5)
    names = ["1234567890", "moved_on"] if id_first else ["moved_on", "1234567890"]
    for name in names * 2:
        outcomes = collect(archive, session, [name])
        assert list(endings(outcomes).values()) == ["done" if name == "moved_on" else "failed"]
    assert server.count(RESOLVE) == 1
    assert_same(archive, moved)
    old = next(one for one in all_channels(archive) if one["telegram_id"] == 1234567890)
    mine = [post["text"] for post in all_posts(archive) if post["channel_id"] == old["id"]]
    assert mine == before


def test_an_imported_channel_whose_name_is_nobodys_now_is_asked_for_once_a_day(
    archive: Archive, world: World, server: TelegramServer, account: Account, session: str
) -> None:
    imported(archive, Channel(telegram_id=1234567890, username="Long_Gone"), "a")
    for _ in range(3):
        outcomes = collect(archive, session, ["1234567890"])
        assert endings(outcomes) == {"id 1234567890": "failed"}
    assert server.count(RESOLVE) == 1
    gone = world.add_channel(None, channel_id=1234567890)
    gone.post("still here")
    world.join(account, gone)
    assert endings(collect(archive, session, ["1234567890"])) == {"id 1234567890": "done"}
    assert_same(archive, gone)


def test_an_id_is_not_said_to_be_unknown_where_telegram_could_not_be_asked(
    archive: Archive, server: TelegramServer, session: str
) -> None:
    imported(archive, Channel(telegram_id=1234567890, username="somebody"), "a")
    server.faults.flood(RESOLVE, 1000)
    outcomes = collect(archive, session, ["1234567890"])
    assert endings(outcomes) == {"id 1234567890": "deferred"}
