"""Times the collector against bare Telethon, on the local Telegram server, with no pace set.

    python benchmarks/collect.py [--posts 20000] [--many 200000] [--rounds 5]

Each measure is a process of its own; the server is another. `iter_messages` reads without storing
anything: with wait_time=0, and as Telethon does by default, which sleeps a second per 100 posts.
"""

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from telethon import TelegramClient
from telethon.sessions import StringSession

from collector.archive import open_archive
from collector.limits import Limits
from collector.naming import parse_channels
from collector.planning import BEGINNING, Wish
from collector.telegram.client import Account, Credentials
from collector.telegram.collecting import collect

if TYPE_CHECKING:
    from collector.collecting import Outcome

__all__ = ["main"]

WORDS = ("город", "новость", "сегодня", "решение", "власти", "жители", "цена", "школа", "👍")
CHANNELS = 4
NAMES = [f"city_news_{number}" for number in range(CHANNELS)]
DEFAULT_POSTS = 1000  # at some 99 posts/s nobody waits for more
TITLE = {
    "default": "iter_messages(limit=None)",
    "bare": "iter_messages(wait_time=0)",
    "collector": "tgstance, into an archive",
}


def main() -> None:
    """Print posts/s and peak memory of each way to read, and what the goals are about."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        way, channels, session = arguments.measure
        measure(way, int(channels), session)
        return
    with served(DEFAULT_POSTS, 1) as session:
        slow = measured("default", 1, session)
    show("default", 1, DEFAULT_POSTS, slow)
    for channels in (1, CHANNELS):
        compare(arguments.posts, channels, arguments.rounds, slow["speed"])
    with served(arguments.many, 1) as session:
        show("collector", 1, arguments.many, measured("collector", 1, session))


def compare(posts: int, channels: int, rounds: int, slow: float) -> None:
    """Measure the collector beside bare Telethon and print both, and how they compare."""
    with served(posts, channels) as session:
        # Taken in turns, so that whatever else the machine does hits both.
        found = [
            {way: measured(way, channels, session) for way in ("bare", "collector")}
            for _ in range(rounds)
        ]
    middle = {way: sorted_by_speed(found, way)[rounds // 2] for way in ("bare", "collector")}
    for way, one in middle.items():
        show(way, channels, posts, one)
    ratios = sorted(one["collector"]["speed"] / one["bare"]["speed"] for one in found)
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"  of bare Telethon: {statistics.median(ratios):.2f} (goal 0.8; rounds: {each})")
    print(f"  of its default: {middle['collector']['speed'] / slow:.0f} times (goal 50)")


def sorted_by_speed(found: list[dict[str, dict[str, float]]], way: str) -> list[dict[str, float]]:
    """Return the measures of one way, the slowest first."""
    return sorted((one[way] for one in found), key=lambda one: one["speed"])


def show(way: str, channels: int, posts: int, one: dict[str, float]) -> None:
    """Print one line of the table."""
    where = f"{posts:,} posts of {channels} channel{'s' * (channels > 1)}"
    print(f"{TITLE[way]:27} {where:28} {one['speed']:7,.0f} posts/s {one['peak']:5.0f} MB")


@contextmanager
def served(posts: int, channels: int) -> Iterator[str]:
    """Serve channels of generated posts; yield a session that is signed in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.jsonl"
        with path.open("w") as file:
            file.writelines(f"{json.dumps(post)}\n" for post in generated(posts, channels))
        command = [sys.executable, "-m", "tests.telegram_server", "--channels", str(path)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield next(
                line.strip().removeprefix("TGSTANCE_SESSION=")
                for line in server.stdout or ()
                if line.startswith("TGSTANCE_SESSION=")
            )
        finally:
            server.terminate()
            server.wait()


def generated(posts: int, channels: int) -> Iterator[dict[str, object]]:
    """Yield posts of the usual size, spread over some channels."""
    choose = random.Random(0)
    start = datetime.now(UTC) - timedelta(minutes=posts)
    for number in range(1, posts + 1):
        yield {
            "channel": NAMES[number % channels],
            "title": "Городские новости",
            "message_id": number,
            "date": (start + timedelta(minutes=number)).isoformat(),
            "text": " ".join(choose.choices(WORDS, k=48)),
            "views": choose.randrange(100_000),
            "reactions": {"👍": choose.randrange(1000), "🔥": choose.randrange(500)},
        }


def measured(way: str, channels: int, session: str) -> dict[str, float]:
    """Run one measure in a process of its own; return posts/s and MiB."""
    command = [sys.executable, __file__, "--measure", way, str(channels), session]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def measure(way: str, channels: int, session: str) -> None:
    """Read the channels one way and print what that took."""
    names = NAMES[:channels]
    if way == "collector":
        posts, seconds = read_collector(session, names)
    else:
        posts, seconds = read_bare(session, names, None if way == "default" else 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB
    print(json.dumps({"speed": posts / seconds, "peak": peak}))


def read_bare(session: str, names: Sequence[str], wait_time: int | None) -> tuple[int, float]:
    """Read with Telethon alone, one channel after the other; return posts and seconds."""

    async def read() -> int:
        client = TelegramClient(StringSession(session), 1, "hash", receive_updates=False)
        async with client:
            count = 0
            for name in names:
                async for _ in client.iter_messages(name, limit=None, wait_time=wait_time):
                    count += 1
            return count

    start = time.perf_counter()
    return asyncio.run(read()), time.perf_counter() - start


def read_collector(session: str, names: Sequence[str]) -> tuple[int, float]:
    """Read with the collector into a new archive; return posts and seconds."""
    outcomes: list[Outcome] = []
    account = Account(StringSession(session), Credentials(1, "hash"))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_archive(Path(folder) / "archive.sqlite") as archive,
    ):
        wanted = parse_channels(names)
        limits = Limits(pace=0)
        start = time.perf_counter()
        collect(
            archive, account, wanted, Wish(BEGINNING), limits=limits, on_outcome=outcomes.append
        )
    return sum(outcome.progress.new for outcome in outcomes), time.perf_counter() - start


if __name__ == "__main__":
    main()
