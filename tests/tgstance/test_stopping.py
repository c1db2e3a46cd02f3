"""Ctrl-C is never lost, wherever in Python it strikes."""

import signal
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
