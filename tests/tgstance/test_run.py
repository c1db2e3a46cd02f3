"""The whole job by one command: what each ending leads to, and what it leaves."""

import csv
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.tables import posts
from models.tables import scores
from tests.telegram_server import ServedChannel, TelegramServer, World
from tests.tgstance.asked import count, last_run
from tests.tgstance.conftest import QUICK
from tests.tgstance.started import closed_port, start, wait_until
from tgstance.locks import hold

Run = Callable[..., Any]

CHANNELS = 'channels = ["@test_news"]\n[models]\nbackend = "torch"\n'
TARGETS = '[[targets]]\nname = "Трамп"\n[[targets]]\nname = "санкции"\n'
MANY = 4_000


@pytest.fixture
def daily(ready: Run) -> Run:
    """The command where a channel and targets are configured."""
    configure()
    return ready


def configure(more: str = "") -> None:
    Path("tgstance.toml").write_text(QUICK + CHANNELS + more + TARGETS, encoding="utf-8")


def recorded(command: str = "run") -> tuple[int | None, dict[str, Any]]:
    return last_run(command)


def stages() -> dict[str, int]:
    return {name: stage["exit_code"] for name, stage in recorded()[1]["stages"].items()}


def latest() -> list[dict[str, str]]:
    with Path("reports/latest/stance.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reported() -> tuple[str, list[str]]:
    """Return what `latest` points at, and which reports there are."""
    there = [path.name for path in Path("reports").iterdir() if not path.is_symlink()]
    return str(Path("reports/latest").readlink()), sorted(there)


def listing() -> dict[str, tuple[int, int]]:
    found = [path for path in Path().rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.every_archive
def test_all_stages_in_turn_and_a_report_a_day(daily: Run, news: ServedChannel) -> None:
    ran = daily("run")
    assert (ran.code, ran.out) == (0, "")
    assert "collect done, score done, report done; exit code 0" in ran.err
    assert recorded()[0] == 0
    assert stages() == {"collect": 0, "score": 0, "report": 0}
    assert reported() == (today(), [today()])
    assert sum(int(row["n_scored"]) for row in latest()) == 2
    assert not Path("reports/latest/posts.csv").exists()
    assert recorded("report")[1]["directory"] == str(Path("reports").resolve() / today())
    news.post("Санкции против Трампа")
    assert daily("run").code == 0
    assert reported() == (f"{today()}.2", [today(), f"{today()}.2"])
    assert sum(int(row["n_scored"]) for row in latest()) == 4


def test_posts_are_published_where_that_is_configured(daily: Run) -> None:
    configure("[report]\nposts = true\n")
    assert daily("run").code == 0
    assert Path("reports/latest/posts.csv").exists()


def test_only_some_stages(daily: Run) -> None:
    assert daily("run", "--stage", "report", "--stage", "collect").code == 0
    assert list(stages()) == ["collect", "report"]
    assert sum(int(row["n_scored"]) for row in latest()) == 0


def test_a_channel_that_fails_keeps_nobody_from_the_report(daily: Run) -> None:
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    Path("tgstance.toml").write_text(
        text.replace('["@test_news"]', '["@test_news", "@nobody_here"]')
    )
    ran = daily("run")
    assert ran.code == 3
    assert "collect exit code 3, score done, report done; exit code 3" in ran.err
    assert "@nobody_here" in ran.err
    assert sum(int(row["n_scored"]) for row in latest()) == 2


def test_without_a_session_what_there_is_gets_reported(
    daily: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert daily("run", "--stage", "collect").code == 0
    configure()
    monkeypatch.delenv("TGSTANCE_SESSION")
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    Path("tgstance.toml").write_text(text.replace("[collect]", '[collect]\nsource = "telegram"'))
    ran = daily("run")
    assert ran.code == 4
    assert stages() == {"collect": 4, "score": 0, "report": 0}
    assert "tgstance login" in recorded()[1]["stages"]["collect"]["reason"]
    assert sum(int(row["n_scored"]) for row in latest()) == 2


def test_a_telegram_out_of_reach_defers_the_run_and_the_rest_is_done(
    daily: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert daily("run", "--stage", "collect").code == 0
    gone = TelegramServer(World(), port=closed_port())
    monkeypatch.setenv("TGSTANCE_SESSION", gone.unsigned_session())
    assert daily("run").code == 75
    assert stages() == {"collect": 75, "score": 0, "report": 0}
    assert sum(int(row["n_scored"]) for row in latest()) == 2


def test_a_model_that_is_missing_ends_the_run_and_leaves_the_report(daily: Run) -> None:
    assert daily("run").code == 0
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    Path("tgstance.toml").write_text(text.replace("[models]", '[models]\nstance = "./gone"'))
    ran = daily("run")
    assert ran.code == 2
    assert "./gone: no such directory" in ran.err
    assert reported() == (today(), [today()])


@pytest.mark.sqlite_only
def test_another_run_at_work_defers_this_one(daily: Run) -> None:
    assert daily("run").code == 0
    with hold(Path("tgstance.sqlite").resolve(), "tgstance collect"):
        ran = daily("run")
    assert ran.code == 75
    assert "another run holds it (tgstance collect, process" in ran.err
    assert reported() == (today(), [today()])


def test_what_is_no_link_is_left_alone(daily: Run) -> None:
    Path("reports/latest").mkdir(parents=True)
    ran = daily("run")
    assert ran.code == 1
    assert "reports/latest: is not a link to a report" in ran.err
    assert list(Path("reports").iterdir()) == [Path("reports/latest")]


def test_what_a_killed_report_left_is_cleared_away(daily: Run) -> None:
    left = Path("reports/.unfinished-2024-11-05")
    left.mkdir(parents=True)
    (left / "stance.csv").write_text("half")
    assert daily("run").code == 0
    assert reported() == (today(), [today()])
    assert len(list(Path("reports").iterdir())) == 2


@pytest.mark.sqlite_only
def test_a_dry_run_says_what_would_be_done_and_touches_nothing(daily: Run) -> None:
    before = listing()
    told = daily("run", "--dry-run")
    assert told.code == 0
    assert (
        told.out.splitlines()[0]
        == "collect: 1 channels from telegram: what is new, at first since 30d"
    )
    assert "there is no archive" in told.out.splitlines()[1]
    assert listing() == before
    assert daily("run", "--stage", "collect").code == 0
    before = listing()
    told = daily("run", "--dry-run", "--stage", "score", "--stage", "report")
    assert told.out == (
        "score: 3 posts that were not read yet, 0 texts without a sentiment, 0 pairs of text and "
        "target without a stance, with embedded\n"
        f"report: by week, as csv, into {Path('reports').resolve()}; the newest there is none\n"
    )
    assert listing() == before


def test_at_the_deadline_it_stops_between_two_pages(daily: Run, world: World) -> None:
    world.add_channel("many_posts").post_many([f"post {number}" for number in range(2_000)])
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    text = text.replace("pace = 0\n", "pace = 0.2\n").replace("@test_news", "@many_posts")
    Path("tgstance.toml").write_text(text)
    ran = daily("run", "--deadline", "2s")
    assert ran.code == 75
    assert "@many_posts: cut off: the next run goes on there" in ran.err
    assert stages() == {"collect": 75}
    assert 0 < count(posts) < 2_000
    Path("tgstance.toml").write_text(text.replace("pace = 0.2\n", "pace = 0\n"))
    assert daily("run", "--stage", "collect").code == 0
    assert count(posts) == 2_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_batch_be_finished(run: Run, number: signal.Signals) -> None:
    rows = [
        {"channel": "a", "message_id": n, "date": "2025-11-03T10:00:00Z", "text": f"Погода {n}"}
        for n in range(1, MANY + 1)
    ]
    Path("many.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    Path("tgstance.toml").write_text('[models]\nbackend = "torch"\n')
    assert run("import", "many.jsonl").code == 0
    process = start("run", "--stage", "score", "--stage", "report")
    wait_until(lambda: scored() > 0, 60)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ending after this batch" in said
    assert 0 < scored() < MANY
    assert recorded()[0] == 130
    assert not Path("reports").exists()
    assert run("score").code == 0
    assert scored() == MANY


def scored() -> int:
    return count(scores)
