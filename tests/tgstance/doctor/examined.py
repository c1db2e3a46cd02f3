"""What `tgstance doctor` says, and what the tests of it look at."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.tgstance.asked import here, opened

__all__ = [
    "ARCHIVE",
    "Examined",
    "as_nobody",
    "configure",
    "examine",
    "execute",
    "listing",
    "note_run",
]

ARCHIVE = Path("tgstance.sqlite")
NOBODY = 65534
KEYS = {"check", "state", "found", "fix"}


def configure(directory: Path = Path(), *, first: str = "", more: str = "") -> None:
    """Write a configuration: `more` begins within [models]."""
    text = f'{first}[models]\nbackend = "torch"\n{more}[[targets]]\nname = "Трамп"\n'
    (directory / "tgstance.toml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Examined:
    """The exit code, and the findings by check."""

    code: int
    findings: Mapping[str, dict[str, str]]

    def __getitem__(self, check: str) -> tuple[str, str, str]:
        finding = self.findings[check]
        return finding["state"], finding["found"], finding["fix"]

    def checks(self, state: str) -> list[str]:
        return [name for name, finding in self.findings.items() if finding["state"] == state]


def examine(run: Callable[..., Any], *options: str, before: tuple[str, ...] = ()) -> Examined:
    """Run the doctor, without loading models unless an option is given; nothing may change."""
    was = listing()
    outcome = run(*before, "doctor", "--json", *(options or ("--quick",)))
    assert listing() == was
    assert outcome.err == ""
    rows = json.loads(outcome.out)
    assert all(set(row) == KEYS for row in rows)
    assert all(all(isinstance(value, str) for value in row.values()) for row in rows)
    assert all(row["found"] and bool(row["fix"]) >= (row["state"] == "wrong") for row in rows)
    assert outcome.code == (5 if any(row["state"] == "wrong" for row in rows) else 0)
    return Examined(outcome.code, {row["check"]: row for row in rows})


def listing() -> dict[str, tuple[int, int, int]]:
    """Return everything below here, with what would tell that it was touched."""
    found = {str(path): path.lstat() for path in Path().rglob("*")}
    return {name: (stat.st_mtime_ns, stat.st_size, stat.st_mode) for name, stat in found.items()}


def execute(statement: str, *values: object) -> list[Any]:
    """Change the archive by hand, or ask it; `?` stands for a value."""
    if "://" in here():
        with opened() as archive, archive.begin() as connection:
            result = connection.exec_driver_sql(statement.replace("?", "%s"), values)
            return list(result) if result.returns_rows else []
    with sqlite3.connect(ARCHIVE) as connection:
        rows = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def note_run(command: str, ago: timedelta, code: int | None = 0, **summary: object) -> None:
    """Write down a run as one that was some time ago."""
    begun = datetime.now(UTC).replace(tzinfo=None) - ago
    row = (f"{begun:%Y%m%dT%H%M%S}-{command}", command, str(begun), code, json.dumps(summary))
    execute(
        "INSERT INTO runs (id, command, started_at, exit_code, summary, config, versions)"
        " VALUES (?, ?, ?, ?, ?, '{}', '{}')",
        *row,
    )


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights, in a copy of this directory: root may write everywhere."""
    home = Path.cwd()
    with TemporaryDirectory() as scratch:  # those of pytest are closed to others
        there = Path(shutil.copytree(home, Path(scratch, "read only"), symlinks=True))
        os.chdir(there)
        if os.geteuid() == 0:
            for path in (Path(scratch), there, *there.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(os.getuid())
            os.chdir(home)
