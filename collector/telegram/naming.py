"""How users name channels: by username, link or id, on the command line or in a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collector.errors import ConfigError
from collector.post import parse_channel_id, parse_username

__all__ = ["ChannelName", "parse_channel", "parse_channels", "read_channels_file"]

LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:s/)?(?P<path>[^?#]+)", re.IGNORECASE
)
NUMBER = re.compile(r"-?\d{1,19}")
INVITATIONS = ("+", "joinchat/", "addlist/")


@dataclass(frozen=True, slots=True)
class ChannelName:
    """What a user calls a channel: a username in lower case, or a bare positive id."""

    username: str | None = None
    telegram_id: int | None = None

    def __str__(self) -> str:
        return f"@{self.username}" if self.username else f"id {self.telegram_id}"


def parse_channel(text: str) -> ChannelName:
    """Return the channel that `name`, `@name`, `t.me/name`, a link to a post or an id means.

    Raises ConfigError if it means none.
    """
    link = LINK.fullmatch(text.strip())
    path = link["path"] if link else text.strip()
    if link and path.startswith(INVITATIONS):
        raise ConfigError(f"{text}: is an invitation; only public channels can be collected")
    if link and path.startswith("c/"):
        path = path.split("/")[1]
    elif link:
        path = path.split("/")[0]
    try:
        if NUMBER.fullmatch(path):
            return ChannelName(telegram_id=parse_channel_id(int(path)))
    except ValueError as error:
        raise ConfigError(f"{text}: is not the id of a channel") from error
    if username := parse_username(path):
        return ChannelName(username=username.lower())
    raise ConfigError(f"{text}: is not a channel: give @name, t.me/name or its numeric id")


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
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
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
