"""Ends a test that nothing else can end, says where it hung, and lets the others go on.

pytest-timeout raises an exception in the main thread at its next Python instruction. That never
comes where a library waits in C or keeps Python's lock, and it comes once only: what hangs again
while it cleans up would go on for ever. A minute later the process is ended here, from a thread
that needs no lock, with the stack of each thread on stderr. pytest-xdist then names the test as the
one that crashed its worker, and goes on with the others in a new one.
"""

import faulthandler
import os
import sys
from collections.abc import Generator

import pytest

__all__ = ["Watchdog"]

GRACE_S = 60.0


class Watchdog:
    """A plugin; the time is that of pytest-timeout, from its mark or its setting, and a grace."""

    def __init__(self, config: pytest.Config, grace: float = GRACE_S) -> None:
        self.limit = float(config.getoption("timeout") or config.getini("timeout") or 0)
        self.grace = grace
        self.watching = False
        # It waits, when its tests are done, until those of all others are, and is then ended.
        self.is_worker = hasattr(config, "workerinput")
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            self.stderr = os.dup(2)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch a test with all that is set up and torn down for it."""
        if not self.limit:
            return (yield)
        mark = item.get_closest_marker("timeout")
        self.wait(float(mark.args[0] if mark else self.limit) + self.grace)
        self.watching = True
        try:
            return (yield)
        finally:
            self.watching = False
            faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self) -> None:
        """Watch on when a test has failed, where pytest and pytest-timeout stop."""
        if self.watching:
            self.wait(self.grace)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Watch how the process ends, when all is said."""
        sys.stdout.flush()
        if self.limit and not self.is_worker:
            self.wait(self.grace)

    def wait(self, seconds: float) -> None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=self.stderr)
