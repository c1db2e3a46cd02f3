"""What each failure of a request means: try again, log in again, or give the channel up."""

import asyncio

from telethon import errors

from collector.calls import TransientError
from collector.errors import ChannelError, DeadKeyError, SignInError, TgstanceError

__all__ = ["expected", "flood_seconds", "transient"]

LOST = (OSError, EOFError, BufferError)  # asyncio.IncompleteReadError is an EOFError
UNKNOWN_KEY = 404
SERVER = (
    errors.InvalidDCError,  # Telethon has moved to the other data center by now
    errors.ServerError,
    errors.TimedOutError,
)
FLOODS = (
    errors.FloodPremiumWaitError,
    errors.FloodTestPhoneWaitError,
    errors.FloodWaitError,
    errors.SlowModeWaitError,
)
DEAD_KEY = {
    errors.AuthKeyNotFound: "Telegram does not know this session any more",
    errors.AuthKeyDuplicatedError: "the session was used from two addresses at once, and Telegram "
    "has ended it for good: use one session per machine",
}
SIGNED_OUT = {
    errors.AuthKeyUnregisteredError: "nobody is signed in with this session",
    errors.SessionExpiredError: "the session has expired",
    errors.SessionRevokedError: "the session was ended from another device",
    errors.UserDeactivatedBanError: "Telegram has banned this account",
    errors.UserDeactivatedError: "this account was deleted",
    errors.UnauthorizedError: "Telegram does not accept this session",
}
CHANNEL = {
    errors.ChannelBannedError: "Telegram has banned this channel",
    errors.ChannelInvalidError: "Telegram does not know this channel any more",
    errors.ChannelPrivateError: "the channel is private, was deleted, or has banned this account",
    errors.ChannelPublicGroupNaError: "the channel is not available to this account",
    errors.ChatForbiddenError: "the channel is not available to this account",
    errors.UsernameInvalidError: "Telegram has no such username",
    errors.UsernameNotOccupiedError: "nobody has this username",
}


def transient(error: BaseException) -> TransientError | None:
    """Return an error as one that may pass, or None if it will not.

    A cancellation that nobody asked this task for is one: Telethon cancels the requests of a
    connection that is closed.
    """
    if isinstance(error, TimeoutError):
        return TransientError("no answer in time")
    if isinstance(error, SERVER):
        return TransientError(f"error {error.code} of the server ({error.message})")
    if isinstance(error, LOST) and not unknown_key(error):
        return TransientError("the connection was lost")
    if isinstance(error, asyncio.CancelledError) and not being_cancelled():
        return TransientError("the connection was closed")
    return None


def unknown_key(error: BaseException) -> bool:
    """Tell whether the server's transport answers that it does not know the authorization key."""
    return isinstance(error, errors.InvalidBufferError) and error.code == UNKNOWN_KEY


def being_cancelled() -> bool:
    """Tell whether the running task is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def flood_seconds(error: BaseException) -> int | None:
    """Return how long Telegram asks to wait; None if it does not."""
    return max(1, error.seconds) if isinstance(error, FLOODS) else None


def expected(error: BaseException) -> TgstanceError | None:
    """Return an error as what it means for the session or the channel; None if that is unknown."""
    if unknown_key(error):
        error = errors.AuthKeyNotFound()
    if meaning := first_meaning(error, DEAD_KEY):
        return DeadKeyError(f"{meaning}; log in again with `tgstance login`")
    if meaning := first_meaning(error, SIGNED_OUT):
        return SignInError(f"{meaning}; log in again with `tgstance login`")
    if meaning := first_meaning(error, CHANNEL):
        return ChannelError(meaning)
    if isinstance(error, errors.RPCError):
        # Of the errors that Telethon knows by name, `message` says the kind only.
        return ChannelError(f"Telegram refused it: {str(error).partition(' (caused by')[0]}")
    return None


def first_meaning(error: BaseException, meanings: dict[type[Exception], str]) -> str | None:
    """Return what the first matching kind of error means."""
    return next((text for kind, text in meanings.items() if isinstance(error, kind)), None)
