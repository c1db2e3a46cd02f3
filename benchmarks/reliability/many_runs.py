"""Many runs in a row of one installation, of which some meet a fault of any kind."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.reliability import room
from benchmarks.reliability.installation import Installation, Ran
from benchmarks.reliability.locks import run_beside
from benchmarks.reliability.replaced_models import MODELS, other_model, swap
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns

__all__ = ["run_many"]

_EVERY = 25  # runs after which all is compared
_SHARE = 0.4  # of runs with a fault

Fault = Callable[[Installation, Random], Ran]


def run_many(runs: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Run so many times, or for so long; a run after a fault has none, and completes."""
    row = Row("many runs with faults of all kinds")
    chance = Random(seed)
    with _installed(seed) as home:
        home.run("run")
        after_fault = True
        for row.tries in turns(runs, seconds):
            home.served.write(chance.choice([0, 0, 0, 1, 2]))
            if not after_fault and chance.random() < _SHARE:
                _meet(row, home, chance)
                after_fault = True
            elif after_fault or row.tries % _EVERY == 0:
                row.mend(home)
                after_fault = False
            else:
                row.require(home.run("run"), 0)
        row.mend(home)
    return row


@contextmanager
def _installed(seed: int) -> Iterator[Installation]:
    """Install on a small disk where that can be mounted, with a model that can be replaced."""
    with TemporaryDirectory() as scratch, Served(seed, posts=20) as served:
        place = Path(scratch, "home")
        small = nullcontext() if room.why_not() else room.mounted(place)
        with small:
            home = Installation(place, served, Path(scratch, "logs"), models=MODELS)
            other_model(home.directory / "model", seed=1)
            other_model(home.directory / "other", seed=2)
            yield home


def _meet(row: Row, home: Installation, chance: Random) -> None:
    """Run with a fault."""
    kinds = FAULTS if home.directory.is_mount() else FAULTS_WITHOUT_ROOM
    name = chance.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
    row.seen[name] += 1
    before = len(row.notes)
    row.require(kinds[name][1](home, chance), *range(-64, 256))
    row.ask(home)
    if len(row.notes) > before:
        row.notes[-1] += f" (after: {name})"


def _signalled(number: signal.Signals, home: Installation, chance: Random) -> Ran:
    child = home.start("run")
    time.sleep(chance.random() * 4)
    child.kill(number)
    return child.wait()


def _killed(home: Installation, chance: Random) -> Ran:
    return _signalled(signal.SIGKILL, home, chance)


def _ended(home: Installation, chance: Random) -> Ran:
    return _signalled(chance.choice([signal.SIGTERM, signal.SIGINT]), home, chance)


def _in_a_hurry(home: Installation, chance: Random) -> Ran:
    return home.run("run", "--deadline", f"{chance.randint(1, 3)}s")


def _telegram(home: Installation, chance: Random) -> Ran:
    faults = home.served.server.faults
    faults.at_random(chance.randrange(10**9), floods=0.1, drops=0.2, errors=0.1, methods=("*",))
    faults.flood("GetHistoryRequest", chance.choice([1, 4]), times=1)
    try:
        return home.run("run")
    finally:
        faults.clear()
        time.sleep(4)  # for which runs would be deferred


def _held(home: Installation, chance: Random) -> Ran:
    return run_beside(home, chance.choice(["another run", "a reader", "a transaction, 2 s"]))


def _full(home: Installation, chance: Random) -> Ran:
    with room.filled(home.directory, int(chance.random() ** 2 * 200_000)):
        return home.run("run")


def _read_only(home: Installation, _chance: Random) -> Ran:
    with room.read_only(home.directory):
        return home.run("run")


def _other_model(home: Installation, chance: Random) -> Ran:
    child = home.start("run")
    time.sleep(chance.random() * 3)
    swap(home.directory / "model", home.directory / "other")
    return child.wait()


FAULTS_WITHOUT_ROOM: dict[str, tuple[int, Fault]] = {
    "kill -9": (30, _killed),
    "SIGTERM or SIGINT": (15, _ended),
    "--deadline": (10, _in_a_hurry),
    "floods, lost connections, errors of Telegram": (20, _telegram),
    "archive held": (10, _held),
    "model replaced": (3, _other_model),
}
FAULTS = FAULTS_WITHOUT_ROOM | {"disk full": (10, _full), "read-only": (5, _read_only)}
