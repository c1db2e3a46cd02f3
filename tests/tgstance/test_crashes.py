"""What faults do to runs: nothing is lost, nothing is there twice, and the doctor tells.

The slow tests make a few tries of each kind of benchmarks/reliability, whose table is in
docs/reliability.md.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reliability import clocks, room
from benchmarks.reliability.full_disks import fill_disk
from benchmarks.reliability.kills import kill_at_changes, kill_at_random
from benchmarks.reliability.locks import hold_archive
from benchmarks.reliability.many_runs import run_many
from benchmarks.reliability.power_cuts import cut_power
from benchmarks.reliability.read_only import make_read_only
from benchmarks.reliability.replaced_models import other_model, replace_model, swap
from benchmarks.reliability.soak import soak, summary
from benchmarks.reliability.trial import Row
from benchmarks.reliability.wal import tear
from collector.archive import open_archive, open_read_only
from collector.errors import ArchiveError, DeferredError
from collector.post import Channel, Post
from collector.storing import store
from models.engine.setting import EngineSetting
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from tests.tgstance.doctor.examined import ARCHIVE, examine, note_run

Run = Callable[..., Any]

IN_TORCH = EngineSetting(backend="torch", device="cpu")
NOW = datetime(2025, 11, 3, 10, tzinfo=UTC)
needs_room = pytest.mark.skipif(bool(room.why_not()), reason=room.why_not() or "there is room")
needs_clock = pytest.mark.skipif(bool(clocks.why_not()), reason=clocks.why_not() or "it can")


def slow(test: Any) -> Any:
    """Mark tests of whole runs, of which each takes seconds."""
    return pytest.mark.slow(pytest.mark.timeout(600)(test))


def require_well(row: Row, tries: int) -> None:
    """Nothing was lost or twice, every next run completed, and the doctor told the truth."""
    assert row.notes == []
    assert row.tries == tries
    assert (row.posts_lost, row.posts_twice, row.scores_wrong, row.reports_wrong) == (0, 0, 0, 0)
    assert (row.completed, row.truths) == (row.compared, row.asked)
    assert row.compared >= tries


@slow
def test_kill_9_at_random_moments() -> None:
    require_well(kill_at_random(3, seed=3, forked=True), 3)


@slow
def test_kill_9_before_each_change_to_a_file() -> None:
    row = kill_at_changes(seed=3, every=7)
    require_well(row, row.tries)
    assert row.seen["report"] >= 2


@slow
@pytest.mark.parametrize("torn", [False, True])
def test_power_cuts(torn: bool) -> None:
    require_well(cut_power(2, seed=4, torn=torn), 2)


@slow
@needs_room
@pytest.mark.parametrize("stage", ["collect", "score", "publishing", "backup"])
def test_a_full_disk(stage: str) -> None:
    require_well(fill_disk(stage, 1, seed=5), 1)


@slow
@needs_room
@pytest.mark.parametrize("place", ["reports", "archive file"])
def test_a_place_that_cannot_be_written(place: str) -> None:
    require_well(make_read_only(place, 1, seed=6), 1)


@slow
def test_an_archive_that_is_held_for_two_seconds() -> None:
    require_well(hold_archive("a transaction of another program, 2 s", 1, seed=7), 1)


@slow
@needs_clock
def test_a_clock_that_is_moved_back() -> None:
    require_well(clocks.move_clock("back a day", 1, seed=8), 1)


@slow
def test_a_model_that_is_replaced_in_the_middle() -> None:
    require_well(replace_model(2, seed=9), 2)


@slow
def test_many_runs() -> None:
    row = run_many(6, seed=10)
    assert row.tries == 6
    assert row.notes == []


@slow
def test_the_soak_measures(tmp_path: Path) -> None:
    measured = soak(2, 1)
    assert all(one.files > 3 and one.memory > 50 for one in measured)
    assert summary(measured)[-1].startswith("| open files at the end |")


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An archive to which 30 posts were written one by one, and which is open still."""
    path = tmp_path_factory.mktemp("halted") / "archive.db"
    with open_archive(path) as archive:
        channel = Channel(telegram_id=1, username="news")
        for number in range(1, 31):
            post = Post(message_id=number, date=NOW, text=f"пост {number}", source="import")
            with archive.begin() as connection:
                store(connection, channel, [post], seen_at=NOW)
        yield path


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_a_torn_log_loses_no_more_than_its_end(halted: Path, seed: int) -> None:
    copy = halted.with_name("copy.db")
    for end in ("", "-wal", "-shm"):
        shutil.copyfile(f"{halted}{end}", f"{copy}{end}")
    assert tear(copy, Random(seed)) > 0
    with closing(sqlite3.connect(copy)) as database:
        there = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'posts'").fetchall()
        found = database.execute("SELECT message_id FROM posts ORDER BY 1") if there else ()
        numbers = [row[0] for row in found]
        assert numbers == list(range(1, len(numbers) + 1))
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for end in ("", "-wal", "-shm"):
        Path(f"{copy}{end}").unlink(missing_ok=True)


@needs_room
def test_a_full_disk_is_named_whatever_sqlite_calls_it(tmp_path: Path) -> None:
    with room.mounted(tmp_path / "small") as small:
        open_archive(small / "archive.db").close()
        with room.filled(small, 0), pytest.raises(ArchiveError, match="disk is full"):
            open_archive(small / "archive.db").close()
        with (
            room.filled(small, 0),
            open_read_only(small / "archive.db") as archive,
            archive.connect(),
        ):
            pass


@pytest.fixture
def configured(run: Run) -> Run:
    """The command where a configuration says nothing."""
    Path("tgstance.toml").write_text("")
    return run


def test_a_log_that_was_only_begun_keeps_nobody_from_reading(configured: Run, posts: Path) -> None:
    assert configured("import", str(posts)).code == 0
    Path(f"{ARCHIVE}-wal").touch()
    assert "archive" not in examine(configured).checks("wrong")


def test_another_program_that_keeps_the_archive_defers_the_run(
    configured: Run, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configured("import", str(posts)).code == 0
    monkeypatch.setattr("collector.archive.LOCK_WAIT_S", 0.1)
    with closing(sqlite3.connect(ARCHIVE, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        ran = configured("run", "--stage", "report")
    assert ran.code == 75
    assert "is in use by another program; try again later" in ran.err


def test_a_report_that_died_with_its_run_is_not_taken_for_one_at_work(
    configured: Run, posts: Path
) -> None:
    assert configured("import", str(posts)).code == 0
    note_run("report", timedelta(minutes=2), None)
    assert examine(configured)["last report"][1].endswith("is at work"), (
        "a report by itself has no lock"
    )
    note_run("run", timedelta(minutes=1), None)
    note_run("report", timedelta(0), None, part_of="the run")
    found = examine(configured)
    assert found["last report"][1].endswith("did not end: it was killed")
    assert found["last run"][1].endswith("did not end: it was killed")


def test_stages_say_of_which_run_they_are(configured: Run, posts: Path) -> None:
    assert configured("import", str(posts)).code == 0
    assert configured("run", "--stage", "report").code == 0
    with closing(sqlite3.connect(ARCHIVE)) as database:
        query = "SELECT id, json_extract(summary, '$.part_of') FROM runs ORDER BY rowid"
        (_, of_import), (run_id, of_run), (_, of_report) = database.execute(query)
    assert (of_import, of_run, of_report) == (None, None, run_id)


@pytest.fixture
def two_models(tmp_path: Path) -> Path:
    """The directory of a model, beside `other`."""
    other_model(tmp_path / "model", seed=1)
    other_model(tmp_path / "other", seed=2)
    return tmp_path / "model"


def test_no_model_is_taken_for_the_one_that_was_there_before(two_models: Path) -> None:
    name = ModelName(str(two_models))
    name.fingerprint  # noqa: B018 (it is told, and kept)
    swap(two_models, two_models.with_name("other"))
    with pytest.raises(DeferredError, match="was replaced while it was being loaded"):
        load_classifier(name, SENTIMENT, IN_TORCH)
    load_classifier(ModelName(str(two_models)), SENTIMENT, IN_TORCH)


@pytest.mark.slow
def test_no_model_is_exported_as_the_one_that_was_there_before(
    two_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path / "cache"))
    name = ModelName(str(two_models))
    name.fingerprint  # noqa: B018 (as above)
    swap(two_models, two_models.with_name("other"))
    with pytest.raises(DeferredError):
        load_classifier(name, SENTIMENT, EngineSetting(backend="onnx", device="cpu"))
    assert not list((tmp_path / "cache").rglob("*.onnx"))
