"""Times the collector against bare Telethon, on the local Telegram server, with no pace set.

    python benchmarks/collect.py [--posts 20000] [--many 200000] [--rounds 3]

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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telethon import TelegramClient
from telethon.sessions import StringSession

from collector.archive import open_archive
from collector.telegram.client import Account, Credentials
from collector.telegram.collecting import Outcome, collect
from collector.telegram.limits import Limits
from collector.telegram.naming import parse_channels
from collector.telegram.planning import BEGINNING, Wish

__all__ = ["main"]

WORDS = ("город", "новость", "сегодня", "решение", "власти", "жители", "цена", "школа", "👍")
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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "SESSION"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    with served(DEFAULT_POSTS) as session:
        slow = measured("default", session)["speed"]
    with served(arguments.posts) as session:
        # Taken in turns, so that whatever else the machine does hits both.
        rounds = [
            {way: measured(way, session) for way in ("bare", "collector")}
            for _ in range(arguments.rounds)
        ]
    with served(arguments.many) as session:
        many = measured("collector", session)
    bare, ours = (
        statistics.median(one[way]["speed"] for one in rounds) for way in ("bare", "collector")
    )
    show("default", DEFAULT_POSTS, slow)
    show("bare", arguments.posts, bare, rounds[0]["bare"]["peak"])
    show("collector", arguments.posts, ours, rounds[0]["collector"]["peak"])
    show("collector", arguments.many, many["speed"], many["peak"])
    ratios = sorted(one["collector"]["speed"] / one["bare"]["speed"] for one in rounds)
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"of bare Telethon: {statistics.median(ratios):.2f} (goal 0.8; rounds: {each})")
    print(f"of its default: {ours / slow:.0f} times (goal 50)")


def show(way: str, posts: int, speed: float, peak: float | None = None) -> None:
    """Print one line of the table."""
    memory = "" if peak is None else f"{peak:6.0f} MB"
    print(f"{TITLE[way]:28} {posts:8,} posts {speed:9,.0f} posts/s {memory}")


@contextmanager
def served(posts: int) -> Iterator[str]:
    """Serve one channel of generated posts; yield a session that is signed in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.jsonl"
        with path.open("w") as file:
            file.writelines(f"{json.dumps(post)}\n" for post in generated(posts))
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


def generated(posts: int) -> Iterator[dict[str, object]]:
    """Yield posts of the usual size."""
    choose = random.Random(0)  # noqa: S311 (the same posts every time)
    start = datetime.now(UTC) - timedelta(minutes=posts)
    for number in range(1, posts + 1):
        yield {
            "channel": "city_news",
            "title": "Городские новости",
            "message_id": number,
            "date": (start + timedelta(minutes=number)).isoformat(),
            "text": " ".join(choose.choices(WORDS, k=48)),
            "views": choose.randrange(100_000),
            "reactions": {"👍": choose.randrange(1000), "🔥": choose.randrange(500)},
        }


def measured(way: str, session: str) -> dict[str, float]:
    """Run one measure in a process of its own; return posts/s and MiB."""
    command = [sys.executable, __file__, "--measure", way, session]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def measure(way: str, session: str) -> None:
    """Read the channel one way and print what that took."""
    if way == "collector":
        posts, seconds = read_collector(session)
    else:
        posts, seconds = read_bare(session, None if way == "default" else 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB
    print(json.dumps({"speed": posts / seconds, "peak": peak}))


def read_bare(session: str, wait_time: int | None) -> tuple[int, float]:
    """Read with Telethon alone; return how many posts came, and in how many seconds."""

    async def read() -> int:
        client = TelegramClient(StringSession(session), 1, "hash", receive_updates=False)
        async with client:
            count = 0
            async for _ in client.iter_messages("city_news", limit=None, wait_time=wait_time):
                count += 1
            return count

    start = time.perf_counter()
    return asyncio.run(read()), time.perf_counter() - start


def read_collector(session: str) -> tuple[int, float]:
    """Read with the collector into a new archive; return the same."""
    outcomes: list[Outcome] = []
    account = Account(StringSession(session), Credentials(1, "hash"))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_archive(Path(folder) / "archive.sqlite") as archive,
    ):
        wanted = parse_channels(["city_news"])
        limits = Limits(pace=0)
        start = time.perf_counter()
        collect(
            archive, account, wanted, Wish(BEGINNING), limits=limits, on_outcome=outcomes.append
        )
    return outcomes[0].progress.new, time.perf_counter() - start


if __name__ == "__main__":
    main()
