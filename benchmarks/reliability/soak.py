"""Runs many times while channels are written to: whether memory, files and run time stay flat.

    python -m benchmarks.reliability.soak [--runs 200] [--posts 5]

Every run is the installed command in a process of its own, with the embedded model. Open files are
those of the run as its report is written, which is its end.
"""

import argparse
import os
import re
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, turns
from benchmarks.reliability.truth import find_damage

__all__ = ["Measured", "soak", "summary"]

_COMPARED = 20  # first and last runs


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds of wall time and of processors, peak memory in MB, open files."""

    seconds: float
    processor: float
    memory: float
    files: int


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--posts", type=int, default=5, help="new posts before each run")
    parser.add_argument("--seconds", type=float, default=UNLIMITED, help="end after so long")
    options = parser.parse_args()
    measured = soak(options.runs, options.posts, options.seconds)
    print("\n".join(summary(measured)))


def soak(runs: int, posts: int, seconds: float = UNLIMITED) -> Sequence[Measured]:
    """Run so often, or for so long, with so many new posts each time, and some edited.

    Raises SystemExit if one of them is lost.
    """
    with TemporaryDirectory() as scratch, Served(7) as served:
        home = Installation(Path(scratch, "home"), served, Path(scratch, "logs"))
        home.run("run")
        measured = []
        for number in turns(runs, seconds):
            served.write(posts)
            with served.being_written(pause=1, most=3):
                measured.append(_measured(home))
            print(number, measured[-1], flush=True)
        home.run("run")
        if damage := find_damage(home):
            raise SystemExit(f"after {len(measured)} runs: {damage}")
        print(f"{_size(home.archive):.1f} MB of archive, nothing lost, nothing twice")
    return measured


def summary(measured: Sequence[Measured]) -> list[str]:
    """Return the table: medians of the first and the last runs, and their ratios."""
    count = min(_COMPARED, len(measured) // 2)
    lines = [
        f"| {len(measured)} runs | first {count} | last {count} | ratio |",
        "|---|--:|--:|--:|",
    ]
    for name, title in (
        ("seconds", "wall time, s"),
        ("processor", "processor time, s"),
        ("memory", "peak memory, MB"),
        ("files", "open files at the end"),
    ):
        first, last = (
            statistics.median(getattr(one, name) for one in part)
            for part in (measured[:count], measured[-count:])
        )
        lines.append(f"| {title} | {first:.4g} | {last:.4g} | {last / first:.2f} |")
    return lines


def _measured(home: Installation) -> Measured:
    started = time.perf_counter()
    child = home.start("run", forked=False)
    if not isinstance(child.process, subprocess.Popen):
        raise TypeError("a forked one shares its memory")
    files, memory = 0, 0.0
    while (now := _open_files(child.pid)) and "report:" not in child.said():
        files, memory = now, _peak(child.pid) or memory
        time.sleep(0.02)
    _, status, usage = os.wait4(child.pid, 0)
    child.process.returncode = os.waitstatus_to_exitcode(status)  # which Popen cannot ask any more
    if status:
        raise SystemExit(f"status {status}: {child.said()}")
    child.discard()
    seconds = time.perf_counter() - started
    return Measured(seconds, usage.ru_utime + usage.ru_stime, memory, files)


def _open_files(process: int) -> int:
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def _peak(process: int) -> float:
    """Return the most MB that a process has held; getrusage's would be that of its parent too."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0


def _size(path: Path) -> float:
    return path.stat().st_size / 1e6


if __name__ == "__main__":
    main()
