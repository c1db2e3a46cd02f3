"""Flood waits: obeyed to the second, written down when they are long, and never hit twice."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from collector.archive import Archive
from collector.errors import DeferredError
from collector.tables import flood_waits
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

HISTORY, RESOLVE = "GetHistoryRequest", "ResolveUsernameRequest"


@pytest.fixture
def news(world: World) -> ServedChannel:
    news = world.add_channel("news")
    news.post_many(["x"] * 250)
    return news


def let_pass(archive: Archive) -> None:
    """Let all waits be over."""
    change(archive, update(flood_waits).values(not_before=datetime.now(UTC)))


def test_a_short_wait_is_sat_out(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    asked: list[float] = []
    server.faults.call(HISTORY, lambda: asked.append(time.monotonic()), times=None)
    server.faults.flood(HISTORY, 1)
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)
    assert 1 <= asked[1] - asked[0] < 1.8


def test_a_wait_of_no_seconds_is_no_endless_hurry(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.flood(HISTORY, 0, times=None)
    outcomes = collect(archive, session, ["news"], max_wait=1)
    assert endings(outcomes) == {"@news": "deferred"}
    assert server.count(HISTORY) == 2


def test_short_waits_that_add_up_are_too_long(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.flood(HISTORY, 1, times=None)
    start = time.monotonic()
    outcomes = collect(archive, session, ["news"], max_wait=2.5)
    assert endings(outcomes) == {"@news": "deferred"}
    assert 2 <= time.monotonic() - start < 3.5
    assert server.count(HISTORY) == 3


def test_a_long_wait_is_written_down_and_obeyed_by_the_next_run(
    archive: Archive, server: TelegramServer, account: Account, news: ServedChannel, session: str
) -> None:
    server.faults.flood(HISTORY, 1000)
    start = datetime.now(UTC)
    outcomes = collect(archive, session, ["news"])
    assert endings(outcomes) == {"@news": "deferred"}
    [wait] = rows_of(archive, flood_waits)
    assert (wait["user_id"], wait["method"]) == (account.id, "messages.getHistory")
    assert timedelta(seconds=1000) <= wait["not_before"] - start < timedelta(seconds=1005)
    assert f"no messages.getHistory before {wait['not_before']:%Y-%m-%d %H:%M}" in (
        outcomes["@news"].reason
    )
    server.clear_requests()
    with pytest.raises(DeferredError, match=r"no messages\.getHistory before"):
        collect(archive, session, ["news"])
    assert server.requests == []
    let_pass(archive)
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


def test_a_wait_that_a_larger_limit_allows_is_sat_out_by_the_next_run(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.flood(HISTORY, 2)
    assert endings(collect(archive, session, ["news"], max_wait=1)) == {"@news": "deferred"}
    start = datetime.now(UTC)
    until = rows_of(archive, flood_waits)[0]["not_before"]
    assert endings(collect(archive, session, ["news"], max_wait=3)) == {"@news": "done"}
    assert datetime.now(UTC) >= until > start
    assert server.count(HISTORY) == 1 + 1 + 3  # refused; the newest; the pages


def test_a_long_wait_in_the_middle_keeps_what_came_before(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.error(HISTORY, 420, "FLOOD_WAIT_1000", after=3)
    outcomes = collect(archive, session, ["news"])
    assert endings(outcomes) == {"@news": "deferred"}
    assert outcomes["@news"].progress.new == len(stored(archive, news)) == 200
    let_pass(archive)
    collect(archive, session, ["news"])
    assert_same(archive, news)


def test_a_long_wait_for_history_is_not_hit_by_every_channel(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    names = [f"channel{number}" for number in range(8)]
    for name in names:
        world.add_channel(name).post("x")
    server.faults.flood(HISTORY, 1000, times=None)
    outcomes = collect(archive, session, names, at_once=1)
    assert endings(outcomes) == {f"@{name}": "deferred" for name in names}
    assert server.count(HISTORY) == 1


def test_a_longer_wait_is_not_forgotten_for_a_shorter_one(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    for name in ("one_1", "two_2"):
        world.add_channel(name).post("x")
    # Both are asked at the same time, and the second answer names less.
    server.faults.flood(HISTORY, 1000)
    server.faults.flood(HISTORY, 500)
    start = datetime.now(UTC)
    assert set(endings(collect(archive, session, ["one_1", "two_2"])).values()) == {"deferred"}
    assert server.count(HISTORY) == 2
    assert rows_of(archive, flood_waits)[0]["not_before"] - start > timedelta(seconds=900)


def test_without_look_ups_known_channels_are_collected(
    archive: Archive, world: World, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    new = world.add_channel("brand_new")
    new.post("x")
    news.post("more")
    server.faults.flood(RESOLVE, 1000)
    outcomes = collect(archive, session, ["brand_new", "news"])
    assert endings(outcomes) == {"@brand_new": "deferred", "@news": "done"}
    assert "contacts.resolveUsername" in outcomes["@brand_new"].reason
    assert_same(archive, news)
    server.clear_requests()
    assert endings(collect(archive, session, ["brand_new", "news"])) == endings(outcomes)
    assert server.count(RESOLVE) == 0
    let_pass(archive)
    assert endings(collect(archive, session, ["brand_new"])) == {"@brand_new": "done"}
    assert_same(archive, new)


def test_without_look_ups_a_renamed_channel_is_collected(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.rename("fresh_news")
    news.post("more")
    server.faults.flood(RESOLVE, 1000)
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


def test_without_look_ups_a_private_channel_is_called_private(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.private = True
    server.faults.flood(RESOLVE, 1000)
    outcomes = collect(archive, session, ["news"])
    assert endings(outcomes) == {"@news": "failed"}
    assert "private" in outcomes["@news"].reason


def test_a_wait_binds_the_account_that_was_told_only(
    archive: Archive, world: World, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    second = server.session(world.add_account(phone="+10000000002"))
    server.faults.flood(HISTORY, 1000)
    collect(archive, session, ["news"])
    assert endings(collect(archive, second, ["news"])) == {"@news": "done"}
    assert_same(archive, news)
    with pytest.raises(DeferredError):
        collect(archive, session, ["news"])


def test_a_wait_binds_every_session_of_the_account(
    archive: Archive, server: TelegramServer, account: Account, news: ServedChannel, session: str
) -> None:
    another = server.session(account)
    collect(archive, another, ["news"])
    server.faults.flood(HISTORY, 1000)
    collect(archive, session, ["news"])
    server.clear_requests()
    with pytest.raises(DeferredError):
        collect(archive, another, ["news"])
    assert server.requests == []


def test_a_deferred_channel_has_not_had_its_turn(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.flood(HISTORY, 1000)
    collect(archive, session, ["news"])
    assert row_of(archive, news)["attempted_at"] is None
    assert row_of(archive, news)["collected_at"] is None


@pytest.mark.parametrize("message", ["FLOOD_PREMIUM_WAIT_1000", "SLOWMODE_WAIT_1000"])
def test_other_kinds_of_waits(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str, message: str
) -> None:
    server.faults.error(HISTORY, 420, message)
    assert endings(collect(archive, session, ["news"])) == {"@news": "deferred"}


def test_a_wait_for_who_we_are_is_named_so(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    server.faults.flood("GetUsersRequest", 1000, times=None)
    server.clear_requests()
    for _ in range(2):
        with pytest.raises(DeferredError, match=r"no users\.getUsers before"):
            collect(archive, session, ["news"])
    assert server.count("GetUsersRequest") == 1


def test_look_ups_are_not_spent_when_history_cannot_be_had(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    names = [f"channel{number}" for number in range(8)]
    for name in names:
        world.add_channel(name).post("x")
    server.faults.flood(HISTORY, 5000, times=None)
    outcomes = collect(archive, session, names, at_once=1)
    assert set(endings(outcomes).values()) == {"deferred"}
    assert server.count("ResolveUsernameRequest") == 1
