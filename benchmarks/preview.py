"""Times the reading of web preview pages beside BeautifulSoup, on one core.

    PYTHONPATH=. python benchmarks/preview.py [--pages 40] [--rounds 5]

The pages are those of the tests' local preview: 20 posts each, of the usual size, with links,
emoji, reactions, replies, forwards, photos and polls. BeautifulSoup takes the same fields from the
same elements; that both find the same is checked first. It is timed with Python's own parser, and
with lxml where that is installed.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from bs4 import BeautifulSoup, Tag

from collector.post import Post
from collector.preview.channel_page import read_channel_page
from tests.preview_server.pages import preview
from tests.telegram_server import ServedChannel, World

__all__ = ["main"]

WORDS = ("город", "новость", "сегодня", "решение", "власти", "жители", "цена", "школа", "👍", "❗️")
POSTS = 20
GOAL = 10

Read = Callable[[bytes], list[tuple[Any, ...]]]


def main() -> None:
    """Print pages a second of each way to read them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pages = served(arguments.pages)
    ways: dict[str, Read] = {"tgstance (selectolax)": ours}
    for name in ("html.parser", "lxml"):
        if name != "lxml" or find_spec("lxml"):
            ways[f"BeautifulSoup ({name})"] = theirs(name)
    check(pages, ways)
    show(measured(pages, ways, arguments.rounds), sum(map(len, pages)) / len(pages))


def served(count: int) -> list[bytes]:
    """Return pages of a channel of generated posts."""
    choose = random.Random(0)
    world = World()
    channel = world.add_channel("city_news", title="Городские новости")
    for number in range(1, count * POSTS + 1):
        add_post(channel, number, choose)
    ends = range(POSTS, count * POSTS + 1, POSTS)
    return [preview(world, channel, ("before", end + 1)).encode() for end in ends]


def add_post(channel: ServedChannel, number: int, choose: random.Random) -> None:
    """Publish a post."""
    text = " ".join(choose.choices(WORDS, k=48))
    channel.post(
        f"{text}\n\nПодробнее: https://example.com/{number} #новости",
        views=choose.randrange(100_000),
        reactions={"👍": choose.randrange(1, 5000), "🔥": choose.randrange(1, 500)},
        reply_to=number - 1 if number % 7 == 2 else None,
        forward_from=(None, None, "Сосед") if number % 9 == 0 else None,
        photo=number % 3 == 0,
        poll=("Да?", ["Да", "Нет"]) if number % 11 == 0 else None,
        entities=[(0, 12, "b")],
    )


def ours(page: bytes) -> list[tuple[Any, ...]]:
    """Read a page as the collector does."""
    return [fields(post) for post in read_channel_page(page, "city_news").page.posts]


def fields(post: Post) -> tuple[Any, ...]:
    """Return what is compared of a post."""
    poll = post.poll and (post.poll["question"], *post.poll["options"])
    names = tuple(post.reactions or {})
    return (
        *(post.message_id, post.date, post.text, names, post.reply_to, post.forward_name),
        *(post.media, poll),
    )


def theirs(parser: str) -> Read:
    """Return what reads a page with BeautifulSoup and one of its parsers."""

    def read(page: bytes) -> list[tuple[Any, ...]]:
        soup = BeautifulSoup(page.decode(), parser)
        return [of_block(one) for one in soup.select(".tgme_widget_message[data-post]")]

    return read


def of_block(block: Tag) -> tuple[Any, ...]:
    """Return the same fields of one post."""
    poll = block.select(".tgme_widget_message_poll_question, .tgme_widget_message_poll_option_text")
    photo = block.select_one(".tgme_widget_message_photo_wrap")
    reply = block.select_one("a.tgme_widget_message_reply")
    forward = block.select_one(".tgme_widget_message_forwarded_from_name")
    date = block.select_one("a.tgme_widget_message_date time[datetime]")
    text = block.select_one(".js-message_text")
    for line in text.find_all("br") if text else ():
        line.replace_with("\n")
    return (
        int(str(block["data-post"]).partition("/")[2]),
        datetime.fromisoformat(str(date["datetime"] if date else "")).astimezone(UTC),
        text.get_text() if text else "",
        tuple(one.get_text() for one in block.select(".tgme_reaction b")),
        int(str(reply["href"]).rpartition("/")[2]) if reply else None,
        forward.get_text() if forward else None,
        "poll" if poll else "photo" if photo else None,
        tuple(one.get_text() for one in poll) or None,
    )


def check(pages: Sequence[bytes], ways: dict[str, Read]) -> None:
    """Raise SystemExit unless all ways find the same posts."""
    for page in pages[:5]:
        found = [read(page) for read in ways.values()]
        if any(one != found[0] for one in found) or len(found[0]) != POSTS:
            raise SystemExit("the ways to read a page do not agree")


def measured(
    pages: Sequence[bytes], ways: dict[str, Read], rounds: int
) -> dict[str, Sequence[float]]:
    """Return pages a second of each way and round, taken in turns."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, read in ways.items():
            start = time.process_time()  # of this process alone, whatever else the machine does
            for page in pages:
                read(page)
            speeds[name].append(len(pages) / (time.process_time() - start))
    return {name: tuple(found) for name, found in speeds.items()}


def show(speeds: dict[str, Sequence[float]], size: float) -> None:
    """Print the table, and how many times as fast the collector is."""
    print(f"pages of {POSTS} posts, {size / 1024:.0f} KiB each; one core, seconds of CPU")
    middle = {name: statistics.median(found) for name, found in speeds.items()}
    first, *others = middle
    for name, speed in middle.items():
        spread = f"{min(speeds[name]):,.0f} to {max(speeds[name]):,.0f}"
        print(f"{name:28} {speed:7,.0f} pages/s  ({spread})")
    for name in others:
        print(f"  {middle[first] / middle[name]:.1f} times {name} (goal {GOAL})")


if __name__ == "__main__":
    main()
