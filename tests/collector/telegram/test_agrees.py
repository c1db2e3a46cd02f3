"""After any posts, edits, deletions and broken runs, archive and ledger agree with Telegram."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from collector.archive import open_archive
from collector.collecting import Ending
from collector.planning import BEGINNING, Wish
from tests.collector.archived import versions
from tests.collector.telegram.collected import assert_same, collect, coverage_of, stored
from tests.telegram_server import TelegramServer, World

EVERYTHING = Wish(BEGINNING, recent=timedelta(days=3650))
HISTORY = "GetHistoryRequest"
ANY = st.characters(codec="utf-8", exclude_characters="\0")  # which no archive keeps


class Channel(RuleBasedStateMachine):
    """One channel that lives on while runs read it, break off, and read it again."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.world = World()
        self.news = self.world.add_channel("news")
        self.server = TelegramServer(self.world)
        self.server.__enter__()
        account = self.world.add_account(phone="+10000000001", code="12345")
        self.session = self.server.session(account)
        self.archive = open_archive(Path(self.directory.name) / "archive.db")
        self.highest = 0
        self.told: dict[int, set[str]] = {}

    @initialize(short=st.none() | st.integers(3, 9), padded=st.booleans())
    def begin(self, short: int | None, padded: bool) -> None:
        self.news.short_pages = short
        self.news.padded = padded

    def note(self, message_id: int) -> None:
        self.highest = max(self.highest, message_id)
        self.told.setdefault(message_id, set()).add(self.news.messages[message_id].text)

    @rule(text=st.text(ANY, max_size=5), views=st.none() | st.integers(0, 9))
    def post(self, text: str, views: int | None) -> None:
        self.note(self.news.post(text, views=views))

    @rule(captions=st.lists(st.sampled_from(["", "подпись"]), min_size=2, max_size=10))
    def post_album(self, captions: list[str]) -> None:
        grouped_id = self.highest + 1
        for caption in captions:
            self.note(self.news.post(caption, grouped_id=grouped_id, photo=True))

    @rule(count=st.integers(1, 30))
    def post_many(self, count: int) -> None:
        for message_id in self.news.post_many([f"пост {n}" for n in range(count)]):
            self.note(message_id)

    @rule()
    def service_message(self) -> None:
        self.highest = self.news.service()

    @rule(count=st.integers(1, 3))
    def skip(self, count: int) -> None:
        self.news.skip(count)

    def one_of(self, data: Any) -> int:
        live = [post.id for post in self.news.truth() if not post.service]
        return int(data.draw(st.sampled_from(live)))

    def has_posts(self) -> bool:
        return any(not post.service for post in self.news.truth())

    @precondition(has_posts)
    @rule(data=st.data(), text=st.text(ANY, max_size=3))
    def edit(self, data: Any, text: str) -> None:
        message_id = self.one_of(data)
        self.news.edit(message_id, text)
        self.note(message_id)

    @precondition(has_posts)
    @rule(data=st.data(), views=st.integers(0, 99), likes=st.integers(0, 2))
    def react(self, data: Any, views: int, likes: int) -> None:
        reactions = {"👍": likes} if likes else {}
        self.news.update(self.one_of(data), views=views, reactions=reactions)

    @precondition(has_posts)
    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        self.news.delete(self.one_of(data))

    @rule(after=st.integers(0, 6), fault=st.sampled_from(["drop", "private"]))
    def interrupted_run(self, after: int, fault: str) -> None:
        if fault == "drop":
            self.server.faults.drop(HISTORY, times=None, where="middle", after=after)
        else:
            self.server.faults.error(HISTORY, 400, "CHANNEL_PRIVATE", times=None, after=after)
        collect(self.archive, self.session, ["news"], EVERYTHING, attempts=2, first_pause=0)
        self.server.faults.clear()
        self.nothing_invented()

    @rule()
    def run(self) -> None:
        outcomes = collect(self.archive, self.session, ["news"], EVERYTHING)
        assert outcomes["@news"].ending is Ending.DONE
        assert_same(self.archive, self.news)
        self.nothing_invented()
        self.everything_was_asked_for()

    def nothing_invented(self) -> None:
        """Every text was once said, and every deleted post is."""
        for post in stored(self.archive, self.news):
            assert post["text"] in self.told[post["message_id"]]
            assert not (post["deleted_at"] and post["message_id"] in self.news.messages)
        said = set().union(*self.told.values()) if self.told else set()
        assert set(versions(self.archive)) <= said

    def everything_was_asked_for(self) -> None:
        live = [post.id for post in self.news.truth()]
        spans = [part.span for part in coverage_of(self.archive, self.news)]
        assert len(spans) <= 1
        assert all(any(first <= one <= last for first, last in spans) for one in live)

    def teardown(self) -> None:
        try:
            self.run()
        finally:
            self.archive.close()
            self.server.__exit__(None, None, None)
            self.directory.cleanup()


Channel.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_any_life_of_a_channel = Channel.TestCase
