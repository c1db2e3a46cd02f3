"""Asks a source: paced, with what it says to wait for obeyed and passing failures tried again."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Generic, TypeVar

from aiolimiter import AsyncLimiter
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from collector.errors import SignInError, TgstanceError, UnansweredError, UnreachableError
from collector.floods import Floods
from collector.limits import Limits

__all__ = ["Caller", "TransientError", "UnconnectedError"]

log = logging.getLogger("tgstance.telegram")

LONGEST_PAUSE_S = 60.0
PROBES = 3

_Request = TypeVar("_Request")


class TransientError(Exception):
    """No fault of the request: it can be sent again."""


class UnconnectedError(TransientError):
    """There is no way to the source at all: another request would fare no better."""


class Caller(ABC, Generic[_Request]):
    """What the rest of the collector asks one source with.

    Several tasks may call at once; together they keep to the pace.
    """

    service: str

    def __init__(self, floods: Floods, limits: Limits) -> None:
        self.floods = floods
        self.limits = limits
        self.pace: AbstractAsyncContextManager[None] = (
            AsyncLimiter(1, limits.pace) if limits.pace > 0 else nullcontext()
        )

    async def __call__(self, request: _Request) -> Any:  # noqa: ANN401 (each source has its own)
        """Return the answer.

        Raises FloodWaitError if the source asks for a longer wait than is allowed, SignInError if
        it does not accept the session, UnreachableError if it answers nothing at all any more,
        UnansweredError if it does not answer this request, and ChannelError if it refuses it.
        """
        method = self.method(request)
        waited = 0.0
        while True:
            waited += await self.floods.pause(method, waited)
            try:
                return await self.persist(request, self.limits.attempts)
            except TransientError as error:
                await self.probe(error)
                raise UnansweredError(f"{method}: {error}, {self.limits.attempts} times") from error
            except Exception as error:  # each source has its own; those not known go on
                if (seconds := self.flood_seconds(error)) is None:
                    raise (self.expected(error) or error) from error
                self.floods.note(method, seconds)
                self.floods.check(method, waited)

    async def persist(self, request: _Request, attempts: int) -> Any:  # noqa: ANN401 (as above)
        """Send a request, again with growing pauses while it fails in passing."""
        pause = self.limits.first_pause
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(attempts),
            wait=wait_exponential(pause, LONGEST_PAUSE_S) + wait_random(0, pause),
            before_sleep=tell(self.method(request)),
            reraise=True,
        )
        return await retrying(self.send_in_turn, request)

    async def send_in_turn(self, request: _Request) -> Any:  # noqa: ANN401 (as above)
        """Send a request when the pace allows it."""
        async with self.pace:
            pass
        return await self.send(request)

    async def probe(self, error: TransientError) -> None:
        """Find out whether the source answers anything at all.

        Raises UnreachableError if it does not.
        """
        unreachable = UnreachableError(
            f"{self.service} cannot be reached: {error}; try again later"
        )
        if isinstance(error, UnconnectedError):
            raise unreachable from error
        try:
            # The first may still meet the connection that the request has lost.
            await self.persist(self.probe_request(), PROBES)
        except TransientError as silence:
            raise unreachable from silence
        except Exception as answer:  # any answer shows that somebody is there
            if isinstance(meaning := self.expected(answer), SignInError):
                raise meaning from answer

    @abstractmethod
    async def send(self, request: _Request) -> Any:  # noqa: ANN401 (as above)
        """Send a request once and return its answer.

        Raises TransientError if it can be sent again.
        """

    @abstractmethod
    def method(self, request: _Request) -> str:
        """Return what a request is called, by which waits are remembered."""

    @abstractmethod
    def probe_request(self) -> _Request:
        """Return a request that any server answers which is up."""

    @abstractmethod
    def flood_seconds(self, error: Exception) -> int | None:
        """Return how long the source asks to wait; None if it does not."""

    @abstractmethod
    def expected(self, error: Exception) -> TgstanceError | None:
        """Return an error as what it means for the session or the channel; None if unknown."""


def tell(method: str) -> Callable[[RetryCallState], None]:
    """Return what tells of a failed attempt."""

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0
        log.info("%s: %s; again in %.1f s", method, error, pause)

    return say
