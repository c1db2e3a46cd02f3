"""Copies of an archive: one state of it, checked, or no file at all."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from errno import EINVAL
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from collector.archive import Archive, open_archive
from collector.backing_up import back_up
from collector.errors import ArchiveError, ArchiveNameError, ConfigError, OutputError
from collector.tables import channels
from tests.collector.archived import all_posts, jsonl, row, run, write

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def rows(count: int, text: str = "слово") -> str:
    return jsonl(row(number, f"{text} {number}") for number in range(1, count + 1))


def test_a_copy_is_the_same_archive(archive: Archive, place: Path, tmp_path: Path) -> None:
    run(archive, write(tmp_path / "posts.jsonl", rows(50)))
    made = back_up(place, tmp_path / "new" / "copy.db")
    assert made.path == tmp_path / "new" / "copy.db"
    assert made.size == made.path.stat().st_size
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in made.path.parent.iterdir()) == ["copy.db"]
    with open_archive(made.path) as copy:
        assert all_posts(copy) == all_posts(archive)
        with copy.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert mode == "wal"


def test_one_moment_while_others_write(archive: Archive, place: Path, tmp_path: Path) -> None:
    """A writer keeps two columns equal in each transaction; no copy may see them differ."""
    run(archive, write(tmp_path / "posts.jsonl", rows(2000, "длинное слово " * 30)))
    with archive.begin() as connection:
        connection.execute(update(channels).values(participants=0, newest_id=0))
    stop, written = threading.Event(), 0

    def keep_writing() -> None:
        nonlocal written
        with open_archive(place) as other:
            while not stop.is_set():
                written += 1
                with other.begin() as connection:
                    connection.execute(update(channels).values(participants=written))
                    connection.execute(update(channels).values(newest_id=written))

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for number in range(5):
            before = written
            made = back_up(place, tmp_path / f"{number}.db", on_progress=lambda *_: None)
            with closing(sqlite3.connect(made.path)) as copy:
                pair = copy.execute("SELECT participants, newest_id FROM channels").fetchone()
                assert copy.execute("SELECT count(*) FROM posts").fetchone() == (2000,)
            assert pair[0] == pair[1] >= before - 1
    finally:
        stop.set()
        writer.join()
    assert written > 5


def test_what_is_only_in_the_log_is_copied(archive: Archive, place: Path, tmp_path: Path) -> None:
    with archive.connect() as reading:  # keeps the log from being written back
        reading.exec_driver_sql("SELECT count(*) FROM posts").scalar()
        run(archive, write(tmp_path / "posts.jsonl", rows(20)))
        assert (tmp_path / "archive.db-wal").stat().st_size > 0
        made = back_up(place, tmp_path / "copy.db")
    with open_archive(made.path) as copy:
        assert len(all_posts(copy)) == 20


def test_an_archive_of_an_older_program_is_copied_as_it_is(
    archive: Archive, place: Path, tmp_path: Path
) -> None:
    with archive.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version_collector SET version_num = '0001'")
    made = back_up(place, tmp_path / "copy.db")
    with closing(sqlite3.connect(made.path)) as copy:
        version = copy.execute("SELECT version_num FROM alembic_version_collector").fetchone()
    assert version == ("0001",)


def test_a_file_is_replaced_only_when_told(archive: Archive, place: Path, tmp_path: Path) -> None:
    there = tmp_path / "copy.db"
    there.write_text("precious")
    with pytest.raises(OutputError, match="is there already"):
        back_up(place, there)
    assert there.read_text() == "precious"
    back_up(place, there, replace=True)
    with open_archive(there) as copy:
        assert all_posts(copy) == []


@pytest.mark.parametrize(
    "name", ["archive.db", "link.db", "hard.db", "archive.db-wal", "archive.db.lock"]
)
def test_the_archive_itself_is_never_replaced(
    archive: Archive, place: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "link.db").symlink_to(place)
    os.link(place, tmp_path / "hard.db")
    with pytest.raises(OutputError, match="belongs to the archive itself"):
        back_up(place, tmp_path / name, replace=True)
    assert all_posts(archive) == []


def test_where_no_backup_can_be(archive: Archive, place: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="is a directory; name a file in it"):
        back_up(place, tmp_path / "folder", replace=True)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="the backup cannot be written"):
        back_up(place, tmp_path / "file" / "copy.db")
    with pytest.raises(ArchiveNameError, match="there is no archive"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    with pytest.raises(ConfigError, match="pg_dump"):
        back_up("postgresql://somebody:secret@localhost/posts", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_archive_makes_no_backup(archive: Archive, place: Path, tmp_path: Path) -> None:
    run(archive, write(tmp_path / "posts.jsonl", rows(500)))
    archive.close()
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'posts'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with place.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xff" * size)
    with pytest.raises(ArchiveError, match=r"damaged|malformed"):
        back_up(place, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".writing-*"))


def test_another_programs_database_is_no_archive(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    with pytest.raises(ArchiveNameError, match="another program"):
        back_up(tmp_path / "other.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


FULL = """
import resource, sys
from pathlib import Path
from collector.backing_up import back_up
from collector.errors import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    back_up(sys.argv[1], Path(sys.argv[2]), replace=True)
except OutputError as error:
    print(error)
"""


def test_a_full_disk_leaves_what_was_there(archive: Archive, place: Path, tmp_path: Path) -> None:
    run(archive, write(tmp_path / "posts.jsonl", rows(500)))
    archive.close()
    (tmp_path / "copy.db").write_text("the earlier one")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(place), str(tmp_path / "copy.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "copy.db: " in done.stdout
    assert done.stdout.endswith("there is no backup\n")
    assert (tmp_path / "copy.db").read_text() == "the earlier one"
    assert not list(tmp_path.glob(".writing-*"))


def test_a_disk_that_syncs_no_directories_will_do(
    archive: Archive, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    assert back_up(place, tmp_path / "copy.db").size


def test_an_interrupt_leaves_nothing(archive: Archive, place: Path, tmp_path: Path) -> None:
    run(archive, write(tmp_path / "posts.jsonl", rows(50)))

    def interrupt(_done: int, _pages: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(place, tmp_path / "copy.db", on_progress=interrupt)
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".writing-*"))
    with archive.begin() as connection:  # nothing holds it any more
        connection.execute(
            insert(channels).values(
                title="x",
                first_seen=all_posts(archive)[0]["date"],
                last_seen=all_posts(archive)[0]["date"],
            )
        )
