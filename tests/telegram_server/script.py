"""A world out of a file of posts: JSON Lines or a JSON array, plain or .gz."""

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .channel import ServedChannel
from .world import World

__all__ = ["ScriptError", "fill"]

Row = dict[str, Any]

CHANNEL_FIELDS = ("about", "participants")
POST_FIELDS = ("views", "forwards", "replies", "reactions", "grouped_id", "reply_to")
MEDIA = ("photo", "video", "document")


class ScriptError(ValueError):
    """The file does not say what to serve."""


def fill(world: World, path: Path, *, recent: bool = False) -> list[ServedChannel]:
    """Add the channels and posts of the file; `recent` makes the newest post one of now.

    Raises ScriptError if a post lacks what it needs.
    """
    rows = sorted(read(path), key=lambda row: (row["channel"], row["message_id"]))
    if not rows:
        raise ScriptError(f"{path} has no posts")
    shift = timedelta(0)
    if recent:
        shift = datetime.now(UTC) - max(parse_date(row["date"]) for row in rows)
    channels: dict[str, ServedChannel] = {}
    for row in rows:
        channel = channels.get(row["channel"]) or add_channel(world, row)
        channels[row["channel"]] = channel
        add_post(channel, row, shift)
    return list(channels.values())


def read(path: Path) -> Iterator[Row]:
    """Yield the file's posts. Raises ScriptError at what is not one."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        text = stream.read()
    for number, row in enumerate(parse(text), start=1):
        if not isinstance(row, dict):
            raise ScriptError(f"{path}: post {number} is not an object")
        missing = {"channel", "message_id", "date"} - row.keys()
        if missing:
            raise ScriptError(f"{path}: post {number} has no {', '.join(sorted(missing))}")
        yield row


def parse(text: str) -> Iterable[Any]:
    """Return what the text holds. Raises ScriptError if it is not JSON."""
    try:
        if text.lstrip().startswith("["):
            return json.loads(text)
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise ScriptError(f"this is not JSON: {error}") from None


def add_channel(world: World, row: Row) -> ServedChannel:
    """Add the channel that the post is the first of."""
    known = {name: row[name] for name in CHANNEL_FIELDS if name in row}
    return world.add_channel(
        row["channel"], title=row.get("title"), channel_id=row.get("channel_id"), **known
    )


def add_post(channel: ServedChannel, row: Row, shift: timedelta) -> None:
    """Publish the post, and edit it if it was edited."""
    fields: Row = {name: row[name] for name in POST_FIELDS if row.get(name) is not None}
    if row.get("media") in MEDIA:
        fields[row["media"]] = True
    if poll := row.get("poll"):
        fields["poll"] = (poll["question"], poll["options"])
    if source := row.get("forward_from"):
        fields["forward_from"] = tuple(map(source.get, ("channel_id", "message_id", "name")))
    date, text = parse_date(row["date"]) + shift, row.get("text", "")
    post_id = channel.post(text, id=row["message_id"], date=date, **fields)
    if row.get("edit_date"):
        channel.edit(post_id, text, date=parse_date(row["edit_date"]) + shift)


def parse_date(value: str) -> datetime:
    """Return an ISO date, in UTC unless it says otherwise. Raises ScriptError if it is none."""
    try:
        date = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ScriptError(f"{value!r} is no date") from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
