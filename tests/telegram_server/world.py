"""The truth that the server serves: accounts, users, channels, keys. No sockets, no bytes."""

import os
import re
from collections.abc import Sequence
from hashlib import sha256
from threading import RLock
from typing import TypedDict, Unpack

from telethon.crypto import AuthKey

from .accounts import Account, Login, User
from .channel import ServedChannel

__all__ = ["ChannelFields", "World", "digits", "is_username"]

FIRST_CHANNEL_ID = 1_000_000_001
FIRST_USER_ID = 500_001
USERNAME = re.compile(r"(?!.*__)[A-Za-z][A-Za-z0-9_]{2,30}[A-Za-z0-9]", re.ASCII)


class ChannelFields(TypedDict, total=False):
    """What `World.add_channel` takes besides the username."""

    title: str | None
    about: str
    participants: int | None
    channel_id: int | None
    broadcast: bool
    usernames: Sequence[str]


class World:
    """Everything there is to serve; it may outlive a server and be changed while one runs."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.channels: dict[int, ServedChannel] = {}
        self.users: dict[int, User] = {}
        self.accounts: list[Account] = []
        self.logins: dict[int, Login] = {}  # by key id; here, so that a restart keeps them
        self._secret = os.urandom(16)

    def add_channel(self, username: str | None, **fields: Unpack[ChannelFields]) -> ServedChannel:
        """Add a channel, or with `broadcast=False` a group."""
        with self.lock:
            names = tuple(fields.pop("usernames", ()))
            for name in (username, *names):
                self._check_free(name)
            channel_id = fields.pop("channel_id", None) or max(
                FIRST_CHANNEL_ID, *(i + 1 for i in self.channels), 0
            )
            title = fields.pop("title", None) or username or f"Channel {channel_id}"
            channel = ServedChannel(
                channel_id, self.lock, username=username, title=title, usernames=names, **fields
            )
            return self.channels.setdefault(channel_id, channel)

    def add_user(self, username: str, name: str = "A User") -> User:
        """Add a username that is a person and not a channel."""
        with self.lock:
            self._check_free(username)
            user = User(self._next_user_id(), username, name)
            return self.users.setdefault(user.id, user)

    def add_account(
        self, phone: str = "+10000000001", code: str = "12345", password: str | None = None
    ) -> Account:
        """Add somebody who can sign in."""
        with self.lock:
            account = Account(self._next_user_id(), phone, code, password)
            self.accounts.append(account)
            return account

    def join(self, account: Account, channel: ServedChannel) -> None:
        """Let the channel appear among the account's dialogs."""
        with self.lock:
            if channel not in account.joined:
                account.joined.append(channel)

    def access_hash(self, account: Account, peer: ServedChannel | User | Account) -> int:
        """Return the number without which `account` may not name `peer`: another for each pair."""
        pair = f"{account.id}:{type(peer).__name__}:{peer.id}".encode()
        return int.from_bytes(sha256(self._secret + pair).digest()[:8], "little", signed=True)

    def new_login(self, account: Account | None) -> Login:
        """Make a new authorization key, signed in as `account` unless that is None."""
        login = Login(AuthKey(os.urandom(256)), account)
        with self.lock:
            self.logins[login.key.key_id] = login
        return login

    def named(self, username: str) -> ServedChannel | User | None:
        """Return what the username leads to, whatever its case."""
        name = username.lower()
        for channel in self.channels.values():
            if name in channel.names():
                return channel
        return next((u for u in self.users.values() if u.username.lower() == name), None)

    def account_of(self, phone: str) -> Account | None:
        """Return whose phone this is."""
        return next((a for a in self.accounts if digits(a.phone) == digits(phone)), None)

    def _next_user_id(self) -> int:
        return FIRST_USER_ID + len(self.users) + len(self.accounts)

    def _check_free(self, username: str | None) -> None:
        if username is None:
            return
        if not is_username(username):
            raise ValueError(f"{username!r} cannot be a username on Telegram")
        if self.named(username) is not None:
            raise ValueError(f"{username!r} is taken")


def is_username(name: str) -> bool:
    """Whether Telegram would let anybody have this name."""
    return USERNAME.fullmatch(name) is not None


def digits(phone: str) -> str:
    """Return the phone number as clients send it, without the plus and spaces."""
    return re.sub(r"[^0-9]", "", phone)
