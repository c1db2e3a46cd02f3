"""The disk is full in each stage, and has room again afterwards."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation
from benchmarks.reliability.kills import last_run, stage_of
from benchmarks.reliability.room import filled, mounted
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns

__all__ = ["STAGES", "fill_disk"]

# What is run where the disk is full, and how many bytes are left at most: to begin with some work.
STAGES = {
    "collect": (("run",), 500_000),
    "score": (("run", "--stage", "score", "--stage", "report"), 500_000),
    "report": (("run", "--stage", "report"), 200_000),
    "publishing": (("run", "--stage", "report"), 60_000),
    "backup": (("backup", "copy.sqlite"), 500_000),
    "export": (("export", "moved"), 150_000),
}
_NO_ROOM = ("full", "No space left")


def fill_disk(stage: str, tries: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Fill the disk of a stage; that of publishing holds the reports only, the others all."""
    row = Row(f"disk full: {stage}")
    chance = Random(seed)
    with TemporaryDirectory() as scratch, Served(seed) as served:
        place = Path(scratch, "home")
        full = place / "reports" if stage == "publishing" else place
        with mounted(full):
            home = Installation(place, served, Path(scratch, "logs"))
            row.mend(home)
            for row.tries in turns(tries, seconds):
                _try(row, home, full, chance)
            row.completed, row.compared = row.completed - 1, row.compared - 1
            row.asked, row.truths = row.asked - 1, row.truths - 1
    return row


def _try(row: Row, home: Installation, full: Path, chance: Random) -> None:
    stage = row.fault.rpartition(" ")[2]
    command, most = STAGES[stage]
    home.served.write(5)
    if stage == "score":
        home.run("run", "--stage", "collect")
    before = last_run(home)
    with filled(full, int(chance.random() * most)):
        ran = home.run(*command)
        row.require(ran, 0, 1, 3)
        if ran.code and not any(sign in ran.err for sign in _NO_ROOM):
            row.note(f"does not tell of the disk: {ran.err}")
        row.ask(home, {"archive room": "wrong"} if full == home.directory else {})
    where = stage_of(home, before) if command[0] == "run" else command[0]
    row.seen[f"full in {where}" if ran.code else "had room"] += 1
    if stage in ("backup", "export"):
        made = home.directory / command[-1]
        if made.exists() != (ran.code == 0):
            row.note(f"{made.name} is there: {made.exists()}, exit code {ran.code}")
        row.require(home.run(*command, *(["--force"] if stage == "backup" else [])), 0, 1)
        _remove(made)
    row.mend(home)


def _remove(path: Path) -> None:
    for one in sorted(path.rglob("*"), reverse=True) if path.is_dir() else []:
        one.unlink()
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
