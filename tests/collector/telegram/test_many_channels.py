"""Many channels in one run: whose turn it is, how fast, and what is told and kept of each."""

import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from collector.archive import Archive
from collector.errors import UnreachableError
from collector.naming import ChannelName
from collector.tables import channel_facts
from collector.telegram.collecting import collect as collect_channels
from tests.collector.archived import all_channels
from tests.collector.telegram.collected import (
    ALL,
    QUICK,
    account_of,
    assert_same,
    collect,
    endings,
    row_of,
    rows_of,
)
from tests.telegram_server import ServedChannel, TelegramServer, World


def add(world: World, *names: str) -> list[ServedChannel]:
    channels = [world.add_channel(name) for name in names]
    for channel in channels:
        channel.post_many([channel.title] * 3)
    return channels


def order(archive: Archive, session: str, names: list[str]) -> list[str]:
    """Collect one channel after the other; the order in which they had their turns."""
    return list(collect(archive, session, names, at_once=1))


def test_the_longest_waiting_channel_is_first(archive: Archive, world: World, session: str) -> None:
    add(world, "aaaa", "bbbb", "cccc", "dddd")
    order(archive, session, ["cccc"])
    order(archive, session, ["aaaa"])
    order(archive, session, ["dddd"])
    names = ["aaaa", "bbbb", "cccc", "dddd"]
    assert order(archive, session, names) == ["@bbbb", "@cccc", "@aaaa", "@dddd"]
    assert order(archive, session, names[::-1]) == ["@bbbb", "@cccc", "@aaaa", "@dddd"]


def test_new_channels_keep_the_order_in_which_they_are_named(
    archive: Archive, world: World, session: str
) -> None:
    add(world, "aaaa", "bbbb", "cccc")
    assert order(archive, session, ["bbbb", "cccc", "aaaa"]) == ["@bbbb", "@cccc", "@aaaa"]


def test_a_failing_channel_does_not_stay_first_for_ever(
    archive: Archive, world: World, session: str
) -> None:
    private, _ = add(world, "hidden", "open_one")
    order(archive, session, ["hidden", "open_one"])
    private.private = True
    assert order(archive, session, ["hidden", "open_one"]) == ["@hidden", "@open_one"]
    order(archive, session, ["open_one", "hidden"])
    order(archive, session, ["hidden"])
    assert order(archive, session, ["hidden", "open_one"]) == ["@open_one", "@hidden"]


def test_a_name_that_leads_nowhere_does_not_stay_first_for_ever(
    archive: Archive, world: World, session: str
) -> None:
    add(world, "real_one", "late_one")
    assert order(archive, session, ["nobody1", "real_one"]) == ["@nobody1", "@real_one"]
    assert order(archive, session, ["nobody1", "late_one"]) == ["@late_one", "@nobody1"]


def test_channels_that_were_not_reached_are_first_in_the_next_run(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    names = ["aaaa", "bbbb", "cccc"]
    add(world, *names)
    order(archive, session, names)
    server.faults.error("GetHistoryRequest", 420, "FLOOD_WAIT_2", times=None, after=2)
    assert list(endings(collect(archive, session, names, at_once=1, max_wait=1)).values()) == [
        "done",
        "deferred",
        "deferred",
    ]
    server.faults.clear()
    assert order(archive, session, names) == ["@bbbb", "@cccc", "@aaaa"]


@pytest.mark.parametrize("at_once", [1, 3, 20])
def test_each_channel_has_one_outcome_and_all_its_posts(
    archive: Archive, world: World, session: str, at_once: int
) -> None:
    names = [f"channel{number}" for number in range(12)]
    channels = add(world, *names)
    channels[3].private = channels[7].private = True
    outcomes = collect(archive, session, [*names, "nobody1", "12345"], at_once=at_once)
    assert len(outcomes) == 14
    failed = {name for name, ending in endings(outcomes).items() if ending == "failed"}
    assert failed == {"@channel3", "@channel7", "@nobody1", "id 12345"}
    assert all(outcomes[name].reason for name in failed)
    for channel in channels:
        if not channel.private:
            assert_same(archive, channel)
            assert outcomes[f"@{channel.username}"].progress.new == 3


def test_an_outcome_is_told_as_soon_as_it_is_known(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    add(world, "aaaa", "bbbb")
    told: list[tuple[ChannelName, int]] = []
    collect_channels(
        archive,
        account_of(session),
        [ChannelName("aaaa"), ChannelName("bbbb")],
        ALL,
        limits=type(QUICK)(pace=0, at_once=1),
        on_outcome=lambda one: told.append((one.name, server.count("GetFullChannelRequest"))),
    )
    assert told == [(ChannelName("aaaa"), 1), (ChannelName("bbbb"), 2)]


def test_no_channels_at_all(archive: Archive, session: str) -> None:
    assert collect(archive, session, []) == {}


def test_channels_read_side_by_side_keep_the_pace_together(
    archive: Archive, world: World, server: TelegramServer, session: str
) -> None:
    names = ["aaaa", "bbbb", "cccc"]
    add(world, *names)
    asked: list[float] = []
    lock = threading.Lock()

    def note() -> None:
        with lock:
            asked.append(time.monotonic())

    for request in ("ResolveUsername", "GetFullChannel", "GetHistory"):
        server.faults.call(f"{request}Request", note, times=None)
    collect(archive, session, names, pace=0.05)
    assert len(asked) == 3 * 4
    assert asked[-1] - asked[0] >= 11 * 0.05 * 0.9
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert sorted(gaps)[len(gaps) // 2] >= 0.04


def facts(archive: Archive) -> list[tuple[Any, ...]]:
    columns = ("username", "title", "description", "participants")
    return [tuple(fact[name] for name in columns) for fact in rows_of(archive, channel_facts)]


def test_facts_get_a_row_when_they_change(archive: Archive, world: World, session: str) -> None:
    news = world.add_channel("news", title="Новости", about="Обо всём", participants=100)
    for _ in range(3):
        collect(archive, session, ["news"])
    first = ("news", "Новости", "Обо всём", 100)
    assert facts(archive) == [first]
    news.participants = 120
    collect(archive, session, ["news"])
    news.participants = 100
    collect(archive, session, ["news"])
    news.title, news.about = "Вести", ""
    news.rename("vesti")
    collect(archive, session, ["news"])
    collect(archive, session, ["news"])
    assert facts(archive) == [
        first,
        ("news", "Новости", "Обо всём", 120),
        first,
        ("vesti", "Вести", "", 100),
    ]
    row = row_of(archive, news)
    assert (row["title"], row["description"], row["participants"]) == ("Вести", "", 100)


def test_hidden_participants_are_not_nought(archive: Archive, world: World, session: str) -> None:
    world.add_channel("news", participants=None)
    collect(archive, session, ["news"])
    assert facts(archive) == [("news", "news", "", None)]


def test_when_a_channel_had_its_turn_and_when_it_was_complete(
    archive: Archive, world: World, session: str
) -> None:
    [news] = add(world, "news")
    start = datetime.now(UTC)
    collect(archive, session, ["news"])
    first = row_of(archive, news)
    assert start < first["collected_at"] <= first["attempted_at"] < datetime.now(UTC)
    assert (first["newest_id"], first["newest_date"]) == (3, news.messages[3].date)
    news.private = True
    collect(archive, session, ["news"])
    second = row_of(archive, news)
    assert second["collected_at"] == first["collected_at"]
    assert second["attempted_at"] > first["attempted_at"]


def test_a_channel_that_was_never_seen_leaves_no_row(
    archive: Archive, world: World, session: str
) -> None:
    collect(archive, session, ["nobody1", "12345"])
    assert all_channels(archive) == []


def test_many_workers_give_up_together(
    archive: Archive, server: TelegramServer, world: World, session: str
) -> None:
    names = [f"channel{number}" for number in range(10)]
    for name in names:
        world.add_channel(name).post("x")
    collect(archive, session, names)
    server.faults.silent("*", times=None)
    start = time.monotonic()
    with pytest.raises(UnreachableError):
        collect(archive, session, names, at_once=10, deadline=0.2, attempts=2)
    assert time.monotonic() - start < 5
