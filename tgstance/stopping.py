"""Ends long work at its next safe point: at SIGTERM or Ctrl-C, or when its time is up."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from collector.errors import OutOfTimeError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["Stop", "repeating_lost_interrupts"]

_AGAIN_AFTER_S = 0.02


class Stop:
    """Knows whether a run has been asked to end; work that can end calls `check` where it may.

    `ends_at` is when its time is up on the clock of `time.monotonic`; None for never.
    """

    def __init__(self, ends_at: float | None = None) -> None:
        self.ends_at = ends_at
        self._asked = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal asked for the end, OutOfTimeError at `ends_at`."""
        if self._asked:
            raise KeyboardInterrupt
        if self.ends_at is not None and time.monotonic() >= self.ends_at:
            raise OutOfTimeError("the time of the run is up; the next one goes on here")

    @contextmanager
    def at_safe_points(self) -> Iterator[Callable[[], None]]:
        """Let signals wait inside for the next call of what is yielded, which is `check`.

        A second Ctrl-C waits for nothing. What signals did before they do again afterwards.
        """
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number, handler in before.items():
            if callable(handler):  # else it is ignored, as Ctrl-C is by jobs in the background
                signal.signal(number, self._note)
        try:
            yield self.check
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self.check()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        from tgstance.logs import log

        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self._asked:
            self._asked = True
            log.warning("ending after this batch (Ctrl-C again: at once, and the batch is lost)")


@contextmanager
def repeating_lost_interrupts() -> Iterator[None]:
    """Let a Ctrl-C come again that struck in a finaliser, where Python drops every exception."""
    before = sys.unraisablehook
    timers: list[threading.Timer] = []

    def drop(dropped: "UnraisableHookArgs") -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            again = (os.getpid(), signal.SIGINT)
            timers.append(threading.Timer(_AGAIN_AFTER_S, os.kill, again))
            timers[-1].start()
        else:
            before(dropped)

    sys.unraisablehook = drop
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in timers:
            timer.cancel()  # nothing is left to be interrupted, but Python's own end
