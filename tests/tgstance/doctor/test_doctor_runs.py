"""What the doctor says of what ran: channels, floods, gaps, scores, runs, reports, the clock."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.tgstance.conftest import QUICK
from tests.tgstance.doctor.examined import ARCHIVE, configure, examine, execute, note_run
from tgstance.doctor.case import Case
from tgstance.doctor.run_checks import check_clock_alone
from tgstance.locks import hold
from tgstance.session import Session

Run = Callable[..., Any]
HOUR = timedelta(hours=1)


@pytest.fixture
def collected(ready: Run) -> Run:
    """The command where a channel of a local Telegram was collected."""
    wish("@test_news")
    assert ready("collect").code == 0
    return ready


def wish(*channels: str) -> None:
    names = ", ".join(f'"{name}"' for name in channels)
    Path("tgstance.toml").write_text(f"{QUICK}channels = [{names}]\n", encoding="utf-8")


def ago(**time_: float) -> str:
    return str(datetime.now(UTC).replace(tzinfo=None) - timedelta(**time_))


def test_a_channel_that_was_collected_lately_is_well(collected: Run) -> None:
    found = examine(collected)
    assert found["channels"][0] == "ok"
    assert found["channels"][1].startswith("1 configured, all collected since 20")
    assert found["coverage"][:2] == (
        "ok",
        "100.0% or more of the ids of each channel were asked for",
    )
    assert found["last collect"][0] == "ok"


@pytest.mark.parametrize("name", ["@test_news", "@Test_News", "t.me/s/test_news", "id"])
def test_a_channel_not_collected_for_long_is_wrong(collected: Run, name: str) -> None:
    (number,) = execute("SELECT telegram_id FROM channels")[0]
    wish(str(number) if name == "id" else name)
    execute("UPDATE channels SET collected_at = ?", ago(days=3))
    called = f"id {number}" if name == "id" else "@test_news"
    state, said, fix = examine(collected)["channels"]
    assert (state, said) == ("wrong", f"{called} was last collected 3 days ago")
    assert fix == "tgstance collect; a channel that is gone: edit tgstance.toml"
    assert examine(collected, "--quick", "--stale", "4d")["channels"][0] == "ok"


def test_a_channel_that_was_never_collected_is_told_of(collected: Run) -> None:
    wish("@test_news", "@other_news")
    assert examine(collected)["channels"][:2] == ("warning", "@other_news was never collected")


def test_why_a_channel_failed_is_told(collected: Run) -> None:
    wish("@test_news", "@nobody_here")
    assert collected("collect").code == 3
    state, said, _ = examine(collected)["channels"]
    assert state == "warning"
    assert said.startswith("@nobody_here was never collected (")
    note_run(
        "collect",
        -timedelta(seconds=1),
        3,
        channels={"@test_news": {"ending": "failed", "reason": "private\nnow"}},
    )
    state, said, _ = examine(collected)["channels"]
    assert state == "warning"
    assert "@test_news failed at its last turn (private\nnow); @nobody_here was never" in said
    assert len(collected("doctor", "--quick").out.splitlines()) == 25


def test_of_many_channels_a_few_are_named(collected: Run) -> None:
    wish("@test_news", *(f"@channel_{number}" for number in range(20)))
    said = examine(collected)["channels"][1]
    assert said.endswith("@channel_4 was never collected; and 15 more")


@pytest.mark.every_archive
def test_ids_that_were_never_asked_for_are_told_of(collected: Run) -> None:
    execute("UPDATE channels SET newest_id = newest_id * 2")
    state, said, fix = examine(collected)["coverage"]
    assert (state, said) == ("warning", "never asked for all ids of @test_news 50.0%")
    assert fix == "tgstance collect"


def test_a_wait_that_telegram_asked_for_is_told_of(used: Run) -> None:
    assert examine(used)["flood waits"][:2] == ("ok", "none is pending")
    statement = "INSERT INTO flood_waits VALUES (1, 'messages.getHistory', ?)"
    execute(statement, ago(hours=-2))
    state, said, _ = examine(used)["flood waits"]
    assert state == "warning"
    assert "no messages.getHistory before 20" in said
    execute("UPDATE flood_waits SET not_before = ?", ago(seconds=1))
    assert examine(used)["flood waits"][0] == "ok"


@pytest.mark.every_archive
def test_posts_without_scores_are_counted(used: Run) -> None:
    assert examine(used)["unscored posts"][:2] == ("ok", "nothing waits")
    line = '{"channel": "b", "message_id": 1, "date": "2025-11-03T10:00:00Z", "text": "Новая"}'
    Path("more.jsonl").write_text(line)
    assert used("import", "more.jsonl").code == 0
    assert examine(used)["unscored posts"] == (
        "warning",
        "1 posts that were not read yet",
        "tgstance score",
    )
    execute("DELETE FROM scores")
    said = examine(used)["unscored posts"][1]
    assert "2 texts without a sentiment, 1 pairs of text and target without a stance" in said


@pytest.mark.every_archive
def test_scores_of_another_model_are_counted(used: Run) -> None:
    assert examine(used)["outdated scores"][:2] == ("ok", "all 3 are by the configured models")
    execute("UPDATE models SET fingerprint = 'earlier'")
    found = examine(used)
    assert found["outdated scores"][0] == "ok"
    assert found["outdated scores"][1].startswith("3 by embedded (earlier), which are not")
    assert found["unscored posts"][0] == "warning"


@pytest.mark.parametrize("command", ["collect", "score", "report", "run"])
def test_how_the_last_run_ended_is_told(used: Run, command: str) -> None:
    execute("DELETE FROM runs")
    assert examine(used)[f"last {command}"][:2] == ("ok", "there was none")
    note_run(command, 5 * HOUR)
    assert examine(used)[f"last {command}"][1].endswith("UTC, exit code 0")
    note_run(command, 4 * HOUR, 75, error="Telegram wants no peace")
    state, said, fix = examine(used)[f"last {command}"]
    assert (state, fix) == ("warning", f"tgstance {command}")
    assert said.endswith("UTC, exit code 75 (Telegram wants no peace)")
    note_run(command, 2 * HOUR, None)
    state, said, _ = examine(used)[f"last {command}"]
    assert state == "warning"
    assert said.endswith("did not end: it was killed")


@pytest.mark.sqlite_only  # by its lock
def test_a_run_that_is_at_work_was_not_killed(used: Run) -> None:
    execute("DELETE FROM runs")
    note_run("score", 5 * HOUR, None)
    with hold(ARCHIVE.resolve(), "tgstance run"):
        assert examine(used)["last score"][0] == "warning"
        time.sleep(1)
        note_run("score", timedelta(0), None)
        note_run("run", timedelta(0), None)
        found = examine(used)
        assert found["last score"][1].endswith("UTC, is at work")
        assert found["last run"][0] == "ok"
    assert examine(used)["last score"][1].endswith("did not end: it was killed")


@pytest.mark.sqlite_only  # by its lock
def test_another_command_at_work_hides_no_killed_one(used: Run) -> None:
    with hold(ARCHIVE.resolve(), "tgstance score"):
        time.sleep(1)
        note_run("collect", timedelta(0), None)
        assert examine(used)["last collect"][1].endswith("did not end: it was killed")


def test_no_success_for_long_is_wrong(used: Run) -> None:
    execute("DELETE FROM runs")
    note_run("run", timedelta(days=5))
    note_run("run", HOUR, 1, error="no space left")
    state, said, fix = examine(used)["last run"]
    assert (state, fix) == ("wrong", "tgstance run")
    assert said.endswith("exit code 1 (no space left); the last that went well: 5 days ago")
    assert examine(used, "--quick", "--stale", "1w")["last run"][0] == "warning"
    note_run("run", timedelta(0), 3)
    assert examine(used)["last run"][0] == "warning"


def test_what_never_went_well_is_wrong_after_a_while(used: Run) -> None:
    execute("DELETE FROM runs")
    note_run("collect", HOUR, 1)
    assert examine(used)["last collect"][0] == "warning"
    note_run("collect", timedelta(days=3), 1)
    state, said, _ = examine(used)["last collect"]
    assert state == "wrong"
    assert said.endswith("the last that went well: none")


def test_who_calls_the_stages_by_themselves_misses_no_run(used: Run) -> None:
    note_run("run", timedelta(days=9))
    assert examine(used)["last run"][0] == "wrong"
    for command in ("collect", "score", "report"):
        note_run(command, HOUR)
    assert examine(used)["last run"][0] == "ok"


@pytest.mark.every_archive
def test_a_clock_that_was_moved_back_is_wrong(used: Run) -> None:
    assert examine(used)["clock"][0] == "ok"
    note_run("score", -timedelta(days=1))
    state, said, fix = examine(used)["clock"]
    assert state == "wrong"
    assert "UTC here, and the newest run in the archive is of" in said
    assert fix == "set the clock: timedatectl set-ntp true"
    execute("DELETE FROM runs")
    execute("UPDATE posts SET first_seen = ?", ago(hours=-1))
    assert "the newest post in the archive" in examine(used)["clock"][1]
    assert examine(used)["clock"][0] == "wrong"


def test_a_clock_that_stands_in_the_past_is_wrong() -> None:
    session = Session(Path("tgstance.toml"))
    for year, state in ((1970, "wrong"), (2024, "wrong"), (2025, "ok")):
        case = Case(session, now=datetime(year, 6, 1, tzinfo=UTC))
        assert check_clock_alone(case).state == state


@pytest.mark.every_archive
def test_the_newest_report_is_named_or_missed(used: Run) -> None:
    assert used("report").code == 0
    state, said, _ = examine(used)["newest report"]
    assert state == "ok"
    assert said.startswith(f"{Path('reports').resolve()}, written 20")
    shutil.rmtree("reports")
    state, said, fix = examine(used)["newest report"]
    assert (state, fix) == ("warning", "tgstance report")
    assert said.endswith("is gone")
    execute("DELETE FROM runs")
    assert examine(used)["newest report"][:2] == ("warning", "there is none yet")


def test_a_file_where_reports_are_to_go_is_wrong(used: Run) -> None:
    shutil.rmtree("reports")
    Path("reports").write_text("")
    state, said, fix = examine(used)["report directory"]
    assert (state, said) == ("wrong", f"{Path('reports').resolve()} is a file")
    assert fix == "move it away, or edit tgstance.toml"


def test_a_link_to_a_report_that_is_gone_is_wrong(used: Run) -> None:
    Path("reports/latest").symlink_to("2025-01-01", target_is_directory=True)
    state, said, fix = examine(used)["report directory"]
    assert state == "wrong"
    assert said.endswith("reports/latest points at 2025-01-01, which is gone")
    assert used(*fix.split()[1:]).code == 0
    assert examine(used)["report directory"][0] == "ok"


@pytest.mark.sqlite_only  # by its lock
def test_what_killed_runs_left_beside_reports_is_named(used: Run) -> None:
    assert examine(used)["leftovers"][:2] == ("ok", "none")
    configure(more='[report]\ndirectory = "my reports"\n')
    left = [Path("my reports", name) for name in (".unfinished-2025-11-05", "a/.writing-x")]
    left.append(Path(".writing-backup"))
    young = Path("my reports/.writing-young")
    for path in [*left, young]:
        path.mkdir(parents=True)
        (path / "stance.csv").write_text("half")
    for path in left[1:]:
        os.utime(path, (0, 0))
    with hold(ARCHIVE.resolve(), "tgstance run"):  # which may be writing into the first of them
        assert ".unfinished" not in examine(used)["leftovers"][1]
    state, said, fix = examine(used)["leftovers"]
    assert state == "warning"
    assert all(str(path.resolve()) in said for path in left)
    assert str(young) not in said
    subprocess.run(["sh", "-c", fix], check=True)
    assert young.exists()
    assert examine(used)["leftovers"][0] == "ok"
