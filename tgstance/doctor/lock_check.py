"""The check of the lock: who writes to the archive, and since when."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from tgstance.doctor.case import Case
from tgstance.doctor.finding import Verdict, listed, ok

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["Holder", "check_lock", "holders"]

_NOTE = re.compile(r"tgstance (?P<command>\w+), .*since (?P<since>[\d-]{10} [\d:]{8}) UTC")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the archive's lock; of one that has just taken it, only that much is known."""

    note: str
    command: str | None = None
    since: datetime | None = None

    def may_be_at(self, command: str, started_at: datetime) -> bool:
        """Tell whether a run of a command that began then can be the holder's, or a stage of it."""
        if self.since is None:
            return True
        return self.command in (command, "run") and started_at >= self.since


def check_lock(case: Case, archive: "Archive") -> Verdict:
    """Say who is writing to the archive."""
    held = [holder.note for holder in holders(case, archive)]
    return ok(f"held by {listed(held)}" if held else "nobody holds it")


def holders(case: Case, archive: "Archive") -> list[Holder]:
    """Return who holds the archive's lock: one at most, or on a server several."""
    from tgstance.locks import held_by

    if case.file is None:
        return [_holder(note) for note in _held_on_server(archive)]
    note = held_by(case.file)
    return [_holder(note)] if note else []


def _holder(note: str) -> Holder:
    match = _NOTE.match(note)
    if match is None:
        return Holder(note)
    since = datetime.fromisoformat(match["since"]).replace(tzinfo=UTC)
    return Holder(note, match["command"], since)


def _held_on_server(archive: "Archive") -> list[str]:
    """Return the notes of the connections that hold locks of collector.advisory_locks.

    PostgreSQL documentation, "pg_locks" and "pg_stat_activity".
    """
    query = text(
        "SELECT DISTINCT a.application_name, a.backend_start AT TIME ZONE 'UTC' AS since "
        "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() "
        "AND a.application_name LIKE 'tgstance %' ORDER BY since"
    )
    with archive.connect() as connection:
        rows = connection.execute(query).all()
    return [f"{row[0]}, since {row[1]:%Y-%m-%d %H:%M:%S} UTC" for row in rows]
