"""A post as the served world knows it, and what tests compare with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypedDict

__all__ = ["NewPost", "Numbers", "Post", "Truth"]


class Numbers(TypedDict, total=False):
    """What changes on a post without leaving an edit date."""

    views: int | None
    forwards: int | None
    replies: int | None
    reactions: dict[str, int] | None


class NewPost(Numbers, total=False):
    """What `ServedChannel.post` takes besides the text.

    Reactions are keyed by emoji, "custom:ID" or "paid". `forward_from` is (channel id, message id,
    name), each None where it is hidden; `poll` (question, options); `web_page` (url, title);
    `kind` another kind of media, as the archive calls it; `entities` (start, end, tag of HTML) of
    the text, which the API's reader has no use for.
    """

    id: int
    date: datetime | None
    grouped_id: int | None
    reply_to: int | None
    reply_to_channel: int | None
    forward_from: tuple[int | None, int | None, str | None] | None
    poll: tuple[str, Sequence[str]] | None
    web_page: tuple[str, str] | None
    photo: bool
    video: bool
    document: bool
    kind: str | None
    entities: Sequence[tuple[int, int, str]]
    edit_hide: bool
    restricted: bool


class Post(NamedTuple):
    """One message; a change replaces it, so whoever cached its bytes sees by identity."""

    id: int
    date: datetime
    text: str = ""
    edit_date: datetime | None = None
    views: int | None = None
    forwards: int | None = None
    replies: int | None = None
    reactions: dict[str, int] | None = None
    grouped_id: int | None = None
    reply_to: int | None = None
    reply_to_channel: int | None = None
    forward_from: tuple[int | None, int | None, str | None] | None = None
    poll: tuple[str, Sequence[str]] | None = None
    web_page: tuple[str, str] | None = None
    photo: bool = False
    video: bool = False
    document: bool = False
    kind: str | None = None
    entities: Sequence[tuple[int, int, str]] = ()
    edit_hide: bool = False
    restricted: bool = False
    service: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What a reader of the channel should end up with for one message."""

    id: int
    date: datetime
    text: str
    edit_date: datetime | None
    views: int | None
    forwards: int | None
    replies: int | None
    reactions: dict[str, int] | None
    grouped_id: int | None
    service: bool

    @classmethod
    def of(cls, post: Post) -> "Truth":
        """Return the part of `post` that tests compare."""
        return cls(**{name: getattr(post, name) for name in cls.__slots__})
