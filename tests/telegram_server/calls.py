"""One call, as the methods that answer it see it, and their way to refuse."""

from dataclasses import dataclass

from telethon.tl import types

from .accounts import Account, Login
from .messages import MessageBytes
from .world import World

__all__ = ["NOT_SIGNED_IN", "Call", "RefusedError"]

NOT_SIGNED_IN = "AUTH_KEY_UNREGISTERED"


class RefusedError(Exception):
    """The answer is an RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def answer(self) -> types.RpcError:
        """Return the error as it is sent."""
        return types.RpcError(self.code, self.message)


@dataclass(slots=True)
class Call:
    """Who calls (by the state of the key), in which world, and whether updates reach them."""

    world: World
    login: Login
    port: int
    message_bytes: MessageBytes
    updates: bool = True

    @property
    def account(self) -> Account:
        """The account that is signed in. Raises RefusedError if there is none or it is revoked."""
        account = self.login.account
        if account is None:
            raise RefusedError(401, NOT_SIGNED_IN)
        if account.revoked is not None:
            raise RefusedError(401, account.revoked)
        return account
