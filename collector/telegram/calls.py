"""Asks Telegram's API."""

from typing import Any

from telethon import functions
from telethon.tl import TLRequest

from collector import calls
from collector.errors import TgstanceError
from collector.floods import Floods
from collector.limits import Limits
from collector.telegram.connection import Connection
from collector.telegram.failures import expected, flood_seconds

__all__ = ["Caller", "method_name"]


class Caller(calls.Caller[TLRequest]):
    """Asks over one connection."""

    service = "Telegram"

    def __init__(self, connection: Connection, floods: Floods, limits: Limits) -> None:
        super().__init__(floods, limits)
        self.connection = connection

    async def send(self, request: TLRequest) -> Any:  # noqa: ANN401 (Telethon is not typed)
        """Send a request once and return Telegram's answer."""
        return await self.connection.send(request)

    def method(self, request: TLRequest) -> str:
        """Return the method's name."""
        return method_name(request)

    def probe_request(self) -> TLRequest:
        """Return a request that needs neither a session nor a channel."""
        return functions.help.GetNearestDcRequest()

    def flood_seconds(self, error: Exception) -> int | None:
        """Return how long Telegram asks to wait; None if it does not."""
        return flood_seconds(error)

    def expected(self, error: Exception) -> TgstanceError | None:
        """Return an error as what it means for the session or the channel; None if unknown."""
        return expected(error)


def method_name(request: TLRequest) -> str:
    """Return a request's name in Telegram's documentation, such as messages.getHistory."""
    space = type(request).__module__.rpartition(".")[2]
    name = type(request).__name__.removesuffix("Request")
    return f"{space}.{name[0].lower()}{name[1:]}"
