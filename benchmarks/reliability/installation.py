"""An installation in a directory of its own, and its command in child processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.reliability import warm
from benchmarks.reliability.served import Served

__all__ = ["TARGETS", "Child", "Installation", "Ran"]

TGSTANCE = Path(sys.executable).with_name("tgstance")
PATIENCE_S = 600.0  # for a run on a machine that is busy with other things
TARGETS = ("Трамп", "санкции", "Роскомнадзор")
SETTINGS = """
[telegram]
session = "telegram.session"
[collect]
pace = 0
attempts = 2
timeout = 5
max_wait = "3s"
channels = [{channels}]
[models]
{models}
[report]
minimum = 4
posts = true
"""
EMBEDDED = 'backend = "torch"'
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code, negative for a signal, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass
class Child:
    """A command at work; what it writes goes to two files."""

    process: "subprocess.Popen[bytes] | warm.Forked"
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid or 0

    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll() is None
        return self.process.is_alive()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):  # it ends just now
            if self.is_alive():
                os.kill(self.pid, number)

    def said(self) -> str:
        """Return what it has written to stderr so far."""
        return self.err.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, sign: str, seconds: float = PATIENCE_S) -> bool:
        """Wait until it has said something; tell whether it did before it ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            alive = self.is_alive()
            if sign in self.said():
                return True
            if not alive:
                return False
            time.sleep(0.005)
        return False

    def wait(self) -> Ran:
        """Wait for its end. Raises TimeoutError when it does not come."""
        if isinstance(self.process, subprocess.Popen):
            code = self.process.wait(PATIENCE_S)
        else:
            self.process.join(PATIENCE_S)
            if self.process.exitcode is None:
                self.process.kill()
                raise TimeoutError(f"process {self.pid} does not end")
            code = self.process.exitcode
        ran = Ran(code, self.out.read_text(encoding="utf-8", errors="replace"), self.said())
        self.discard()
        return ran

    def discard(self) -> None:
        """Delete what it wrote."""
        self.out.unlink()
        self.err.unlink()


@dataclass
class Installation:
    """A configuration, session, archive and reports in `directory`, on a served Telegram.

    With `forked`, commands run in children of a process that has their modules loaded already:
    the same code without the seconds that Python and torch need to start. What commands write is
    kept in `logs`, which has to be on another disk where that of `directory` gets full.
    """

    directory: Path
    served: Served
    logs: Path
    models: str = EMBEDDED
    forked: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.environment = _environment(self.logs) | self.environment
        if not self.config.exists():
            self.config.write_text(self._settings(), encoding="utf-8")
            session = self.directory / "telegram.session"
            session.touch(mode=0o600)
            session.write_text(f"{self.served.session()}\n")

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.directory / "tgstance.toml"

    @property
    def archive(self) -> Path:
        """The archive's file."""
        return self.directory / "tgstance.sqlite"

    @property
    def reports(self) -> Path:
        """Where reports are published."""
        return self.directory / "reports"

    def start(
        self,
        *arguments: str,
        forked: bool | None = None,
        environment: Mapping[str, str] | None = None,
        die_before: int | None = None,
    ) -> Child:
        """Start the command; `die_before` is that of `warm.run`, and needs a forked one."""
        name = f"{next(_NUMBERS):06}"
        out, err = self.logs / f"{name}.out", self.logs / f"{name}.err"
        out.touch()
        err.touch()
        values = self.environment | dict(environment or {})
        if not (self.forked if forked is None else forked):
            return Child(_spawned(self.directory, arguments, values, out, err), out, err)
        task = warm.Task(self.directory, arguments, values, (out, err), die_before)
        return Child(warm.start(task), out, err)

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        """Run the command to its end."""
        return self.start(*arguments, environment=environment).wait()

    def _settings(self) -> str:
        names = ", ".join(f'"@{channel.username}"' for channel in self.served.channels)
        targets = "".join(f'[[targets]]\nname = "{name}"\n' for name in TARGETS)
        return SETTINGS.format(channels=names, models=self.models) + targets


def _environment(home: Path) -> dict[str, str]:
    return {
        "TELEGRAM_API_ID": "1",
        "TELEGRAM_API_HASH": "0" * 32,
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "OMP_NUM_THREADS": "1",
        "LOKY_MAX_CPU_COUNT": "1",  # several installations are tried side by side
    }


def _spawned(
    directory: Path, arguments: Sequence[str], values: Mapping[str, str], out: Path, err: Path
) -> "subprocess.Popen[bytes]":
    with out.open("wb") as output, err.open("wb") as errors:
        return subprocess.Popen(
            [TGSTANCE, *arguments],
            cwd=directory,
            env=os.environ | dict(values),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
