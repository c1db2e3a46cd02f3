"""Somebody else holds the archive."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

from benchmarks.reliability.installation import Installation, Ran
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns
from tgstance.locks import hold

__all__ = ["HOLDERS", "hold_archive", "run_beside"]

_SOON_S = 2.0


def hold_archive(holder: str, tries: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Run while the archive is held."""
    row = Row(f"archive held: {holder}")
    with TemporaryDirectory() as scratch, Served(seed) as served:
        home = Installation(Path(scratch, "home"), served, Path(scratch, "logs"))
        home.run("run")
        for row.tries in turns(tries, seconds):
            served.write(3)
            code = run_beside(home, holder).code
            row.seen[f"exit code {code}"] += 1
            if code not in HOLDERS[holder]:
                row.note(f"exit code {code}")
            row.ask(home)
            row.mend(home)
    return row


# Who holds it, and the exit codes that a run may then have.
HOLDERS = {
    "another run, all the time": (75,),
    "a transaction of another program, all the time": (75,),
    "a transaction of another program, 2 s": (0,),
    "a reader, all the time": (0,),
}


def run_beside(home: Installation, holder: str) -> Ran:
    """Run beside a holder; a transaction that ends after 2 s may be one for writing."""
    if holder.startswith("another run"):
        with hold(home.archive.resolve(), "tgstance collect"):
            return home.run("run")
    statement = "BEGIN" if "reader" in holder else "BEGIN EXCLUSIVE"
    with _transaction(home, statement) as database:
        child = home.start("run")
        if holder.endswith("2 s"):
            timer = Timer(_SOON_S, database.rollback)
            timer.start()
        return child.wait()


@contextmanager
def _transaction(home: Installation, statement: str) -> Iterator[sqlite3.Connection]:
    with closing(
        sqlite3.connect(home.archive, isolation_level=None, check_same_thread=False)
    ) as database:
        database.execute(statement)
        database.execute("SELECT count(*) FROM posts").fetchone()
        yield database
