"""What the doctor says of archives that are damaged, foreign, old, open, full or at work."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tgstance.doctor.examined import ARCHIVE, as_nobody, examine, execute, listing
from tgstance.doctor.archive_checks import judge_room
from tgstance.locks import hold

pytestmark = pytest.mark.sqlite_only  # they look at the file

Run = Callable[..., Any]

OF_ITS_CONTENT = ["channels", "flood waits", "coverage", "last run", "newest report"]
MEGABYTE = 1_000_000

WRITE = """
import sqlite3, sys
connection = sqlite3.connect("tgstance.sqlite", isolation_level=None)
connection.execute(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE channels SET title = title || 'x'")
connection.execute("COMMIT")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE channels SET title = 'not committed'")
print("ready", flush=True)
sys.stdin.read()
"""

COME_AND_GO = """
import sqlite3, sys
for number in range(10**9):
    connection = sqlite3.connect("tgstance.sqlite", timeout=30)
    row = (f"{number:08}" * 500, number)
    with connection:
        connection.execute("DELETE FROM names WHERE name IN (SELECT name FROM names LIMIT 3)")
        for part in range(4):
            connection.execute(
                "INSERT INTO names (name, problem, asked_at) VALUES (?, ?, '2025-01-01 00:00:00')",
                (f"{number}-{part}", row[0]),
            )
    connection.close()
    print(number, flush=True)
"""


def assert_no_archive(run: Run, said: str) -> None:
    found = examine(run)
    assert found["archive"][0] == "wrong"
    assert said in found["archive"][1]
    assert set(OF_ITS_CONTENT) <= set(found.checks("skipped"))
    assert found["clock"][0] == "ok"


def test_an_archive_that_is_whole_is_told_so(used: Run) -> None:
    found = examine(used)
    assert found["archive"][:2] == ("ok", str(ARCHIVE.resolve()))
    assert found["archive integrity"][:2] == ("ok", "quick_check and foreign keys")
    assert found["archive migrations"][:2] == ("ok", "no migration is outstanding")
    assert found["archive access"][0] == "ok"
    assert found["archive lock"][:2] == ("ok", "nobody holds it")


def test_what_is_no_database_is_named(run: Run) -> None:
    Path("tgstance.toml").write_text("")
    ARCHIVE.write_bytes(b"garbage " * 1000)
    assert_no_archive(run, "is not an archive (not a SQLite database)")


def test_a_directory_is_no_archive(run: Run) -> None:
    Path("tgstance.toml").write_text("")
    ARCHIVE.mkdir()
    assert_no_archive(run, "tgstance.sqlite")


def test_the_database_of_another_program_is_named(run: Run) -> None:
    Path("tgstance.toml").write_text("")
    execute("CREATE TABLE bookmarks (url)")
    assert_no_archive(run, "is the database of another program")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_damaged(used: Run, share: float) -> None:
    content = ARCHIVE.read_bytes()
    ARCHIVE.write_bytes(content[: int(len(content) * share)])
    found = examine(used)
    assert {"archive", "archive integrity"} & set(found.checks("wrong"))
    assert "restore a backup" in str(found.findings)


def test_a_page_that_was_overwritten_is_damage(used: Run) -> None:
    (root,) = execute("SELECT rootpage FROM sqlite_master WHERE name = 'posts'")[0]
    with ARCHIVE.open("rb+") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    state, said, fix = examine(used)["archive integrity"]
    assert state == "wrong"
    assert "malformed" in said or "is damaged" in said
    assert "restore a backup" in fix


def test_a_row_that_refers_to_nothing_is_damage(used: Run) -> None:
    execute("UPDATE posts SET channel_id = 999 WHERE id = 1")
    state, said, _ = examine(used)["archive integrity"]
    assert state == "wrong"
    assert "a row of posts refers to none of channels" in said


def test_an_index_that_lacks_a_row_is_found_when_thorough(used: Run) -> None:
    with sqlite3.connect(ARCHIVE) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        query = "SELECT sql FROM sqlite_master WHERE name = 'ix_posts_text_hash'"
        (index,) = connection.execute(query).fetchone() or ("",)
    if not index:
        pytest.fail("the test needs an index of posts")
    connection.close()
    execute("DROP INDEX ix_posts_text_hash")
    partial = index + " WHERE message_id > 2"
    execute(partial)
    with sqlite3.connect(ARCHIVE) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        change = "UPDATE sqlite_master SET sql = ? WHERE name = 'ix_posts_text_hash'"
        connection.execute(change, [index])
    connection.close()
    assert examine(used)["archive integrity"][0] == "ok"
    state, said, _ = examine(used, "--quick", "--thorough")["archive integrity"]
    assert state == "wrong"
    assert "ix_posts_text_hash" in said


def test_migrations_that_are_outstanding_are_left_outstanding(used: Run) -> None:
    execute("DELETE FROM alembic_version_reports")
    found = examine(used)
    assert found["archive migrations"] == (
        "warning",
        "migrations are outstanding: reports",
        "tgstance status",
    )
    assert found.code == 0
    assert set(OF_ITS_CONTENT) <= set(found.checks("skipped"))
    assert found["archive integrity"][0] == "ok"
    assert execute("SELECT count(*) FROM alembic_version_reports") == [(0,)]


def test_an_archive_of_a_newer_tgstance_is_wrong(used: Run) -> None:
    execute("UPDATE alembic_version_tgstance SET version_num = '9999'")
    state, said, fix = examine(used)["archive migrations"]
    assert state == "wrong"
    assert "was written by a newer tgstance (tgstance 9999" in said
    assert fix == "pip install --upgrade tgstance"


def test_an_archive_that_others_may_read_is_told_of(used: Run) -> None:
    ARCHIVE.chmod(0o640)
    state, said, fix = examine(used)["archive access"]
    assert (state, said) == ("warning", "others may read it (mode 640)")
    subprocess.run(["sh", "-c", fix], check=True)
    assert examine(used)["archive access"][0] == "ok"


@pytest.mark.parametrize(
    ("size", "free", "log", "state"),
    [
        (10, 1000, 0, "ok"),
        (10, 199, 0, "wrong"),
        (3000, 299, 0, "wrong"),
        (3000, 301, 0, "warning"),
        (3000, 5999, 0, "warning"),
        (3000, 6000, 0, "ok"),
        (10, 1000, 101, "warning"),
    ],
)
def test_the_room_on_the_disk(size: int, free: int, log: int, state: str) -> None:
    sizes = {"free": free * MEGABYTE, "log": log * MEGABYTE}
    verdict = judge_room(Path("/an archive"), size * MEGABYTE, **sizes)
    assert verdict.state == state
    assert f"{free:,}.0 MB free" in verdict.found
    assert bool(verdict.fix) == (state != "ok")


def test_who_holds_the_lock_is_told(used: Run) -> None:
    with hold(ARCHIVE.resolve(), "tgstance collect"):
        state, said, _ = examine(used)["archive lock"]
        assert used("score").code == 75
    assert state == "ok"
    assert said.startswith(f"held by tgstance collect, process {os.getpid()}, since 20")
    assert examine(used)["archive lock"][1] == "nobody holds it"


def test_an_archive_that_another_program_keeps_is_not_to_be_replaced(
    used: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.archive.LOCK_WAIT_S", 0.05)
    with writer("PRAGMA locking_mode = EXCLUSIVE") as process:
        state, said, fix = examine(used)["archive"]
        kept = used("backup", "copy.sqlite")
        process.send_signal(signal.SIGKILL)
    assert state == "wrong"
    assert said == f"{ARCHIVE.resolve()}: is in use by another program; try again later"
    assert fix == "end that program, and run tgstance doctor again"
    assert (kept.code, kept.err) == (75, f"tgstance: {said}\n")


def test_no_lock_is_made(used: Run) -> None:
    for path in Path().glob("*.lock*"):
        path.unlink()
    assert examine(used)["archive lock"][1] == "nobody holds it"
    assert not list(Path().glob("*.lock*"))


def test_while_a_run_writes_the_last_committed_state_is_read(used: Run) -> None:
    with writer() as process:
        found = examine(used)
        assert found.checks("wrong") == []
        assert found["archive integrity"][0] == "ok"
        process.send_signal(signal.SIGKILL)


def test_what_a_killed_run_left_is_read_and_left_as_it_is(used: Run) -> None:
    with writer() as process:
        process.send_signal(signal.SIGKILL)
    assert Path("tgstance.sqlite-wal").stat().st_size
    before = listing()
    found = examine(used)
    assert found.checks("wrong") == []
    assert found["archive integrity"][0] == "ok"
    assert listing() == before
    assert execute("SELECT title FROM channels") == [("Test newsx",)]


def test_a_copy_of_the_files_of_a_power_cut_is_read(used: Run) -> None:
    with writer() as process:
        process.send_signal(signal.SIGKILL)
    Path("tgstance.sqlite-shm").unlink()
    log = Path("tgstance.sqlite-wal").read_bytes()
    told = used("doctor", "--quick")
    assert told.code == 0
    assert "quick_check and foreign keys" in told.out
    assert Path("tgstance.sqlite-wal").read_bytes() == log
    assert execute("SELECT title FROM channels") == [("Test newsx",)]


def test_runs_that_begin_and_end_meanwhile_are_no_damage(used: Run) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COME_AND_GO], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        process.stdout.readline()
        for _ in range(12):
            told = used("doctor", "--quick")
            assert told.code == 0, told.out
    finally:
        process.kill()
        process.communicate()


def test_an_archive_that_cannot_be_written_is_wrong(used: Run) -> None:
    ARCHIVE.chmod(0o400)
    with as_nobody():
        found = examine(used)
        path = ARCHIVE.resolve()
    assert found["archive"][:2] == ("wrong", f"{path}: cannot be written")
    assert found["archive integrity"][0] == "ok"


def test_a_directory_that_cannot_be_written_is_wrong(used: Run) -> None:
    with as_nobody():
        directory = Path.cwd()
        for path in (directory / "reports", directory):
            path.chmod(0o500)
        found = examine(used)
        for path in (directory, directory / "reports"):
            path.chmod(0o700)
    assert found["archive"] == (
        "wrong",
        f"{directory}: cannot be written",
        f"chown or chmod '{directory}'",
    )
    assert found["archive integrity"][0] == "ok"
    assert found["report directory"][:2] == ("wrong", f"{directory}/reports cannot be written")


class writer:  # noqa: N801 (used like a function)
    """A process that has committed one change, and is amid the next; it may begin with another."""

    def __init__(self, first: str = "") -> None:
        self.first = first

    def __enter__(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITE, self.first], stdin=pipe, stdout=pipe, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
