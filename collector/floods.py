"""What Telegram told an account to wait for, remembered from run to run."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select

from collector.archive import Archive
from collector.errors import FloodWaitError
from collector.tables import flood_waits

__all__ = ["Floods"]

log = logging.getLogger("tgstance.telegram")


class Floods:
    """The flood waits of one account: obeyed to the second, sat out up to `max_wait` seconds."""

    def __init__(self, archive: Archive, max_wait: float) -> None:
        self.archive = archive
        self.max_wait = max_wait
        self.user_id: int | None = None
        self.not_before: dict[str, datetime] = {}

    def identify(self, user_id: int) -> None:
        """Take up the waits of an account, once it is known which one asks."""
        if user_id != self.user_id:
            self.user_id = user_id
            self.not_before = read_waits(self.archive, user_id) | self.not_before

    def left(self, method: str) -> float:
        """Return for how many seconds more a method must not be called; 0 if it may be."""
        until = self.not_before.get(method)
        return 0.0 if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())

    def check(self, method: str, waited: float = 0.0) -> None:
        """Raise FloodWaitError if the wait for a method is longer than may be sat out.

        `waited` seconds of it have been sat out already.
        """
        if waited + self.left(method) > self.max_wait:
            until = self.not_before[method]
            raise FloodWaitError(
                f"Telegram wants no {method} before {until:%Y-%m-%d %H:%M:%S} UTC; "
                "try again then, or raise --max-wait"
            )

    async def pause(self, method: str, waited: float = 0.0) -> float:
        """Sit out the wait for a method; return how long that took.

        Raises FloodWaitError as `check` does.
        """
        slept = 0.0
        while left := self.left(method):  # another task may learn of a longer wait meanwhile
            self.check(method, waited + slept)
            log.info("Telegram asks to wait %.0f s before the next %s", left, method)
            await asyncio.sleep(left)
            slept += left
        return slept

    def note(self, method: str, seconds: int) -> None:
        """Write down that a method must not be called for some seconds."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        longest = self.not_before[method] = max(until, self.not_before.get(method, until))
        if self.user_id is None:
            return
        key = {"user_id": self.user_id, "method": method}
        mine = [flood_waits.c[name] == value for name, value in key.items()]
        with self.archive.begin() as connection:
            connection.execute(delete(flood_waits).where(*mine))
            connection.execute(insert(flood_waits).values(key | {"not_before": longest}))


def read_waits(archive: Archive, user_id: int) -> dict[str, datetime]:
    """Return until when an account has to leave which methods alone."""
    query = select(flood_waits.c.method, flood_waits.c.not_before)
    with archive.connect() as connection:
        rows = connection.execute(query.where(flood_waits.c.user_id == user_id))
        return {row.method: row.not_before for row in rows}
