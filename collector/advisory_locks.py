"""Locks between the runs that use one archive on a server, on several computers.

PostgreSQL's advisory locks of a session (section 13.3.5 of its documentation): the server keeps one
for as long as the connection lives that took it, so a run that is killed holds nothing. They are of
a database, and need a direct connection: one shared by a pooler of transactions has none.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from collector.errors import ArchiveUnavailableError, DeferredError

__all__ = ["ARCHIVE", "SCORING", "AdvisoryLocks", "Lock", "channel_lock"]

OURS = int.from_bytes(b"tgst", "big")
CHANNELS = int.from_bytes(b"tgch", "big")
LONGEST_NAME = 63  # bytes of a connection's name; the server cuts off the rest
PATIENCE_S = 60  # what is asked of locks is answered at once, or the server stands still


@dataclass(frozen=True, slots=True)
class Lock:
    """One thing that is not to be done twice at a time; the numbers are the server's key for it."""

    group: int
    number: int
    taken: str  # what is said where another run has it


ARCHIVE = Lock(OURS, 1, "another run is using the archive")
SCORING = Lock(OURS, 2, "another run is scoring")


def channel_lock(channel_id: int) -> Lock:
    """Return the lock for collecting a channel, by the archive's own id of it."""
    return Lock(CHANNELS, channel_id, "another run is collecting it")


class AdvisoryLocks:
    """The locks of one run, all on one connection that does nothing else."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connection: Connection | None = None
        self.lost = False

    @contextmanager
    def hold(self, lock: Lock, *, shared: bool = False) -> Iterator[None]:
        """Hold a lock until the end of the block, at once or not at all.

        A shared one keeps out who wants it for himself. Raises DeferredError, which says who holds
        it, if it cannot be had.
        """
        kind = "_shared" if shared else ""
        if not self.ask(f"SELECT pg_try_advisory_lock{kind}(:group, :number)", lock):
            raise DeferredError(f"{lock.taken} ({self.holder(lock)}); try again when it has ended")
        try:
            yield
        finally:
            with suppress(SQLAlchemyError, ArchiveUnavailableError):  # gone with its connection
                self.ask(f"SELECT pg_advisory_unlock{kind}(:group, :number)", lock)

    def ask(self, query: str, lock: Lock) -> bool:
        """Return what the server says about a lock."""
        asked = self.opened().execute(text(query), {"group": lock.group, "number": lock.number})
        return bool(asked.scalar())

    def opened(self) -> Connection:
        """Return the connection, opened when the first lock is wanted.

        Raises ArchiveUnavailableError if it was lost, for another has none of its locks.
        """
        if self.connection is None:
            self.connection = self.engine.connect()
            self.connection.execution_options(isolation_level="AUTOCOMMIT")
            driver: Any = self.connection.connection.driver_connection
            driver.limit_s = PATIENCE_S
        if self.lost or self.connection.invalidated:
            raise ArchiveUnavailableError(
                "the connection to the archive's server was lost; run the same command again to "
                "go on"
            )
        return self.connection

    def introduce(self, command: str) -> None:
        """Say who holds these locks: a command on this computer."""
        name = f"{command}, process {os.getpid()} on {socket.gethostname()}"
        name = name.encode("ascii", "replace")[:LONGEST_NAME].decode()
        query = text("SELECT set_config('application_name', :name, false)")
        self.opened().execute(query, {"name": name})

    def holder(self, lock: Lock) -> str:
        """Return who holds a lock, as far as this user may know."""
        query = text(
            "SELECT application_name, backend_start AT TIME ZONE 'UTC' AS since FROM pg_locks "
            "JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
            "AND classid = :group AND objid = :number AND objsubid = 2 AND datname = "
            "current_database() ORDER BY backend_start LIMIT 1"
        )
        asked = {"group": lock.group, "number": lock.number}
        row = self.opened().execute(query, asked).first()
        if row is None or not row.application_name:
            return "it has just ended, or is another user's"
        return f"{row.application_name}, since {row.since:%Y-%m-%d %H:%M:%S} UTC"

    def check(self) -> None:
        """Make sure that the locks are still held, before what they protect is written.

        Raises ArchiveUnavailableError if they are not: somebody else may have them by now.
        """
        if self.connection is None:
            return
        connection = self.opened()
        self.lost = True  # unless it answers
        connection.exec_driver_sql("SELECT 1")
        self.lost = False

    def close(self) -> None:
        """Give all locks back."""
        if self.connection is not None:
            with suppress(SQLAlchemyError):
                self.connection.close()
            self.connection = None
