"""A client for tests: plain Telethon, connected for as long as one scenario takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telethon import TelegramClient
from telethon.sessions import StringSession
from telethon.tl.functions.messages import GetHistoryRequest

__all__ = ["ask", "history"]

PATIENCE = 20
SETTINGS = {"receive_updates": False, "retry_delay": 0, "flood_sleep_threshold": 0}

Answer = TypeVar("Answer")


def ask(
    session: str, scenario: Callable[[TelegramClient], Awaitable[Answer]], **options: Any
) -> Answer:
    """Run `scenario` with a connected client and return what it returns."""

    async def connected() -> Answer:
        client = TelegramClient(StringSession(session), 1, "hash", **SETTINGS | options)
        try:
            await client.connect()
            return await asyncio.wait_for(scenario(client), PATIENCE)
        finally:
            await client.disconnect()
            # Telethon keeps why a connection ended in a future that complains if nobody looks.
            await asyncio.gather(client.disconnected, return_exceptions=True)

    return asyncio.run(connected())


async def history(client: TelegramClient, peer: Any = "news", **offsets: Any) -> Any:
    """Ask for one page of a channel's history."""
    settings = dict.fromkeys(("offset_id", "add_offset", "max_id", "min_id", "hash"), 0)
    settings |= {"offset_date": None, "limit": 100, **offsets}
    return await client(GetHistoryRequest(await client.get_input_entity(peer), **settings))
