"""What the archive of a test of the command holds: a file, or a database of a server."""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from collector.archive import Archive, open_archive
from tgstance.cli import main
from tgstance.runs import runs
from tgstance.session import all_packages

__all__ = ["count", "ended_runs", "here", "last_run", "move_in", "opened"]

FILE = "tgstance.sqlite"


def here() -> str:
    """Return where the archive is that the command uses in this test."""
    return os.environ.get("TGSTANCE_ARCHIVE", FILE)


def opened() -> Archive:
    """Open it."""
    return open_archive(here(), all_packages())


def count(table: Table) -> int:
    """Return how many rows a table has."""
    with opened() as archive, archive.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def ended_runs() -> list[tuple[str, int | None, dict[str, Any]]]:
    """Return the command, the exit code and the summary of each run, the first one first."""
    query = select(runs.c.command, runs.c.exit_code, runs.c.summary).order_by(runs.c.started_at)
    with opened() as archive, archive.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def last_run(command: str) -> tuple[int | None, dict[str, Any]]:
    """Return the exit code and the summary of the last run of a command."""
    return [(code, summary) for name, code, summary in ended_runs() if name == command][-1]


def move_in(file: str = FILE) -> None:
    """Move what a file holds to the server, where this test's archive is on one."""
    if here() == file:
        return
    for call in (["--archive", file, "export", "moved"], ["import", "moved"]):
        with pytest.raises(SystemExit, match="^0$"):
            main(["-q", *call])
    for path in Path().glob(f"{file}*"):
        path.unlink()
