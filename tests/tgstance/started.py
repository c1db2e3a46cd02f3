"""The installed command in a process of its own, and what can be waited for."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["TGSTANCE", "closed_port", "start", "wait_until"]

TGSTANCE = str(Path(sys.executable).with_name("tgstance"))
PATIENCE_S = 60.0


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command, in the directory and with the environment of the test."""
    pipe = subprocess.PIPE
    return subprocess.Popen([TGSTANCE, *arguments], stdout=pipe, stderr=pipe, text=True)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
