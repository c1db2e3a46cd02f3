"""A connection to a PostgreSQL server that does not wait for an answer for ever.

The server itself breaks off what takes too long, and the network tells of a computer that is gone;
but a server that is frozen, or hangs on its disk, does neither.
"""

from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from collector.postgresql import LONGEST_S

__all__ = ["AnsweredConnection"]

GRACE_S = 60  # after the server should have broken it off
INTERVAL_S = 0.1  # how soon Ctrl-C is noticed
ALLOWED_MS = "SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'"

Result = TypeVar("Result")


class AnsweredConnection(Connection[Any]):
    """Closes itself when an answer is long overdue; `limit_s` are seconds, None is for ever."""

    limit_s: float | None = LONGEST_S + GRACE_S

    def follow_server(self) -> None:
        """Wait a little longer than the server lets a statement take, which a URL may change."""
        row = self.execute(ALLOWED_MS).fetchone()
        self.rollback()
        self.limit_s = row[0] / 1000 + GRACE_S if row and row[0] else None

    def wait(
        self, gen: PQGen[Result], interval: float = INTERVAL_S, timeout: float | None = None
    ) -> Result:
        """Wait as psycopg does, but not for ever. Raises OperationalError if nothing comes."""
        try:
            return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
        except OperationalError:
            if timeout is None and self.info.transaction_status is TransactionStatus.ACTIVE:
                self.close()  # a late answer would be taken for that to the next statement
            raise
