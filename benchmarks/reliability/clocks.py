"""The clock is moved, by a day: while runs are made, or in the middle of one.

Uses libfaketime (https://github.com/wolfcw/libfaketime; Debian: faketime), which gives a program
another time of day and leaves its monotonic clock as it is.
"""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation, Ran
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns

__all__ = ["LIBRARY", "MOVES", "move_clock", "why_not"]

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
MOVES = {"back a day": "-1d", "forward a day": "+1d"}


def why_not() -> str:
    """Return why clocks cannot be moved here, "" if they can."""
    return "" if LIBRARY else "needs libfaketime (Debian: faketime)"


def move_clock(move: str, tries: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Run with the clock moved, from the start or from some moment on; then with the right one."""
    row = Row(f"clock moved {move}")
    chance = Random(seed)
    with TemporaryDirectory() as scratch, Served(seed) as served:
        for row.tries in turns(tries, seconds):
            home = Installation(
                Path(scratch, f"home {row.tries}"), served, Path(scratch, "logs"), forked=False
            )
            home.run("run")
            served.write(4)
            moved = _moved(Path(scratch, "time"), MOVES[move])
            if chance.random() < 0.5:
                row.seen["for a whole run"] += 1
                ran = home.run("run", environment=moved)
            else:
                row.seen["in the middle of a run"] += 1
                ran = _jump(home, Path(scratch, "time"), MOVES[move], chance)
            row.require(ran, 0, 75)  # Telethon takes no answers of another day
            home.forked = True
            row.ask(home)
            served.write(2)
            row.mend(home, clock=move == "back a day")
    return row


def _moved(file: Path, time: str) -> dict[str, str]:
    """Return the environment in which the clock is what a file says, as long as it says so."""
    file.write_text(f"{time}\n")
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def _jump(home: Installation, file: Path, time: str, chance: Random) -> Ran:
    child = home.start("run", environment=_moved(file, "+0"))
    child.wait_for(chance.choice(["new", "read ", "sentiment:", "stance:"]))
    file.write_text(f"{time}\n")
    return child.wait()
