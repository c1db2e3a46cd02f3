"""Rewrites the tables of an archive on a PostgreSQL server without what was deleted from them.

PostgreSQL documentation, "VACUUM": deleted rows stay on the disk until a table is written anew, and
then too, for as long as a transaction may still see them; a table of somebody else is passed over.
Both the server only says, in notices.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.errors import Diagnostic
from sqlalchemy import Connection, Engine, inspect

from collector.database_errors import database_errors
from collector.errors import ArchiveNameError, DeferredError
from collector.postgresql import shown_server
from collector.tables import metadata

__all__ = ["rewrite_tables"]

NUMBER = re.compile(r"\d+")
PASSED_OVER = "WARNING"
TOLD = "INFO"  # its detail begins with the number of deleted rows that have to stay


def rewrite_tables(engine: Engine) -> None:
    """Rewrite all tables, one after the other; others wait for each meanwhile.

    Raises ArchiveNameError if a table is another user's, DeferredError if deleted rows have to stay
    for a transaction that began before they went.
    """
    notices = Notices()
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with database_errors(engine.url), alone.connect() as connection:
        names = archive_tables(connection)
        with noticing(connection, notices):
            connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE, ANALYZE) {', '.join(names)}")
    notices.check(shown_server(engine.url))


def archive_tables(connection: Connection) -> list[str]:
    """Return the quoted names of the tables of the archive; there may be others beside them."""
    there = set(inspect(connection).get_table_names())
    quote = connection.dialect.identifier_preparer.format_table
    return [quote(table) for table in metadata.sorted_tables if table.name in there]


class Notices:
    """What a server says while it rewrites tables."""

    def __init__(self) -> None:
        self.passed_over: list[str] = []
        self.kept_rows = 0

    def note(self, notice: Diagnostic) -> None:
        """Take what matters of a notice, which does not outlive this call."""
        if notice.severity_nonlocalized == PASSED_OVER:
            self.passed_over.append(notice.message_primary or "")
        elif notice.severity_nonlocalized == TOLD:
            number = NUMBER.search(notice.message_detail or "")
            self.kept_rows += int(number[0]) if number else 0

    def check(self, shown: str) -> None:
        """Raise ArchiveNameError or DeferredError unless all that was deleted is gone."""
        if self.passed_over:
            raise ArchiveNameError(
                f"{shown}: {self.passed_over[0]}: dropped texts stay on the server's disk; run the "
                "same command again as the user who owns the tables"
            )
        if self.kept_rows:
            raise DeferredError(
                f"{shown}: another program is reading it, so that dropped texts stay on the "
                "server's disk; run the same command again when that has ended"
            )


@contextmanager
def noticing(connection: Connection, notices: Notices) -> Iterator[None]:
    """Collect what the server says besides answers, whatever its user wants to hear of it."""
    driver: Any = connection.connection.driver_connection
    connection.exec_driver_sql("SET client_min_messages = warning")
    driver.add_notice_handler(notices.note)
    try:
        yield
    finally:
        driver.remove_notice_handler(notices.note)
