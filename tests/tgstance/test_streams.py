"""Output that is cut short, closed, or in an odd encoding; interrupts."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
TGSTANCE = str(Path(sys.executable).with_name("tgstance"))


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "TGSTANCE": TGSTANCE, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reader_that_stops_early_is_no_error(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    result = shell("$TGSTANCE status | head -1")
    assert result.returncode == 0, result.stderr
    assert "4 posts" in result.stdout


def test_closed_streams_are_no_error(run: Run, posts: Path) -> None:
    run("init")
    assert shell("$TGSTANCE import posts.jsonl >&- 2>&-").returncode == 0
    assert shell("$TGSTANCE status >&-").returncode == 0


def test_an_encoding_without_cyrillic_is_no_error(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    result = shell("$TGSTANCE report", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr


@pytest.mark.sqlite_only
def test_ctrl_c_while_importing_keeps_batches_and_says_how_to_go_on(
    run: Run, tmp_path: Path
) -> None:
    run("init")
    line = '{"channel": "@test_news", "message_id": %d, "date": 1762300000, "text": "x %d"}\n'
    lines = "".join(line % (number, number) for number in range(1, 60_001))
    (tmp_path / "many.jsonl").write_text(lines, encoding="utf-8")
    process = subprocess.Popen(
        [TGSTANCE, "import", "many.jsonl"], stderr=subprocess.PIPE, text=True
    )
    wait_for_posts(tmp_path / "tgstance.sqlite")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "interrupted; run the same command again to go on" in err
    with sqlite3.connect(tmp_path / "tgstance.sqlite") as database:
        assert database.execute("SELECT exit_code FROM runs").fetchall() == [(130,)]
        kept = database.execute("SELECT count(*) FROM posts").fetchone()[0]
    assert 0 < kept < 60_000
    assert f"{60_000 - kept} new" in run("import", "many.jsonl").err


def wait_for_posts(path: Path) -> None:
    for _ in range(1_000):
        time.sleep(0.01)
        if path.exists():
            with sqlite3.connect(path) as database:
                tables = database.execute("SELECT name FROM sqlite_master").fetchall()
                if ("posts",) in tables and database.execute("SELECT 1 FROM posts").fetchone():
                    return
    raise AssertionError("nothing was imported")
