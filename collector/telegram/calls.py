"""Asks Telegram: paced, with flood waits obeyed and passing failures tried again."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from aiolimiter import AsyncLimiter
from telethon import functions
from telethon.tl import TLRequest
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from collector.errors import SignInError, UnansweredError, UnreachableError
from collector.telegram.connection import Connection
from collector.telegram.failures import TransientError, expected, flood_seconds
from collector.telegram.floods import Floods
from collector.telegram.limits import Limits

__all__ = ["Caller", "method_name"]

log = logging.getLogger("tgstance.telegram")

LONGEST_PAUSE_S = 60.0
PROBES = 3


class Caller:
    """What the rest of the collector asks Telegram with.

    Several tasks may call at once; together they keep to the pace.
    """

    def __init__(self, connection: Connection, floods: Floods, limits: Limits) -> None:
        self.connection = connection
        self.floods = floods
        self.limits = limits
        self.pace: AbstractAsyncContextManager[None] = (
            AsyncLimiter(1, limits.pace) if limits.pace > 0 else nullcontext()
        )

    async def __call__(self, request: TLRequest) -> Any:  # noqa: ANN401 (Telethon is not typed)
        """Return Telegram's answer.

        Raises FloodWaitError if Telegram asks for a longer wait than is allowed, SignInError if it
        does not accept the session, UnreachableError if it answers nothing at all any more,
        UnansweredError if it does not answer this request, and ChannelError if it refuses it.
        """
        method = method_name(request)
        waited = 0.0
        while True:
            waited += await self.floods.pause(method, waited)
            try:
                return await self.persist(request, self.limits.attempts)
            except TransientError as error:
                await self.probe(error)
                raise UnansweredError(f"{method}: {error}, {self.limits.attempts} times") from error
            except Exception as error:
                if (seconds := flood_seconds(error)) is None:
                    raise (expected(error) or error) from error
                self.floods.note(method, seconds)
                self.floods.check(method, waited)

    async def persist(self, request: TLRequest, attempts: int) -> Any:  # noqa: ANN401
        """Send a request, again with growing pauses while it fails in passing."""
        pause = self.limits.first_pause
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(attempts),
            wait=wait_exponential(pause, LONGEST_PAUSE_S) + wait_random(0, pause),
            before_sleep=tell(method_name(request)),
            reraise=True,
        )
        return await retrying(self.send, request)

    async def send(self, request: TLRequest) -> Any:  # noqa: ANN401
        """Send a request when the pace allows it."""
        async with self.pace:
            pass
        return await self.connection.send(request)

    async def probe(self, error: TransientError) -> None:
        """Find out whether Telegram answers anything at all.

        Raises UnreachableError if it does not.
        """
        try:
            # The first may still meet the connection that the request has lost.
            await self.persist(functions.help.GetNearestDcRequest(), PROBES)
        except TransientError as silence:
            reason = f"Telegram cannot be reached: {error}; try again later"
            raise UnreachableError(reason) from silence
        except Exception as answer:
            if isinstance(meaning := expected(answer), SignInError):
                raise meaning from answer


def tell(method: str) -> Callable[[RetryCallState], None]:
    """Return what tells of a failed attempt."""

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0
        log.info("%s: %s; again in %.1f s", method, error, pause)

    return say


def method_name(request: TLRequest) -> str:
    """Return a request's name in Telegram's documentation, such as messages.getHistory."""
    space = type(request).__module__.rpartition(".")[2]
    name = type(request).__name__.removesuffix("Request")
    return f"{space}.{name[0].lower()}{name[1:]}"
