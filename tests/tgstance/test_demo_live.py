"""tgstance demo --live: from nothing to a report of a real channel."""

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.preview_server import PreviewServer
from tests.telegram_server import World
from tests.tgstance.started import closed_port

Run = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.timeout(400)  # the first scoring after an update may prepare the model
def test_the_last_hundred_posts_become_a_report(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = world.add_channel("live_news", title="Живые новости")
    channel.post_many([f"Трамп снова о санкциях, часть {number}" for number in range(130)])
    with PreviewServer(world) as server:
        monkeypatch.setenv("TGSTANCE_PREVIEW_URL", server.url)
        result = run("demo", "--live", "t.me/live_news")
    assert result.code == 0, result.err
    assert " @live_news: 100 new" in result.err
    home = Path("tgstance-demo-live_news")
    with sqlite3.connect(home / "tgstance.sqlite") as database:
        ids = database.execute("SELECT min(message_id), max(message_id) FROM posts").fetchone()
    assert ids == (31, 130)
    with (home / "reports/stance.csv").open(encoding="utf-8") as stream:
        rows = {row["target"]: row for row in csv.DictReader(stream)}
    assert (rows["Трамп"]["channel"], rows["Трамп"]["n_relevant"]) == ("live_news", "100")
    assert 0.7 < float(rows["Трамп"]["coverage"]) <= 1, "the preview was asked for these ids"
    assert "Живые новости" in result.out
    assert f"Open {(home / 'reports/report.html').resolve()}" in result.out


def test_without_a_network_it_says_so_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", f"http://127.0.0.1:{closed_port()}")
    result = run("demo", "--live", "live_news")
    assert (result.code, result.out) == (75, "")
    assert "cannot be reached: no connection; try again later" in result.err.splitlines()[-1]
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["1234567890", "t.me/+abc", "a b"])
def test_what_is_no_name(run: Run, name: str) -> None:
    result = run("demo", "--live", name)
    assert result.code == 2
    assert not list(Path().glob("tgstance-demo*"))
