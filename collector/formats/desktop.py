"""Telegram Desktop's JSON export: `result.json` of one chat, or of a whole account.

One chat is `{"name", "type", "id", "messages": [...]}`; an account holds such chats in
`chats.list` and `left_chats.list`. Only channels are read. The file never says a channel's
username, nor how often a post was viewed or forwarded.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

import ijson

from collector.errors import InputError
from collector.formats.fields import FieldError, read_count, read_date, read_text
from collector.formats.records import (
    BrokenOffError,
    Defaults,
    NotStored,
    Problem,
    Received,
    Record,
    SkippedChat,
    Source,
)
from collector.formats.repair import Repaired
from collector.formats.rows import later_edit, read_channel_id, read_message_id
from collector.formats.walk import Walk
from collector.post import Channel, Poll, Post

__all__ = ["read_desktop"]

Header = dict[str, Any]

CHATS = ("", "chats.list.item.", "left_chats.list.item.")  # before the keys of a chat
HEADERS = {f"{chat}{key}": key for chat in CHATS for key in ("name", "type", "id")}
MESSAGES = {f"{chat}messages" for chat in CHATS}
CHANNELS = ("public_channel", "private_channel")
# The keys by which Desktop shows what hangs on a message, and what it is called here.
MEDIA_KEYS = {
    "poll": "poll",
    "photo": "photo",
    "place_name": "venue",
    "location_information": "location",
    "contact_information": "contact",
    "game_title": "game",
    "invoice_information": "invoice",
    "file": "document",
}
LONGEST_NAME = 255  # characters
NEVER = ("1969-12-31", "1970-01-01")  # in local time
MEDIA_TYPES = {"video_file": "video", "audio_file": "audio"}


def read_desktop(source: Source, defaults: Defaults) -> Iterator[Record]:
    """Yield the messages of every channel in the export, and each chat that is none.

    Raises InputError if the file is one chat that is no channel, BrokenOffError if it breaks off.
    """
    with source.open() as stream:
        repaired = Repaired(stream)
        reader = DesktopReader(source, defaults)
        try:
            yield from reader.read(Walk(repaired))
        except (ijson.JSONError, UnicodeDecodeError) as error:
            reason = str(error).strip().splitlines()[0]
            where = f"after {reader.last}, near byte {repaired.position:,}"
            raise BrokenOffError(f"{where} ({reason})") from error


class DesktopReader:
    """Walks through one export."""

    def __init__(self, source: Source, defaults: Defaults) -> None:
        self.source = source
        self.defaults = defaults
        self.last = "its beginning"
        self.chats = 0
        self.late: list[Header] | None = None

    def read(self, walk: Walk) -> Iterator[Record]:
        """Yield the records of a file."""
        header: Header = {}
        for where, event, value in walk:
            if where in HEADERS:
                header[HEADERS[where]] = value
            elif where in MESSAGES and event == "start_array":
                if not {"type", "id"} <= header.keys():
                    header = self.late_header()
                yield from self.read_chat(walk, where, header)
            elif event == "end_map" and f"{where}." in CHATS:
                header = {}
                self.chats += 1

    def late_header(self) -> Header:
        """Return the header of a chat that has it after its messages, by reading the file ahead."""
        if self.late is None:
            self.late = list(read_headers(self.source))
        return self.late[self.chats]

    def read_chat(self, walk: Walk, where: str, header: Header) -> Iterator[Record]:
        """Yield the records of one chat; `walk` stands at the beginning of its messages."""
        kind = header.get("type")
        if kind in CHANNELS:
            yield from self.read_channel(walk, where, header)
            return
        if where == "messages":
            raise InputError(
                f"{self.source.path}: is an export of a {told(kind) or 'chat of unknown type'}; "
                "only channels are analysed"
            )
        yield SkippedChat(told(kind) or "unknown")
        walk.skip()

    def read_channel(self, walk: Walk, where: str, header: Header) -> Iterator[Record]:
        """Yield the records of one channel."""
        if where != "messages" and self.defaults.username:
            raise InputError(
                f"{self.source.path}: is the export of a whole account, whose channels cannot "
                "all have one username; import it without naming a channel"
            )
        name = told(header.get("name"))
        try:
            channel = self.channel(header)
        except FieldError as error:
            yield Problem(self.source.path, f"channel {name!r}", str(error))
            walk.skip()
            return
        chat = "" if where == "messages" else f"channel {name!r}, "
        for number, message in enumerate(walk.items(without="text_entities"), start=1):
            self.last = f"{chat}message {message_name(message)} (number {number})"
            try:
                yield read_message(message, channel, self.defaults.zone)
            except FieldError as error:
                yield Problem(self.source.path, self.last, str(error))

    def channel(self, header: Header) -> Channel:
        """Return the channel of a chat's header. Raises FieldError if nothing identifies it."""
        channel = Channel(
            read_channel_id(header.get("id"), "id"),
            self.defaults.username,
            read_text(header.get("name"), "name") or None,
        )
        if channel == Channel():
            raise FieldError("has neither id nor name")
        return channel


def read_headers(source: Source) -> Iterator[Header]:
    """Yield the header of every chat in a file, wherever it stands among the chat's keys."""
    header: Header = {}
    with source.open() as stream:
        for where, event, value in Walk(Repaired(stream)):
            if where in HEADERS:
                header[HEADERS[where]] = value
            elif event == "end_map" and f"{where}." in (".", *CHATS):
                yield header
                header = {}


def told(value: object) -> str:
    """Return what a header says, no longer than Telegram lets it be; "" for nothing."""
    return "" if value is None else str(value)[:LONGEST_NAME]


def message_name(message: object) -> str:
    """Return a message's id for a message to the user."""
    return str(message.get("id", "without id"))[:20] if isinstance(message, dict) else "?"


def read_message(message: object, channel: Channel, zone: tzinfo) -> Received | NotStored:
    """Return what one message is. Raises FieldError naming what is wrong with it."""
    if not isinstance(message, dict):
        raise FieldError("is not a JSON object")
    key = read_message_id(message.get("id"))
    match message.get("type"):
        case "service":
            return NotStored(channel, key, "service")
        case "unsupported":
            return NotStored(channel, key, "inaccessible")
    date = read_moment(message, "date", zone)
    if date is None:
        raise FieldError("has no date")
    post = Post(
        message_id=key,
        date=date,
        edit_date=read_edit_date(message, date, zone),
        text=read_text(plain(message.get("text")), "text"),
        poll=read_poll(message.get("poll")),
        media=read_media(message),
        reactions=read_reactions(message.get("reactions")),
        reply_to=read_reply(message),
        **read_forward(message),
    )
    return Received(channel, post)


def read_moment(message: dict[str, Any], key: str, zone: tzinfo) -> datetime | None:
    """Return a date: exports since 2021 give it in Unix time too, older ones only in local time."""
    unix = message.get(f"{key}_unixtime")
    return read_date(message.get(key) if unix is None else unix, key, zone)


def read_edit_date(message: dict[str, Any], date: datetime, zone: tzinfo) -> datetime | None:
    """Return when a message was edited; the oldest exports say "never" by the moment 0."""
    if str(message.get("edited")).startswith(NEVER) and "edited_unixtime" not in message:
        return None
    return later_edit(read_moment(message, "edited", zone), date)


def plain(text: object) -> str:
    """Return text given as a string, or as a list of strings and marked-up parts."""
    if text is None:
        return ""
    parts = text if isinstance(text, list) else [text]
    return "".join(plain_part(part) for part in parts)


def plain_part(part: object) -> str:
    """Return the words of one part of a text."""
    words = part.get("text") if isinstance(part, dict) else part
    if not isinstance(words, str):
        raise FieldError("text is neither a string nor a list of its parts")
    return words


def read_poll(poll: object) -> Poll | None:
    """Return the words of a poll."""
    if not isinstance(poll, dict):
        return None
    answers = poll.get("answers")
    options = [option.get("text") for option in answers or () if isinstance(option, dict)]
    return {
        "question": read_text(plain(poll.get("question")), "poll"),
        "options": [read_text(plain(option), "poll") for option in options],
    }


def read_media(message: dict[str, Any]) -> str | None:
    """Return the kind of what hangs on a message."""
    kind = message.get("media_type")
    if isinstance(kind, str) and kind:
        return read_text(MEDIA_TYPES.get(kind, kind), "media_type")[:32]
    return next((name for key, name in MEDIA_KEYS.items() if key in message), None)


def read_reactions(reactions: object) -> dict[str, int] | None:
    """Return the reactions, counted."""
    if not isinstance(reactions, list):
        return None
    counts: dict[str, int] = {}
    for reaction in reactions:
        if isinstance(reaction, dict):
            name = read_text(reaction_name(reaction), "reactions")
            counts[name] = counts.get(name, 0) + (read_count(reaction.get("count"), "count") or 0)
    return counts


def reaction_name(reaction: dict[str, Any]) -> str:
    """Return how a reaction is called in the archive."""
    if reaction.get("type") == "custom_emoji":
        return f"custom:{reaction.get('document_id')}"
    return str(reaction.get("emoji") or reaction.get("type"))


def read_reply(message: dict[str, Any]) -> int | None:
    """Return the post of the same channel that a post answers."""
    if "reply_to_peer_id" in message:
        return None
    return read_count(message.get("reply_to_message_id"), "reply_to_message_id")


def read_forward(message: dict[str, Any]) -> dict[str, Any]:
    """Return where a forwarded post comes from, as fields of `Post`."""
    origin = message.get("forwarded_from_id")
    from_channel = isinstance(origin, str) and origin.startswith("channel")
    return {
        "forward_name": read_text(message.get("forwarded_from"), "forwarded_from") or None,
        "forward_channel_id": read_channel_id(origin, "forwarded_from_id")
        if from_channel
        else None,
    }
