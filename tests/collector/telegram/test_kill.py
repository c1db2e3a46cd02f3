"""Killed at any moment, the collector goes on where its last transaction ended."""

import multiprocessing.process
import random
import signal
import time
from pathlib import Path

import pytest

from collector.archive import open_archive
from tests.collector.telegram.collected import assert_same, collect, coverage_of, stored
from tests.telegram_server import TelegramServer, World

KILLS = 50


def collect_in_process(path: Path, session: str, names: list[str]) -> None:
    with open_archive(path) as archive:
        collect(archive, session, names)


@pytest.mark.slow
@pytest.mark.timeout(400)  # fifty processes, one after the other
def test_kill_9_at_fifty_random_moments(
    tmp_path: Path, world: World, server: TelegramServer, session: str
) -> None:
    chance = random.Random(50)
    channels = [world.add_channel(f"channel{number}") for number in range(3)]
    for channel in channels:
        channel.short_pages = 10
        channel.post_many([f"пост {number}" for number in range(1500)])
    names = [f"@{channel.username}" for channel in channels]
    path = tmp_path / "archive.db"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collector.telegram.collected"])

    children: list[multiprocessing.process.BaseProcess] = []

    def kill() -> None:
        time.sleep(chance.random() * 0.02)  # into the storing of the page before this request
        children[-1].kill()

    killed = 0
    for _ in range(KILLS):
        server.faults.clear()
        child = context.Process(target=collect_in_process, args=(path, session, names))
        child.start()
        children.append(child)
        server.faults.call("*", kill, after=chance.randrange(1, 25))
        child.join()
        killed += child.exitcode == -signal.SIGKILL
    assert killed == KILLS
    server.faults.clear()
    with open_archive(path) as archive:
        collected = sum(len(stored(archive, channel)) for channel in channels)
        assert 0 < collected < sum(len(channel.messages) for channel in channels)
        collect(archive, session, names)
        for channel in channels:
            assert_same(archive, channel)
            assert [part.span for part in coverage_of(archive, channel)] == [(1, 1500)]
