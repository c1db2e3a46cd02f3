"""The power fails: what is on the disk is opened and carried on elsewhere."""

import os
import shutil
import signal
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Child, Installation
from benchmarks.reliability.kills import last_run, stage_of
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns
from benchmarks.reliability.wal import tear

__all__ = ["cut_power"]

IMAGES = 4  # of one run


def cut_power(tries: int, seed: int, seconds: float = UNLIMITED, *, torn: bool) -> Row:
    """Copy an installation at random moments of runs; `torn` loses what no sync has covered."""
    row = Row(
        "power cut, unsynced writes torn or missing" if torn else "power cut, all on the disk"
    )
    chance = Random(seed)
    with TemporaryDirectory() as scratch, Served(seed) as served:
        home = Installation(Path(scratch, "home"), served, Path(scratch, "logs"))
        for _ in turns(tries, seconds):
            if row.tries >= tries:
                break
            served.write(4)
            before = last_run(home)
            with served.being_written():
                most = min(IMAGES, tries - row.tries)
                images = _images(home, chance, Path(scratch), most, torn=torn)
            for image, frames in images:
                row.tries += 1
                row.seen[stage_of(image, before)] += 1
                row.seen.update(["with frames to lose"] if frames else [])
                row.ask(image)
                row.mend(image)
                shutil.rmtree(image.directory)
    return row


def _images(
    home: Installation, chance: Random, scratch: Path, most: int, *, torn: bool
) -> list[tuple[Installation, int]]:
    """Run once; return copies of up to `most` moments, and how many frames each could have lost."""
    child = home.start("run", forked=True)
    images: list[tuple[Installation, int]] = []
    while child.is_alive():
        time.sleep(chance.random() * 0.8)
        there = scratch / f"image {len(images)}"
        if len(images) < most and chance.random() < 0.5 and _copied(child, home, there):
            image = Installation(there, home.served, home.logs)
            frames = _lose(image, chance) if torn else 0
            images.append((image, frames))
    child.wait()
    return images


def _copied(child: Child, home: Installation, there: Path) -> bool:
    """Copy all files at one moment, while the run is halted; tell whether it was at work."""
    child.kill(signal.SIGSTOP)
    try:
        while (state := _state(child.pid)) not in "TZ":
            time.sleep(0.001)
        if state == "T" and home.archive.exists():
            shutil.copytree(home.directory, there, symlinks=True)
            return True
    finally:
        child.kill(signal.SIGCONT)
    return False


def _state(process: int) -> str:
    """Return the state of a process as `proc(5)` names it: T is stopped, Z has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):  # it has been buried
        return "Z"


def _lose(image: Installation, chance: Random) -> int:
    """Lose what was not synced: of the log, and of files that have no lasting name yet."""
    for path in image.reports.glob(".unfinished-*/**/*"):
        if path.is_file():
            os.truncate(path, chance.randint(0, path.stat().st_size))
    return tear(image.archive, chance)
