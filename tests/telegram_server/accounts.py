"""Who asks: accounts, other users, and the sign-in state of an authorization key."""

from dataclasses import dataclass, field
from datetime import datetime

from telethon.crypto import AuthKey

from .channel import ServedChannel

__all__ = ["Account", "Challenge", "Login", "User"]


@dataclass(eq=False)
class Account:
    """Somebody with a phone. `revoked` names the error that every call then gets (401)."""

    id: int
    phone: str
    code: str
    password: str | None = None
    name: str = "Test Account"
    revoked: str | None = None
    joined: list[ServedChannel] = field(default_factory=list)


@dataclass(frozen=True)
class User:
    """A person who has a username: what a name may lead to instead of a channel."""

    id: int
    username: str
    name: str


@dataclass(frozen=True)
class Challenge:
    """One password check that was offered (SRP): its id and the server's secret exponent."""

    id: int
    secret: int
    public: bytes


@dataclass(eq=False)
class Login:
    """What the server knows of one authorization key."""

    key: AuthKey
    account: Account | None = None
    code_hash: str | None = None
    half_way: Account | None = None  # proved the code or the QR scan; the password is missing
    challenge: Challenge | None = None
    token_shown: datetime | None = None
    pushes: bool = False  # whether the client that shows the token receives updates
    accepted_by: Account | None = None
