"""tgstance score --engine ray."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.tgstance.started import closed_port, start, wait_until

Run = Callable[..., Any]
NO_CLIENT = (
    "Ray Data has to run on a machine of the cluster: run tgstance there, with --address auto"
)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ray_scores_and_is_gone_and_silent(run: Run, posts: Path, tmp_path: Path) -> None:
    run("init")
    run("import", str(posts))
    scoring = start("score", "--engine", "ray", "--workers", "1", "--profile")
    out, err = scoring.communicate(timeout=380)
    assert scoring.returncode == 0, err
    assert "sentiment: 4 scored with embedded" in err
    assert "stance: 4 scored with embedded" in err
    assert "ray" not in err.lower()
    assert all("INFO" in line for line in err.splitlines())
    assert "Where the time went" in out
    with sqlite3.connect(tmp_path / "tgstance.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM scores").fetchone() == (8,)
    again = run("score", "--engine", "ray")  # which starts no cluster
    assert again.code == 0
    assert "stance: nothing new to score" in again.err
    wait_until(lambda: not running_in(tmp_path))


def running_in(directory: Path) -> list[str]:
    """Return the processes whose working directory this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == directory and process.name != str(os.getpid()):
                found.append((process / "cmdline").read_text())
    return found


def test_a_cluster_that_is_not_there_is_one_line(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    nobody = f"127.0.0.1:{closed_port()}"
    for address, message in (
        (nobody, f"no Ray cluster at {nobody}: [Errno 111] Connection refused"),
        ("somewhere", "--address somewhere: say auto or HOST:PORT"),
        ("ray://a:10001", f"--address ray://a:10001: {NO_CLIENT}"),
    ):
        refused = run("score", "--engine", "ray", "--address", address)
        assert refused.code == 2
        assert refused.err.splitlines()[-1].endswith(f"tgstance: {message}")
