"""The watchdog of the tests: what hangs is named and ended, and the others run."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
from tests.watchdog import Watchdog

def pytest_configure(config):
    config.pluginmanager.register(Watchdog(config, grace=1))
"""
HANGS = """
import ctypes, signal, time
import pytest

def test_before():
    pass

@pytest.mark.timeout(1)
def test_keeps_pythons_lock():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # which would end the sleep
    ctypes.PyDLL(None).sleep(600)

@pytest.mark.timeout(1)
def test_swallows_what_should_end_it():
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass

@pytest.mark.timeout(1)
def test_hangs_again_as_it_cleans_up():
    try:
        time.sleep(600)
    finally:
        time.sleep(600)

@pytest.fixture
def endless():
    yield
    time.sleep(600)

@pytest.mark.timeout(1)
def test_fails_and_then_its_fixture_hangs(endless):
    assert False

def test_after():
    pass
"""
DOES_NOT_END = """
import threading, time

def test_begins_a_thread():
    threading.Thread(target=time.sleep, args=(600,)).start()
"""


OUTLASTS_THE_OTHER_WORKER = """
import time

def test_at_once():
    pass

def test_long():
    time.sleep(5)
"""


def outcome(directory: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_it.py").write_text(code)
    root = Path(__file__).parents[1]
    settings = ["-o", "timeout=60", "-o", f"pythonpath={root}", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, *options],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)  # five processes are started in turn
def test_tests_that_hang_are_named_and_the_others_run(tmp_path: Path) -> None:
    done = outcome(tmp_path, HANGS, "-n1", "--dist=worksteal", "--max-worker-restart=9")
    for name in (
        "keeps_pythons_lock",
        "swallows_what_should_end_it",
        "hangs_again_as_it_cleans_up",
        "fails_and_then_its_fixture_hangs",
    ):
        assert f"crashed while running 'test_it.py::test_{name}'" in done.stdout
    assert "2 passed" in done.stdout
    assert "in test_keeps_pythons_lock" in done.stderr
    assert "in endless" in done.stderr
    assert done.returncode == 1


def test_a_process_that_does_not_end_is_ended(tmp_path: Path) -> None:
    done = outcome(tmp_path, DOES_NOT_END)
    assert "1 passed" in done.stdout
    assert "in _shutdown" in done.stderr
    assert done.returncode == 1


def test_a_worker_that_is_done_may_wait_for_the_others(tmp_path: Path) -> None:
    done = outcome(tmp_path, OUTLASTS_THE_OTHER_WORKER, "-n2", "--dist=worksteal")
    assert "2 passed" in done.stdout
    assert "Timeout" not in done.stderr
    assert done.returncode == 0
