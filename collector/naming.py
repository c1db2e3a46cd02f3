"""How users name channels: by username, link or id, on the command line or in a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collector.errors import ConfigError
from collector.post import parse_channel_id, parse_username

__all__ = ["ChannelName", "parse_channel", "parse_channels", "read_channels_file"]

LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:s/)?(?P<path>[^?#]+)(?:[?#].*)?", re.IGNORECASE
)
LARGEST_FILE = 16 * 2**20  # bytes
LONGEST_NAME = 200  # characters of a link or name
NUMBER = re.compile(r"(?:id )?(?P<number>-?[0-9]{1,19})")
INVITATIONS = {"joinchat", "addlist"}
ACTIONS = {  # links of Telegram's own that open something other than a channel
    "addemoji",
    "addstickers",
    "addtheme",
    "boost",
    "confirmphone",
    "contact",
    "giftcode",
    "invoice",
    "login",
    "proxy",
    "setlanguage",
    "share",
    "socks",
}


@dataclass(frozen=True, slots=True)
class ChannelName:
    """What a user calls a channel: a username in lower case, or a bare positive id."""

    username: str | None = None
    telegram_id: int | None = None

    def __str__(self) -> str:
        return f"@{self.username}" if self.username else f"id {self.telegram_id}"


def parse_channel(text: str) -> ChannelName:
    """Return the channel that `name`, `@name`, `t.me/name`, a link to a post or an id means.

    The text of a ChannelName means itself. Raises ConfigError if a text means no channel.
    """
    if len(text) > LONGEST_NAME:
        raise ConfigError(f"{text[:40]}...: is too long to be a channel's name or link")
    link = LINK.fullmatch(text.strip())
    name = named_in_link(link["path"], text) if link else text.strip()
    if number := NUMBER.fullmatch(name):
        try:
            return ChannelName(telegram_id=parse_channel_id(int(number["number"])))
        except ValueError as error:
            raise ConfigError(f"{text}: is not the id of a channel") from error
    if username := parse_username(name):
        return ChannelName(username=username.lower())
    raise ConfigError(f"{text}: is not a channel: give @name, t.me/name or its numeric id")


def named_in_link(path: str, text: str) -> str:
    """Return the part of a link's path that names a channel, "" if none does.

    Raises ConfigError if the link is an invitation.
    """
    first, *rest = path.split("/")
    if first.startswith("+") or first.lower() in INVITATIONS:
        raise ConfigError(f"{text}: is an invitation; only public channels can be collected")
    if first == "c":
        return rest[0] if rest and NUMBER.fullmatch(rest[0]) else ""
    return "" if first.lower() in ACTIONS else first


def parse_channels(texts: Iterable[str]) -> list[ChannelName]:
    """Return the channels of some texts, each once, in order.

    Raises ConfigError as `parse_channel` does.
    """
    return list(dict.fromkeys(parse_channel(text) for text in texts))


def read_channels_file(path: Path) -> list[str]:
    """Return the channels that a file names, one a line; what follows a # is a comment.

    Raises ConfigError, with the line's number, if the file cannot be read or a line is no channel.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        lines = data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if len(data) > LARGEST_FILE:
        raise ConfigError(f"{path}: is over {LARGEST_FILE // 2**20} MB, which is no list of names")
    named = []
    for number, line in enumerate(lines, start=1):
        text = line.split("#")[0].strip()
        try:
            if text:
                parse_channel(text)
                named.append(text)
        except ConfigError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from error
    if not named:
        raise ConfigError(f"{path}: names no channel; write one a line")
    return named
