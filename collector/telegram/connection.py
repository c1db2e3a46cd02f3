"""A connection to Telegram on which every wait ends."""

import asyncio
from contextlib import suppress
from typing import Any

from telethon import TelegramClient
from telethon.tl import TLRequest

from collector.calls import TransientError
from collector.telegram.failures import transient

__all__ = ["Connection"]

CLOSING_S = 5.0
GRACE_S = 0.1


class Connection:
    """One client, connected when it is needed; every request has a deadline.

    Telethon by itself sends a request again for ever when the server drops it, and waits for ever
    for one that is silent.
    """

    def __init__(self, client: TelegramClient, deadline: float) -> None:
        self.client = client
        self.deadline = deadline
        self.lock = asyncio.Lock()
        self.generation = 0
        self.failure: TransientError | None = None

    async def send(self, request: TLRequest) -> Any:  # noqa: ANN401 (Telethon has no types) (Telethon is not typed)
        """Return Telegram's answer.

        Raises TransientError if the request can be sent again, else what Telethon raises.
        """
        generation = await self.connect()
        try:
            return await asyncio.wait_for(self.ask(request), self.deadline)
        except BaseException as error:
            if (passing := transient(error)) is None:
                raise
            if isinstance(error, TimeoutError):
                await self.close(generation)
            raise passing from error

    async def ask(self, request: TLRequest) -> Any:  # noqa: ANN401 (Telethon has no types)
        """Return the answer to a request, or raise once the connection is lost.

        What was not sent yet when it was lost, Telethon would leave waiting for ever.
        """
        answer = asyncio.ensure_future(self.client(request))
        lost = self.client.disconnected
        try:
            await asyncio.wait({answer, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():  # it, or a better reason, may be on the way here
                await asyncio.wait({answer}, timeout=GRACE_S)
            if not answer.done():
                raise ConnectionError("the connection was lost before the request was sent")
            return answer.result()
        finally:
            answer.cancel()
            lost.cancel()
            await asyncio.gather(answer, lost, return_exceptions=True)

    async def connect(self) -> int:
        """Connect unless connected; return which connection of this object it is.

        Those who have waited for an attempt share its outcome.
        """
        before = self.generation
        async with self.lock:
            if not self.client.is_connected():
                if self.generation != before and self.failure is not None:
                    raise TransientError(str(self.failure))
                self.generation += 1
                await self.forget_loss()
                await self.open()
            return self.generation

    async def open(self) -> None:
        """Connect once."""
        self.failure = None
        try:
            await asyncio.wait_for(self.client.connect(), self.deadline)
        except BaseException as error:
            await self.disconnect()  # or else the half-made connection passes for a good one
            if (passing := transient(error)) is None:
                raise
            self.failure = passing
            raise passing from error

    async def close(self, generation: int | None = None) -> None:
        """Disconnect; if `generation` is given, only that connection and not a newer one."""
        async with self.lock:
            if generation in (None, self.generation):
                await self.disconnect()

    async def disconnect(self) -> None:
        """Disconnect, however the other side behaves."""
        with suppress(TimeoutError, OSError, asyncio.CancelledError):
            await asyncio.wait_for(self.client.disconnect(), CLOSING_S)
        await self.forget_loss()

    async def forget_loss(self) -> None:
        """Look at why the last connection ended, which asyncio complains about otherwise.

        Telethon does not always say, if told to disconnect just as it notices a loss.
        """
        if not self.client.is_connected():
            lost = self.client.disconnected
            await asyncio.wait({lost}, timeout=CLOSING_S)
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
