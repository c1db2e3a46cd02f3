"""Tries every kind of fault on `tgstance run`, and prints the table of docs/reliability.md.

    python -m benchmarks.reliability [--only kills] [--kills 100] [--runs 1000] ...

Each try breaks a run in a child process: over TCP from a Telegram of this machine that is written
to all the time, with the embedded model, into an SQLite archive. Then the doctor is asked, a run
goes on to its end, and archive and newest report are compared with what that Telegram holds. Lines
that begin with ! say what went wrong. Exit code 1 if anything did.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.reliability import clocks, room
from benchmarks.reliability.clocks import MOVES, move_clock
from benchmarks.reliability.full_disks import STAGES, fill_disk
from benchmarks.reliability.kills import kill_at_changes, kill_at_random
from benchmarks.reliability.locks import HOLDERS, hold_archive
from benchmarks.reliability.many_runs import run_many
from benchmarks.reliability.power_cuts import cut_power
from benchmarks.reliability.read_only import PLACES, make_read_only
from benchmarks.reliability.replaced_models import replace_model
from benchmarks.reliability.table import HEAD, details, line
from benchmarks.reliability.trial import UNLIMITED, Row

_ENDED = 143  # exit code, of a program that SIGTERM has ended

Trials = Callable[[argparse.Namespace], Iterator[Row]]


def main() -> int:
    """Print the table of the kinds that are asked for."""
    options = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED))  # what is mounted is unmounted
    print(HEAD, flush=True)
    rows = []
    for kind in options.only or KINDS:
        if why := SKIPPED.get(kind, str)():
            print(f"{kind} skipped: {why}", file=sys.stderr)
            continue
        for row in KINDS[kind](options):
            rows.append(row)
            print(line(row), flush=True)
            print(*details(row), sep="\n", file=sys.stderr, flush=True)
    print(f"{time.monotonic() - options.started:.0f} s", file=sys.stderr)
    return int(any(row.notes for row in rows))


def parsed() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--only", action="append", choices=list(KINDS), help="may be repeated; default: all")
    add("--kills", type=int, default=100)
    add("--power-cuts", type=int, default=50, help="of each of two kinds")
    add("--tries", type=int, default=10, help="of each other kind")
    add("--runs", type=int, default=1000, help="in a row")
    add("--seconds", type=float, default=UNLIMITED, help="begin no try of a row after so long")
    add("--seed", type=int, default=1)
    chosen = parser.parse_args(namespace=argparse.Namespace(started=time.monotonic()))
    chosen.common = (chosen.seed, chosen.seconds)
    return chosen


KINDS: dict[str, Trials] = {
    "kills": lambda chosen: iter([kill_at_random(chosen.kills, *chosen.common)]),
    "changes": lambda chosen: iter([kill_at_changes(chosen.seed, seconds=chosen.seconds)]),
    "power": lambda chosen: (
        cut_power(chosen.power_cuts, *chosen.common, torn=torn) for torn in (False, True)
    ),
    "full": lambda chosen: (fill_disk(stage, chosen.tries, *chosen.common) for stage in STAGES),
    "read-only": lambda chosen: (
        make_read_only(place, chosen.tries, *chosen.common) for place in PLACES
    ),
    "held": lambda chosen: (hold_archive(who, chosen.tries, *chosen.common) for who in HOLDERS),
    "clock": lambda chosen: (move_clock(move, chosen.tries, *chosen.common) for move in MOVES),
    "model": lambda chosen: iter([replace_model(chosen.tries, *chosen.common)]),
    "runs": lambda chosen: iter([run_many(chosen.runs, *chosen.common)]),
}
SKIPPED: dict[str, Callable[[], str]] = {
    "full": room.why_not,
    "read-only": room.why_not,
    "clock": clocks.why_not,
}

if __name__ == "__main__":
    sys.exit(main())
