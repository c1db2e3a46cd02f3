"""After any posts, edits, deletions and broken runs, archive and ledger agree with the preview."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from collector.archive import open_archive
from collector.collecting import Ending
from collector.planning import BEGINNING, Wish
from tests.collector.archived import versions
from tests.collector.preview.previewed import assert_same, collect
from tests.collector.telegram.collected import coverage_of, stored
from tests.preview_server import PreviewServer
from tests.telegram_server import World

EVERYTHING = Wish(BEGINNING, recent=timedelta(days=3650))
WORDS = st.text("аб<&\n ", min_size=1, max_size=4)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class Channel(RuleBasedStateMachine):
    """One channel that lives on while runs read it, break off, and read it again."""

    def __init__(self) -> None:
        super().__init__()
        for name in PROXIES:
            os.environ.pop(name, None)
        self.directory = tempfile.TemporaryDirectory()
        self.world = World()
        self.news = self.world.add_channel("news")
        self.server = PreviewServer(self.world)
        self.server.__enter__()
        self.archive = open_archive(Path(self.directory.name) / "archive.db")
        self.told: dict[int, set[str]] = {}
        self.note(self.news.post("остаётся всегда"))  # an empty page says nothing of any post

    @initialize(short=st.none() | st.integers(3, 9))
    def begin(self, short: int | None) -> None:
        self.news.short_pages = short

    def note(self, message_id: int) -> None:
        self.told.setdefault(message_id, set()).add(self.news.messages[message_id].text)

    @rule(text=WORDS, views=st.none() | st.integers(0, 20_000))
    def post(self, text: str, views: int | None) -> None:
        self.note(self.news.post(text, views=views))

    @rule(size=st.integers(2, 10), caption=st.sampled_from(["", "подпись"]))
    def post_album(self, size: int, caption: str) -> None:
        grouped_id = 1000 + len(self.news.messages)
        for number in range(size):
            text = "" if number else caption
            self.note(self.news.post(text, grouped_id=grouped_id, photo=True))

    @rule(count=st.integers(1, 30))
    def post_many(self, count: int) -> None:
        for message_id in self.news.post_many([f"пост {n}" for n in range(count)]):
            self.note(message_id)

    @rule()
    def service_message(self) -> None:
        self.news.service()

    @rule(count=st.integers(1, 3))
    def skip(self, count: int) -> None:
        self.news.skip(count)

    def single(self) -> list[int]:
        """Posts that are no part of an album, but for the first."""
        there = [self.news.messages[one] for one in self.news.ids[1:]]
        return [one.id for one in there if not one.service and one.grouped_id is None]

    @precondition(lambda self: self.single())
    @rule(data=st.data(), text=WORDS)
    def edit(self, data: Any, text: str) -> None:
        message_id = int(data.draw(st.sampled_from(self.single())))
        self.news.edit(message_id, text)
        self.note(message_id)

    @precondition(lambda self: self.single())
    @rule(data=st.data(), views=st.integers(0, 99_999), likes=st.integers(0, 2000))
    def react(self, data: Any, views: int, likes: int) -> None:
        reactions = {"👍": likes} if likes else {}
        message_id = int(data.draw(st.sampled_from(self.single())))
        self.news.update(message_id, views=views, reactions=reactions)

    @precondition(lambda self: self.single())
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        self.news.delete(int(data.draw(st.sampled_from(self.single()))))

    @rule(after=st.integers(0, 6), fault=st.sampled_from(["cut", "broken", "refused"]))
    def interrupted_run(self, after: int, fault: str) -> None:
        if fault == "cut":
            self.server.faults.drop("page", times=None, where="middle", after=after)
        elif fault == "broken":
            self.server.faults.error("page", 500, "no", times=None, after=after)
        else:
            self.server.faults.error("page", 403, "no", times=None, after=after)
        collect(self.archive, self.server, ["news"], EVERYTHING, attempts=2, first_pause=0)
        self.server.faults.clear()
        self.nothing_invented()

    @rule()
    def run(self) -> None:
        outcomes = collect(self.archive, self.server, ["news"], EVERYTHING)
        assert outcomes["@news"].ending is Ending.DONE
        assert_same(self.archive, self.news)
        self.nothing_invented()
        live = [post.id for post in self.news.truth()]
        assert [part.span for part in coverage_of(self.archive, self.news)] == [(1, live[-1])]

    def nothing_invented(self) -> None:
        """Every text was once said, and every deleted post is."""
        for post in stored(self.archive, self.news) if self.archived() else ():
            assert post["text"] in self.told[post["message_id"]]
            assert not (post["deleted_at"] and post["message_id"] in self.news.messages)
        assert set(versions(self.archive)) <= set().union(*self.told.values())

    def archived(self) -> bool:
        """Whether the channel has been met."""
        return bool(self.server.count("/s/news?"))

    def teardown(self) -> None:
        try:
            self.run()
        finally:
            self.archive.close()
            self.server.__exit__(None, None, None)
            self.directory.cleanup()


Channel.TestCase.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)
test_any_life_of_a_channel = pytest.mark.slow(Channel.TestCase)
