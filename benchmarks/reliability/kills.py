"""kill -9 at random moments of `tgstance run`."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns
from benchmarks.reliability.truth import copied

__all__ = ["kill_at_changes", "kill_at_random", "stage_of"]

_MOST_CHANGES = 1000
_MISSES = 4  # times as many runs as tries at most: some end before they are killed

# After which sign of a run the clock starts, and for how many seconds it then may run. The first
# is that of a run that has only begun.
SIGNS = (
    ("", 2.0),
    ("new", 0.2),
    ("read ", 5.0),
    ("sentiment:", 1.0),
    ("stance:", 1.0),
    ("report:", 0.1),
)


def kill_at_random(
    tries: int, seed: int, seconds: float = UNLIMITED, *, forked: bool | None = None
) -> Row:
    """Kill runs of one installation, each while its channels are written to.

    Half of them are of the installed command, the others are forked, unless that is said.
    """
    row = Row("kill -9 at a random moment")
    chance = Random(seed)
    with TemporaryDirectory() as scratch, Served(seed) as served:
        home = Installation(Path(scratch, "home"), served, Path(scratch, "logs"))
        for number in turns(tries * _MISSES, seconds):
            if row.tries == tries:
                break
            served.write(4)
            before = last_run(home)
            with served.being_written():
                is_forked = chance.random() < 0.5 if forked is None else forked
                if not _killed(home, chance, SIGNS[number % len(SIGNS)], forked=is_forked):
                    continue
            row.tries += 1
            row.seen[stage_of(home, before)] += 1
            row.ask(home)
            row.mend(home)
    return row


def _killed(home: Installation, chance: Random, moment: tuple[str, float], *, forked: bool) -> bool:
    """Kill a run at a moment after a sign of it; tell whether it had not ended before."""
    sign, most = moment
    child = home.start("run", forked=forked)
    if child.wait_for(sign):
        time.sleep(chance.random() * most)
    child.kill()
    return child.wait().code == -signal.SIGKILL


def kill_at_changes(seed: int, every: int = 1, seconds: float = UNLIMITED) -> Row:
    """Kill a run before each change that it makes to files, or `every` so many, in turn."""
    row = Row("kill -9 before each change to a file")
    with TemporaryDirectory() as scratch, Served(seed) as served:
        home = Installation(Path(scratch, "home"), served, Path(scratch, "logs"))
        home.run("run")
        for number in turns(_MOST_CHANGES, seconds):
            change = (number - 1) * every
            before = last_run(home)
            served.write(1)
            if home.start("run", forked=True, die_before=change).wait().code != -signal.SIGKILL:
                return row  # there is no such change any more
            row.tries = number
            row.seen[stage_of(home, before)] += 1
            row.ask(home)
            row.mend(home)
    return row


def last_run(home: Installation) -> str:
    """Return the id of the newest run, "" if there is none."""
    return _last(home)[0]


def stage_of(home: Installation, before: str) -> str:
    """Return in which stage a run was broken off, whose id is another than `before`."""
    number, code, stages = _last(home)
    if number == before:
        return "start"
    if stages:
        return stages[-1]
    return "between stages" if code is None else "after its end"


def _last(home: Installation) -> tuple[str, int | None, list[str]]:
    """Return id and exit code of the newest run, and its stages that did not end well."""
    if not home.archive.exists():
        return "", None, []
    with copied(home) as copy, closing(sqlite3.connect(copy)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return "", None, []
        query = "SELECT id, exit_code, rowid FROM runs WHERE command = 'run' ORDER BY rowid DESC"
        row = database.execute(query).fetchone()
        if row is None:
            return "", None, []
        query = "SELECT command FROM runs WHERE rowid > ? AND exit_code IS NOT 0 ORDER BY rowid"
        return row[0], row[1], [stage for (stage,) in database.execute(query, (row[2],))]
