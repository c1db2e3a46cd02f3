"""tgstance score --workers: what is kept, and what is left running, when it is cut short."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.tables import scores
from tests.tgstance.asked import count
from tests.tgstance.started import start, wait_until

Run = Callable[..., Any]
Begin = Callable[[], tuple[subprocess.Popen[str], list[int]]]
POSTS = 4_000


@pytest.fixture
def many(run: Run, tmp_path: Path) -> None:
    """An archive of distinct posts without scores, in the current directory."""
    rows = [
        {
            "channel": "a",
            "message_id": n,
            "date": "2025-11-03T10:00:00Z",
            "text": f"Погода {n}",
        }
        for n in range(1, POSTS + 1)
    ]
    (tmp_path / "many.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "tgstance.toml").write_text('[models]\nbackend = "torch"\n', encoding="utf-8")
    assert run("import", "many.jsonl").code == 0


def scored() -> int:
    return count(scores)


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in children if "spawn_main" in command_of(int(child))]


def command_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def none_left(processes: list[int]) -> bool:
    return not any("spawn_main" in command_of(process) for process in processes)


@pytest.fixture
def begin(many: None) -> Iterator[Begin]:
    """Return a function that starts scoring and waits for more scores; it returns the workers."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], list[int]]:
        before = scored()
        process = start("score", "--workers", "2")
        started.append(process)
        wait_until(lambda: scored() > before, seconds=120)
        return process, workers_of(process.pid)

    yield begin
    for process in started:
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(400)  # four times two processes that load torch
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_whatever_is_killed_nothing_is_lost_or_left_running(run: Run, begin: Begin) -> None:
    scoring, workers = begin()
    assert len(workers) == 2
    for process in (scoring.pid, *workers):  # as a terminal does
        os.kill(process, signal.SIGINT)
    _, error = scoring.communicate(timeout=20)
    assert scoring.returncode == 130
    assert "Traceback" not in error
    assert error.endswith(" tgstance: interrupted; run the same command again to go on\n")
    wait_until(lambda: none_left(workers))

    scoring, workers = begin()
    os.kill(workers[0], signal.SIGKILL)
    _, error = scoring.communicate(timeout=20)
    assert scoring.returncode == 1
    assert "Traceback" not in error
    assert re.fullmatch(
        r"\S+Z ERROR \S+ tgstance: a worker process ended before its time \(SIGKILL\), "
        "often for lack of memory: "
        "what was scored is kept, .*",
        error.splitlines()[-1],
    )
    wait_until(lambda: none_left(workers))

    scoring, workers = begin()
    scoring.kill()
    scoring.communicate(timeout=20)
    wait_until(lambda: none_left(workers))

    kept = scored()
    assert 0 < kept < POSTS
    done = run("score", "--workers", "2", "--profile")
    assert done.code == 0
    assert f"sentiment: {POSTS - kept} scored with embedded" in done.err
    assert "Where the time went" in done.out
    assert scored() == POSTS


def test_options_that_do_not_go_together_are_refused(run: Run) -> None:
    run("init")
    for arguments, message in (
        (["--address", "auto"], "--address is for --engine ray"),
        (["--exchange", "."], "--exchange is for --engine ray"),
        (["--device", "cuda:0,cuda:1", "--workers", "1"], "cuda:0, cuda:1 needs one at least"),
        (["--device", "cuda:0,cuda:1", "--engine", "ray"], "Ray gives each worker its GPU"),
    ):
        refused = run("score", *arguments)
        assert refused.code == 2
        assert message in refused.err
    assert "not in the range x>=1" in run("score", "--workers", "0").err
