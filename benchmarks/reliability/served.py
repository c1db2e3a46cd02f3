"""A Telegram on this machine whose channels are written to all the time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tests.telegram_server import ServedChannel, TelegramServer, World

__all__ = ["Served"]

TEXTS = Path(__file__).parents[2] / "tgstance/demo/posts.jsonl"
PAGE = 20  # posts an answer: more pages, and so more transactions, than of a real channel


class Served:
    """A server of `channels` channels of `posts` posts each, as a context manager."""

    def __init__(self, seed: int, channels: int = 4, posts: int = 40) -> None:
        self.chance = Random(seed)
        lines = TEXTS.read_text(encoding="utf-8").splitlines()
        self.texts = [json.loads(line)["text"] for line in lines]
        self.world = World()
        self.account = self.world.add_account()
        self.channels = [
            self.world.add_channel(f"channel_{number}", title=f"Канал {number}")
            for number in range(channels)
        ]
        for channel in self.channels:
            channel.short_pages = PAGE
            channel.post_many(self._text() for _ in range(posts))
        self.server = TelegramServer(self.world)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, trace)

    def session(self) -> str:
        """Return a session that is signed in."""
        return self.server.session(self.account)

    def write(self, count: int) -> None:
        """Publish some posts, and edit half as many."""
        for _ in range(count):
            now = datetime.now(UTC)
            self.chance.choice(self.channels).post(self._text(), date=now)
            if self.chance.random() < 0.5:
                channel = self.chance.choice(self.channels)
                channel.edit(self._recent(channel), self._text(), date=now)

    @contextmanager
    def being_written(self, pause: float = 0.3, most: int = 15) -> Iterator[None]:
        """Publish, and sometimes edit, after each pause of seconds until the end of the block.

        With `most` posts, so that a slow machine is not given more to do than a fast one.
        """
        ended = Event()

        def work() -> None:
            for _ in range(most):
                if ended.wait(pause):
                    return
                self.write(1)

        thread = Thread(target=work, name="author")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _text(self) -> str:
        """Return a text, which may be one that was published before."""
        text = self.chance.choice(self.texts)
        return text if self.chance.random() < 0.3 else f"{text} {self.chance.randrange(10**6)}"

    def _recent(self, channel: ServedChannel) -> int:
        return self.chance.choice(channel.ids[-100:])
