"""A post and its channel, as every source hands them to the archive."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

__all__ = [
    "LAST_ID",
    "LIVE",
    "PREVIEW",
    "TELEGRAM",
    "Channel",
    "Poll",
    "Post",
    "content",
    "parse_channel_id",
    "parse_username",
    "permalink",
    "storable",
    "text_hash",
]

TELEGRAM = "telegram"  # the source of what Telegram's API answered
PREVIEW = "preview"  # the source of what the public web preview showed
LAST_ID = 2**31 - 1  # message ids are of 32 bits, for Telegram as for the archive
LIVE = (TELEGRAM, PREVIEW)  # sources that are asked for message ids, and say how a post is now
MARK = 1_000_000_000_000  # a marked channel id is -(MARK + bare id); "-100" in front is that sum
USERNAME = re.compile(
    r"(?P<sign>@|(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:s/)?)?"
    r"(?P<name>[A-Za-z][A-Za-z0-9_]{3,31})/?",
    re.ASCII,
)


class Poll(TypedDict):
    """A poll's words; how many voted is not kept."""

    question: str
    options: list[str]


@dataclass(frozen=True, slots=True)
class Channel:
    """What a source says of a channel; None is "not said".

    `telegram_id` is bare and positive, `username` has no @. At least one of `telegram_id`,
    `username` and `title` identifies it.
    """

    telegram_id: int | None = None
    username: str | None = None
    title: str | None = None
    participants: int | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        make_storable(self, ("title", "description"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post as one source saw it; None is "not said", and dates are timezone-aware.

    `text` is as received (see `storable`), "" for a photo without a caption. `reactions` counts by
    emoji, "custom:ID" or "paid". `forward_*` name where a forwarded post comes from. Counts are
    exact unless `*_rounded` says that the source rounds them. `edited` is for a source that tells
    of an edit and not of its date. `grouped_id` is Telegram's own of an album; a source that shows
    albums without it gives the first message id, negative.
    """

    message_id: int
    date: datetime
    text: str = ""
    edit_date: datetime | None = None
    poll: Poll | None = None
    media: str | None = None
    permalink: str | None = None
    views: int | None = None
    forwards: int | None = None
    replies: int | None = None
    reactions: dict[str, int] | None = None
    grouped_id: int | None = None
    reply_to: int | None = None
    forward_channel_id: int | None = None
    forward_message_id: int | None = None
    forward_name: str | None = None
    web_page_title: str | None = None
    views_rounded: bool = False
    reactions_rounded: bool = False
    edited: bool = False
    source: str = "import"

    def __post_init__(self) -> None:
        make_storable(self, ("text", "poll", "reactions", "forward_name", "web_page_title"))


def content(text: str, poll: Poll | None = None) -> str:
    """Return what the author wrote: the text, then a poll's question and options, a line each."""
    if poll is None:
        return text
    return "\n".join(part for part in (text, poll["question"], *poll["options"]) if part)


def storable(text: str) -> str:
    """Return a text as every archive can hold it, otherwise exactly as it came.

    NUL, which PostgreSQL has no place for, and halves of characters, which UTF-8 has none for, are
    replaced by U+FFFD.
    """
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def make_storable(told: object, names: tuple[str, ...]) -> None:
    """Replace in some fields of a new, frozen object what no archive can hold."""
    for name in names:
        value = getattr(told, name)
        if value and (stored := storable_parts(value)) != value:
            object.__setattr__(told, name, stored)


def storable_parts(value: Any) -> Any:  # noqa: ANN401 (a text, or what JSON has of them)
    """Return the same with all texts in it storable."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_parts(part) for part in value]
        case dict():
            return {storable(key): storable_parts(part) for key, part in value.items()}
        case _:
            return value


def text_hash(content: str) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of `content` in UTF-8."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def permalink(username: str | None, telegram_id: int | None, message_id: int) -> str | None:
    """Return the link to a post: by username, else by channel id (members only), else None."""
    if username:
        return f"https://t.me/{username}/{message_id}"
    if telegram_id:
        return f"https://t.me/c/{telegram_id}/{message_id}"
    return None


def parse_channel_id(value: int | str) -> int:
    """Return the bare positive id of `-1001234567890`, `channel1234567890` or `1234567890`.

    Raises ValueError if it is not the id of a channel.
    """
    number = int(value.removeprefix("channel")) if isinstance(value, str) else value
    bare = -number - MARK if number < 0 else number
    if not 0 < bare < 2**63:
        raise ValueError(f"{value} is not the id of a channel")
    return bare


def parse_username(value: str, *, bare: bool = True) -> str | None:
    """Return NAME of `@NAME`, `t.me/NAME` and, if `bare`, `NAME`; None if it is no username."""
    match = USERNAME.fullmatch(value.strip())
    if match is None or not (bare or match["sign"]):
        return None
    return match["name"]
