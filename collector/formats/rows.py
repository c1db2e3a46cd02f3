"""A row of a JSONL or CSV file: one post.

Required: `message_id` (or `id`), `date`, `text`, and `channel_id` or `channel` unless the import
is told the channel. All other columns are optional, and unknown ones are ignored.

    message_id, id          the post's number in its channel
    date, edit_date         ISO 8601, or seconds since 1970; without an offset in the import's zone
    text                    as written, "" or null for a photo without a caption
    channel_id              as Telegram gives it, with or without the mark -100
    channel                 @name or t.me/name: a username. A bare word is one too, unless the row
                            has a channel_id and no title: then it is taken for the title, as a
                            wrong username would make links to somebody else's channel. All else
                            is the title
    username, title         the channel's, where `channel` is not enough
    participants            of the channel
    views, forwards, replies, reply_to, grouped_id
    media                   photo, video, poll ...
    permalink               https://t.me/... ; made from the channel if absent
    reactions               {"👍": 12, "custom:5368324170671202286": 1, "paid": 2}
    poll                    {"question": "...", "options": ["...", "..."]}
    forward_from            {"name": "...", "channel_id": ..., "message_id": ...}
    forward_name, forward_channel_id, forward_message_id
                            the same in columns

In a CSV file reactions, poll and forward_from are JSON in a cell.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collector.formats.fields import (
    FieldError,
    is_missing,
    read_count,
    read_date,
    read_integer,
    read_text,
)
from collector.formats.records import Defaults, Received
from collector.post import Channel, Poll, Post, parse_channel_id, parse_username

__all__ = ["later_edit", "read_channel_id", "read_message_id", "read_row"]

Row = Mapping[str, Any]
MAX_MEDIA = 32


def read_row(row: Row, defaults: Defaults) -> Received:
    """Return the post of one row. Raises FieldError naming the field that is missing or wrong."""
    if "text" not in row:
        raise FieldError("has no text")
    date = read_date(row.get("date"), "date", defaults.zone)
    if date is None:
        raise FieldError("has no date")
    post = Post(
        message_id=read_message_id(row.get("message_id", row.get("id"))),
        date=date,
        text=read_text(row["text"], "text"),
        edit_date=later_edit(read_date(row.get("edit_date"), "edit_date", defaults.zone), date),
        poll=read_poll(row.get("poll")),
        media=read_media(row.get("media")),
        permalink=read_permalink(row.get("permalink")),
        views=read_count(row.get("views"), "views"),
        forwards=read_count(row.get("forwards"), "forwards"),
        replies=read_count(row.get("replies"), "replies"),
        reactions=read_reactions(row.get("reactions")),
        grouped_id=read_integer(row.get("grouped_id"), "grouped_id"),
        reply_to=read_count(row.get("reply_to"), "reply_to"),
        **read_forward(row),
    )
    return Received(read_channel(row, defaults), post)


def read_message_id(value: object) -> int:
    """Return the number of a message in its channel."""
    number = read_count(value, "message_id")
    if not number:
        raise FieldError("has no message_id" if number is None else "message_id is 0")
    return number


def later_edit(edit_date: datetime | None, date: datetime) -> datetime | None:
    """Return the moment of an edit, None for the moment 0 by which some exporters mean "never"."""
    return None if edit_date is None or edit_date < date else edit_date


def read_channel(row: Row, defaults: Defaults) -> Channel:
    """Return the channel that a row names."""
    telegram_id = read_channel_id(row.get("channel_id"), "channel_id")
    username = read_username(row.get("username"))
    title = read_text(row.get("title"), "title") or None
    named = read_text(row.get("channel"), "channel").strip()
    if named:
        alone = telegram_id is None and username is None
        given = parse_username(named, bare=alone or title is not None)
        username = username or given
        title = title or (None if given else named)
    if telegram_id is None and username is None and title is None:
        username = defaults.username
        if username is None:
            raise FieldError("has no channel and no channel_id")
    return Channel(
        telegram_id, username, title, read_count(row.get("participants"), "participants")
    )


def read_channel_id(value: object, name: str) -> int | None:
    """Return the bare positive id of a channel; None if missing."""
    if isinstance(value, str) and value.startswith("channel"):
        value = value.removeprefix("channel")
    number = read_integer(value, name)
    try:
        return None if number is None else parse_channel_id(number)
    except ValueError as error:
        raise FieldError(f"{name}: {error}") from None


def read_username(value: object) -> str | None:
    """Return a username without its @; None if missing."""
    text = read_text(value, "username")
    username = parse_username(text)
    if text and username is None:
        raise FieldError(f"username is not a Telegram username: {text[:40]!r}")
    return username


def read_media(value: object) -> str | None:
    """Return the kind of what hangs on a post."""
    media = read_text(value, "media")
    if len(media) > MAX_MEDIA:
        raise FieldError(f"media is over {MAX_MEDIA} characters long")
    return media or None


def read_permalink(value: object) -> str | None:
    """Return a link to the post, which reports will show as one."""
    link = read_text(value, "permalink")
    if link and not link.startswith(("https://", "http://")):
        raise FieldError("permalink does not begin with https://")
    return link or None


def read_reactions(value: object) -> dict[str, int] | None:
    """Return the reactions to a post, counted; None if missing."""
    counts = read_object(value, "reactions")
    if counts is None:
        return None
    return {
        read_text(key, "reactions"): read_count(count, "reactions") or 0
        for key, count in counts.items()
    }


def read_poll(value: object) -> Poll | None:
    """Return the words of a poll; None if missing."""
    poll = read_object(value, "poll")
    if poll is None:
        return None
    options = poll.get("options")
    if not isinstance(options, list):
        raise FieldError("poll has no list of options")
    return {
        "question": read_text(poll.get("question"), "poll"),
        "options": [read_text(option, "poll") for option in options],
    }


def read_forward(row: Row) -> dict[str, Any]:
    """Return where a forwarded post comes from, as fields of `Post`."""
    origin = read_object(row.get("forward_from"), "forward_from")
    if origin is None:
        origin = {key: row.get(f"forward_{key}") for key in ("name", "channel_id", "message_id")}
    return {
        "forward_name": read_text(origin.get("name"), "forward_name") or None,
        "forward_channel_id": read_channel_id(origin.get("channel_id"), "forward_channel_id"),
        "forward_message_id": read_count(origin.get("message_id"), "forward_message_id"),
    }


def read_object(value: object, name: str) -> dict[str, Any] | None:
    """Return a JSON object, which CSV gives as text; None if missing."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise FieldError(f"{name} is not JSON") from None
    if not isinstance(value, dict):
        raise FieldError(f"{name} is not a JSON object")
    return value
