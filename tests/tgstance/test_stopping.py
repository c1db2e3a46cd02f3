"""Ctrl-C is never lost, wherever in Python it strikes."""

import signal
import subprocess
import sys
import time

import pytest

from tgstance.stopping import repeating_lost_interrupts


class Struck:
    """Something that is just being cleared away as Ctrl-C is pressed."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_a_finaliser_comes_again() -> None:
    with repeating_lost_interrupts():
        struck = Struck()
        del struck
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)
        assert time.monotonic() - began < 5


STRUCK = """
import signal, sys, time
from tgstance import cli

class Struck:
    def __del__(self):
        signal.raise_signal(signal.{signal})

def run(given):
    try:
        struck = Struck()
        del struck
        time.sleep({seconds})
        return 0
    except KeyboardInterrupt:
        return 130

signal.signal(signal.SIGINT, signal.{before})
cli._run = run
cli.main([])
"""


def struck(**told: object) -> tuple[int, str]:
    """Run a command during which a signal is lost; return its exit code and what it says."""
    code = STRUCK.format(**told)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


def test_a_lost_end_of_a_job_in_the_background_comes_again() -> None:
    assert struck(signal="SIGTERM", before="SIG_IGN", seconds=10) == (130, "")


def test_ctrl_c_at_the_end_is_no_traceback() -> None:
    assert struck(signal="SIGINT", before="default_int_handler", seconds=0) == (0, "")


def test_other_exceptions_are_dropped_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", dropped.append)

    class Broken:
        def __del__(self) -> None:
            raise ValueError

    with repeating_lost_interrupts():
        broken = Broken()
        del broken
    assert len(dropped) == 1
