"""What each run did: its command, settings, versions and outcome, in the archive's table runs."""

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Integer, Row, String, Table, insert, select, update

from collector.archive import Archive, Migrations
from collector.errors import ArchiveError, GateError, TgstanceError
from collector.tables import UTCDateTime, metadata
from tgstance.logs import logged_as

__all__ = ["TGSTANCE", "Run", "last_runs", "recorded", "runs", "versions"]

TGSTANCE = Migrations("tgstance", Path(__file__).parent / "migrations" / "versions")

EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130
_DONE = (0, GateError.exit_code)  # a failing quality gate is about what was reported

_PACKAGES = ("tgstance", "torch", "transformers", "pymorphy3", "SQLAlchemy")

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("command", String(32), nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("ended_at", UTCDateTime),
    Column("exit_code", Integer),  # empty while it runs, and for ever if it was killed
    Column("summary", JSON, nullable=False),
    Column("config", JSON, nullable=False),
    Column("versions", JSON, nullable=False),
)


@dataclass
class Run:
    """A run in progress; commands fill in its summary, and its exit code if it is not 0."""

    id: str
    exit_code: int = 0
    summary: dict[str, Any] = field(default_factory=dict)


@contextmanager
def recorded(
    archive: Archive, command: str, config: dict[str, Any], *, part_of: str | None = None
) -> Iterator[Run]:
    """Record what happens inside as one run, however it ends.

    `part_of` is the id of the run of which this one is a stage; its summary says so.
    """
    now = datetime.now(UTC)
    run = Run(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    if part_of:
        run.summary["part_of"] = part_of
    row = {"id": run.id, "command": command, "started_at": now, "summary": run.summary}
    with archive.begin() as connection:
        connection.execute(insert(runs).values(**row, config=config, versions=versions()))
    try:
        with logged_as(run.id):
            yield run
    except BaseException as error:
        run.exit_code = _exit_code(error)
        run.summary["error"] = str(error) or type(error).__name__
        with suppress(ArchiveError):  # why the run failed matters more than that it is noted down
            _finish(archive, run)
        raise
    _finish(archive, run)


def last_runs(
    archive: Archive, command: str, count: int, *, good: bool = False
) -> Sequence[Row[Any, Any, Any, Any]]:
    """Return a command's last `count` runs (if `good`, those that did their work), newest first.

    Rows have `id`, `started_at`, `summary` and `exit_code`, which is None for a run that has not
    ended or was killed.
    """
    query = (
        select(runs.c.id, runs.c.started_at, runs.c.summary, runs.c.exit_code)
        .where(runs.c.command == command)
        .order_by(runs.c.started_at.desc())
        .limit(count)
    )
    if good:
        query = query.where(runs.c.exit_code.in_(_DONE))
    with archive.connect() as connection:
        return connection.execute(query).all()


def _finish(archive: Archive, run: Run) -> None:
    done = {"ended_at": datetime.now(UTC), "exit_code": run.exit_code, "summary": run.summary}
    with archive.begin(locked=False) as connection:
        connection.execute(update(runs).where(runs.c.id == run.id).values(**done))


def _exit_code(error: BaseException) -> int:
    if isinstance(error, TgstanceError):
        return error.exit_code
    return EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def versions() -> dict[str, str]:
    """Return the versions of Python, tgstance and the packages that labels depend on."""
    found = {package: version(package) for package in _PACKAGES}
    return {"python": sys.version.split()[0], **found}
