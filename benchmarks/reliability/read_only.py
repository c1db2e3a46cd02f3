"""The archive, the reports, or all of an installation cannot be written for a while."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation
from benchmarks.reliability.room import mounted, read_only
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns

__all__ = ["PLACES", "make_read_only"]

# What doctor has to say meanwhile of each place that cannot be written.
PLACES = {
    "directory": {"archive": "wrong", "report directory": "wrong"},
    "reports": {"report directory": "wrong"},
    "archive file": {"archive": "wrong"},
}


def make_read_only(place: str, tries: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Run while a place is read-only, and again when it is not."""
    row = Row(f"read-only {place}")
    with TemporaryDirectory() as scratch, Served(seed) as served:
        directory = Path(scratch, "home")
        with mounted(directory / "reports" if place == "reports" else directory):
            home = Installation(directory, served, Path(scratch, "logs"))
            home.run("run")
            for row.tries in turns(tries, seconds):
                served.write(3)
                before = home.archive.read_bytes()
                with _unwritable(home, place):
                    ran = home.run("run")
                    row.require(ran, 1)
                    row.ask(home, PLACES[place])
                if place != "reports" and home.archive.read_bytes() != before:
                    row.note("the archive was changed")
                row.mend(home)
    return row


@contextmanager
def _unwritable(home: Installation, place: str) -> Iterator[None]:
    if place != "archive file":
        with read_only(home.reports if place == "reports" else home.directory):
            yield
        return
    subprocess.run(["chattr", "+i", str(home.archive)], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(home.archive)], check=True)
