"""Fuzzes every reader of strangers' input, and prints what became of it.

    python benchmarks/fuzzing.py --minutes 10

With atheris (pip install atheris; github.com/google/atheris) inputs are altered towards code that
none has reached; without it, good files are altered at random. Faults are errors that are no
TgstanceError, and over 5 s of processor time or 1 GB of memory. Their inputs are kept; exit code 1.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LONGEST_S = 5.0
MOST_MB = 1024
LARGEST = 2**16  # bytes of an input
ATHERIS = find_spec("atheris") is not None


class Watched:
    """A parser, and what the inputs given to it cost, which is written down as it changes."""

    def __init__(self, name: str, directory: Path) -> None:
        from tests.security.parsers import PARSERS  # noqa: PLC0415 (found only from here, or to be instrumented)

        self.parser = PARSERS[name]
        self.file = directory / "measured.json"
        self.directory = directory
        self.inputs = 0
        self.slowest = 0.0
        self.faults: dict[str, str] = {}
        self.noted = time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Give it one input."""
        started = time.process_time()
        try:
            self.parser.read(data)
        except Exception as error:  # noqa: BLE001 (these are what is looked for)
            self.fault(f"{type(error).__name__}: {str(error)[:100]}", data)
        spent = time.process_time() - started
        self.inputs += 1
        self.slowest = max(self.slowest, spent)
        if spent > LONGEST_S:
            self.fault("took over 5 s", data)
        if time.monotonic() > self.noted + 1:
            self.note()

    def fault(self, what: str, data: bytes) -> None:
        """Keep the first input of each kind of fault."""
        kind = what.partition(":")[0] + what[-40:]
        if kind not in self.faults:
            path = self.directory / f"fault-{len(self.faults)}"
            path.write_bytes(data)
            self.faults[kind] = f"{what} ({path})"
            self.note()

    def note(self) -> None:
        """Write down what was measured."""
        self.noted = time.monotonic()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found = {"inputs": self.inputs, "slowest": self.slowest, "peak": peak}
        self.file.write_text(json.dumps({**found, "faults": list(self.faults.values())}))


def altered(seed: bytes, chance: random.Random, tokens: tuple[bytes, ...]) -> bytes:
    """Change some places of an input."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randint(0, len(data)), chance.choice((0, 0, 1, 2, 8, 64))
        kind = chance.random()
        if kind < 0.5:
            piece = chance.choice(tokens) * chance.choice((1, 1, 1, 2, 50))
        elif kind < 0.75:
            piece = bytes(data[(begin := chance.randint(0, len(data))) : begin + 100])
        else:
            piece = chance.randbytes(chance.randint(1, 4))
        data[at : at + length] = piece
    return bytes(data[:LARGEST])


def at_random(watched: Watched, seconds: float) -> None:
    """Alter good files at random."""
    from tests.security.parsers import TOKENS  # noqa: PLC0415 (found only from here, or to be instrumented)

    chance = random.Random(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watched(altered(chance.choice(watched.parser.seeds), chance, TOKENS))
    watched.note()


def guided(name: str, directory: Path, seconds: float) -> None:
    """Alter good files towards code that is new."""
    import atheris  # noqa: PLC0415 (found only from here, or to be instrumented)

    with atheris.instrument_imports(include=["collector", "models", "reports", "tgstance"]):
        from tests.security import parsers  # noqa: PLC0415 (found only from here, or to be instrumented)
    corpus = directory / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(parsers.PARSERS[name].seeds):
        (corpus / str(number)).write_bytes(seed)
    words = directory / "tokens"
    lines = ["".join(f"\\x{byte:02x}" for byte in token) for token in parsers.TOKENS]
    words.write_text("".join(f'"{line}"\n' for line in lines if len(line) < 256))
    options = [f"-max_total_time={seconds:.0f}", f"-max_len={LARGEST}", f"-dict={words}"]
    options += [f"-rss_limit_mb={MOST_MB}", "-timeout=60", "-verbosity=0"]
    options += [f"-artifact_prefix={directory}/fault-", str(corpus)]
    atheris.Setup([sys.argv[0], *options], Watched(name, directory))
    atheris.Fuzz()


def fuzz(name: str, seconds: float, kept: Path) -> dict[str, Any]:
    """Fuzz one parser in a process of its own; return what was measured."""
    directory = kept / name.replace(" ", "-")
    directory.mkdir()
    command = [sys.executable, __file__, "--parser", name, "--into", str(directory)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)], cwd=ROOT, check=False, capture_output=True
    )
    file = directory / "measured.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    found = {"inputs": 0, "slowest": 0.0, "peak": 0, "faults": []} | found
    if done.returncode:
        (directory / "stderr").write_bytes(done.stderr)
        found["faults"].append(f"it ended with {done.returncode} ({directory / 'stderr'})")
    if found["peak"] > MOST_MB:
        found["faults"].append(f"took {found['peak']} MB")
    return found


def table(minutes: float) -> bool:
    """Fuzz all parsers and print what became of them; return whether there was no fault."""
    from tests.security.parsers import PARSERS  # noqa: PLC0415 (found only from here, or to be instrumented)

    kept = Path(mkdtemp(prefix="tgstance-fuzzing-"))
    how = "altered towards new code (atheris)" if ATHERIS else "altered at random"
    print(f"Good files {how}, {minutes:g} minutes in all; faults are kept in {kept}\n")
    print("| parser | inputs | crashes | slowest input, s | peak, MB |\n|---|--:|--:|--:|--:|")
    faults = []
    for name in PARSERS:
        found = fuzz(name, minutes * 60 / len(PARSERS), kept)
        faults += found["faults"]
        print(
            f"| {name} | {found['inputs']:,} | {len(found['faults'])} | {found['slowest']:.2f} | "
            f"{found['peak']} |",
            flush=True,
        )
    print("", *faults, sep="\n")
    return not faults


def main() -> None:
    """Read the command line."""
    reader = argparse.ArgumentParser(description="Fuzz every reader of strangers' input.")
    reader.add_argument("--minutes", type=float, default=10)
    reader.add_argument("--parser", help=argparse.SUPPRESS)
    reader.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    reader.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    asked = reader.parse_args()
    if not asked.parser:
        sys.exit(not table(asked.minutes))
    elif ATHERIS:
        guided(asked.parser, asked.into, asked.seconds)
    else:
        at_random(Watched(asked.parser, asked.into), asked.seconds)


if __name__ == "__main__":
    main()
