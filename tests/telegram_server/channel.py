"""A channel of the served world: its messages, its names and its whims."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Unpack

from .posts import NewPost, Numbers, Post, Truth

__all__ = ["ServedChannel"]

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass(eq=False)
class ServedChannel:
    """A channel that tests fill and change, also while the server serves it.

    The whims: `private` and `banned` refuse requests; `padded` fills a short newest page with
    older messages; `clipped` = N leaves the N newest out of a newest page, `clipped_times` times,
    unless it is asked for by offset 0; `short_pages` = N limits pages to N messages.
    """

    id: int
    lock: RLock
    _: KW_ONLY
    username: str | None
    title: str
    about: str = ""
    participants: int | None = 100
    broadcast: bool = True
    usernames: tuple[str, ...] = ()
    private: bool = False
    banned: bool = False
    padded: bool = False
    clipped: int = 0
    clipped_times: int = 2
    short_pages: int | None = None
    pts: int = field(default=1, init=False)  # counts changes, as Telegram's own does
    messages: dict[int, Post] = field(default_factory=dict, init=False)
    ids: list[int] = field(default_factory=list, init=False)  # of live messages, ascending
    created: datetime = field(init=False)
    _highest: int = field(default=0, init=False)
    _last_date: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.created = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

    def names(self) -> set[str]:
        """Return every username that leads here, in lower case."""
        return {name.lower() for name in (self.username, *self.usernames) if name}

    def rename(self, username: str | None) -> None:
        """Change the main username, or drop it."""
        with self.lock:
            self.username = username

    def post(self, text: str = "", **fields: Unpack[NewPost]) -> int:
        """Publish a message and return its id."""
        with self.lock:
            chosen = {"id": self._highest + 1, **fields}
            chosen["date"] = self._date(fields.get("date"))
            return self._add(Post(text=text, **chosen))

    def post_many(
        self, texts: Iterable[str], *, start: datetime | None = None, step: timedelta = MINUTE
    ) -> list[int]:
        """Publish a message per text, `step` apart, fast enough for hundreds of thousands."""
        with self.lock:
            date = self._date(start)
            posts = [
                Post(number, date + index * step, text)
                for index, (number, text) in enumerate(enumerate(texts, self._highest + 1))
            ]
            self.messages.update({post.id: post for post in posts})
            added = [post.id for post in posts]
            self.ids += added
            self._highest += len(added)
            self._last_date = posts[-1].date if posts else self._last_date
            self.pts += len(added)
            return added

    def service(self, date: datetime | None = None) -> int:
        """Publish a service message ("the title was changed") and return its id."""
        with self.lock:
            return self._add(Post(self._highest + 1, self._date(date), service=True))

    def skip(self, n: int = 1) -> None:
        """Burn `n` ids: no message ever had them."""
        with self.lock:
            self._highest += n

    def edit(self, post_id: int, text: str, /, *, date: datetime | None = None) -> None:
        """Change a message's text, at `date` or a minute after its last change."""
        with self.lock:
            post = self.messages[post_id]
            last = max(post.date, post.edit_date or post.date)
            when = last + MINUTE if date is None else whole_seconds(date)
            if post.edit_date is not None:
                when = max(when, post.edit_date + SECOND)
            self._replace(post._replace(text=text, edit_date=when))

    def update(self, post_id: int, /, **numbers: Unpack[Numbers]) -> None:
        """Change a message's counts, which leaves no edit date."""
        with self.lock:
            self._replace(self.messages[post_id]._replace(**numbers))

    def delete(self, *post_ids: int) -> None:
        """Delete messages; their ids are never used again."""
        with self.lock:
            for post_id in post_ids:
                del self.messages[post_id]
            gone = set(post_ids)
            self.ids = [i for i in self.ids if i not in gone]
            self.pts += len(gone)

    def truth(self) -> list[Truth]:
        """Return all live messages by id, service ones too, as a reader should know them."""
        with self.lock:
            return [Truth.of(self.messages[i]) for i in self.ids]

    def newest(self) -> Post | None:
        """Return the newest live message."""
        with self.lock:
            return self.messages[self.ids[-1]] if self.ids else None

    def older_than(self, post_id: int) -> int:
        """Return how many live messages have a lower id."""
        return bisect_left(self.ids, post_id)

    def before(self, date: datetime) -> int:
        """Return how many live messages were published earlier."""
        return bisect_left(self.ids, date, key=lambda i: self.messages[i].date)

    def live(self, post_ids: Sequence[int]) -> list[Post | None]:
        """Return the messages of these ids, None for each that is not there."""
        return [self.messages.get(i) for i in post_ids]

    def _date(self, date: datetime | None) -> datetime:
        if date is not None:
            return whole_seconds(date)
        return self.created if self._last_date is None else self._last_date + MINUTE

    def _add(self, post: Post) -> int:
        if post.id in self.messages:
            raise ValueError(f"message {post.id} is there already")
        self.messages[post.id] = counted(post)
        insort(self.ids, post.id)
        self._highest = max(self._highest, post.id)
        self._last_date = post.date
        self.pts += 1
        return post.id

    def _replace(self, post: Post) -> None:
        self.messages[post.id] = counted(post)
        self.pts += 1


def whole_seconds(date: datetime) -> datetime:
    """Return an aware date as Telegram keeps it, in UTC and without a fraction."""
    if date.tzinfo is None:
        raise ValueError(f"{date} has no time zone")
    return date.astimezone(UTC).replace(microsecond=0)


def counted(post: Post) -> Post:
    """Return the post with both counts or none: the protocol sends them together."""
    if (post.views is None) == (post.forwards is None):
        return post
    return post._replace(views=post.views or 0, forwards=post.forwards or 0)
