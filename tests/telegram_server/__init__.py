"""A Telegram server on loopback, for tests: real MTProto, spoken to by an unmodified Telethon.

Fill a `World`, serve it with `TelegramServer`, and give its session strings to a client; make
things go wrong with the server's `Faults`.
"""

from .accounts import Account, User
from .channel import ServedChannel
from .faults import Faults
from .posts import Post, Truth
from .server import TelegramServer
from .world import World

__all__ = [
    "Account",
    "Faults",
    "Post",
    "ServedChannel",
    "TelegramServer",
    "Truth",
    "User",
    "World",
]
