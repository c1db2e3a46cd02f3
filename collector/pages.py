"""What a source answers about some message ids: posts, service messages, and what it withholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.post import Post

__all__ = ["Message", "Page"]


@dataclass(frozen=True, slots=True)
class Message:
    """What came back for one message id: a post, a service message, or else no way to read it.

    `date` is timezone-aware, None where the source does not say it.
    """

    id: int
    date: datetime | None = None
    post: Post | None = None
    service: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of one answer, of distinct ids in ascending order."""

    messages: Sequence[Message] = ()

    @property
    def ids(self) -> set[int]:
        """The ids of all messages."""
        return {one.id for one in self.messages}

    @property
    def posts(self) -> list[Post]:
        """The posts."""
        return [one.post for one in self.messages if one.post is not None]

    @property
    def service(self) -> list[int]:
        """The ids of the service messages."""
        return [one.id for one in self.messages if one.service]

    @property
    def inaccessible(self) -> list[int]:
        """The ids of messages that are there and may not be read."""
        return [one.id for one in self.messages if one.post is None and not one.service]

    def between(self, first: int, last: int | None = None) -> "Page":
        """Return the page with the messages from `first` to `last` only, both included."""
        return Page(
            [one for one in self.messages if one.id >= first and (last is None or one.id <= last)]
        )

    def joined(self, other: "Page") -> "Page":
        """Return a page with the messages of both, this one's where they share an id."""
        mine = self.ids
        more = [one for one in other.messages if one.id not in mine]
        return Page(sorted([*self.messages, *more], key=lambda one: one.id))
