"""Asks the site of the preview: paced, with its refusals obeyed and remembered as flood waits."""

from collector import calls
from collector.errors import TgstanceError
from collector.floods import Floods
from collector.limits import Limits
from collector.preview.site import Answer, Connection, WaitError

__all__ = ["NOBODY", "Caller"]

NOBODY = 0  # stands for an account where waits are remembered
LONGEST_NAME = 60  # characters of a name in the archive


class Caller(calls.Caller[str]):
    """Asks for paths over one connection."""

    def __init__(self, connection: Connection, floods: Floods, limits: Limits) -> None:
        super().__init__(floods, limits)
        self.connection = connection
        self.service = connection.site.host
        floods.identify(NOBODY)

    @property
    def waits(self) -> str:
        """What refusals are remembered for: all pages of the preview."""
        return f"{self.service}/s"[-LONGEST_NAME:]

    def check(self) -> None:
        """Raise FloodWaitError if the site wants to be left alone for longer than may be waited."""
        self.floods.check(self.waits)

    async def send(self, request: str) -> Answer:
        """Send a request once and return the answer."""
        return await self.connection.get(request)

    def method(self, request: str) -> str:  # noqa: ARG002 (all pages are one to the site)
        """Return what a request is called."""
        return self.waits

    def probe_request(self) -> str:
        """Return the path of the first page, which leads elsewhere."""
        return ""

    def flood_seconds(self, error: Exception) -> int | None:
        """Return how long the site asks to wait; None if it does not."""
        return error.seconds if isinstance(error, WaitError) else None

    def expected(self, error: Exception) -> TgstanceError | None:
        """Return an error that is known already."""
        return error if isinstance(error, TgstanceError) else None
