"""Opening, migrating and guarding the archive."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime
from errno import EIO
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from collector import archive as archive_module
from collector.archive import COLLECTOR, Archive, Migrations, open_archive
from collector.errors import ArchiveError, ArchiveNameError, ArchiveUnavailableError
from collector.tables import channels, posts

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def second_package(tmp_path: Path) -> Migrations:
    directory = tmp_path / "other % package" / "versions"
    directory.mkdir(parents=True)
    (directory / "0001_notes.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        "revision, down_revision = '0001', None\n"
        "def upgrade():\n"
        "    op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    return Migrations("other", directory)


def pragma(archive: Archive, name: str) -> object:
    with archive.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


@pytest.mark.sqlite_only
def test_sqlite_is_set_up_for_safety(archive: Archive) -> None:
    assert pragma(archive, "journal_mode") == "wal"
    assert pragma(archive, "foreign_keys") == 1
    assert pragma(archive, "busy_timeout") == 30_000
    assert pragma(archive, "synchronous") == 1


def test_foreign_keys_are_enforced(archive: Archive) -> None:
    stray = {"channel_id": 99, "message_id": 1, "date": NOW, "text": "", "source": "import"}
    seen = {"first_seen": NOW, "last_seen": NOW, "text_hash": "0"}
    with pytest.raises(IntegrityError), archive.begin() as connection:
        connection.execute(insert(posts), stray | seen)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "archive.db"
    with open_archive(path) as archive, archive.begin() as connection:
        connection.execute(insert(channels), {"first_seen": NOW, "last_seen": NOW})
        files = list(path.parent.iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_newest_revision_is_alembics_head() -> None:
    script = ScriptDirectory(
        str(COLLECTOR.directory.parent), version_locations=[str(COLLECTOR.directory)]
    )
    assert COLLECTOR.revisions()[-1] == script.get_current_head()


def test_moments_keep_their_zone_and_naive_ones_are_refused(archive: Archive) -> None:
    seen = {"first_seen": NOW, "last_seen": NOW.astimezone()}
    with archive.begin() as connection:
        connection.execute(insert(channels), seen)
        stored = connection.execute(select(channels.c.first_seen, channels.c.last_seen)).one()
        assert tuple(stored) == (NOW, NOW)
        assert stored.last_seen.tzinfo is UTC
        with pytest.raises(StatementError, match="no time zone"):
            connection.execute(insert(channels), seen | {"last_seen": datetime(2025, 1, 1)})  # noqa: DTZ001


@pytest.mark.sqlite_only
def test_a_failed_transaction_leaves_nothing(archive: Archive) -> None:
    def write_and_fail() -> None:
        with archive.begin() as connection:
            connection.execute(insert(channels), {"first_seen": NOW, "last_seen": NOW})
            connection.execute(text("CREATE TABLE half (id INTEGER)"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    with archive.connect() as connection:
        assert connection.execute(select(channels)).all() == []
        query = text("SELECT name FROM sqlite_master WHERE name = 'half'")
        assert connection.execute(query).all() == []


class Interrupting(str):
    """Text at which somebody presses Ctrl-C while the driver is writing it."""

    def __conform__(self, _protocol: object) -> str:
        raise KeyboardInterrupt


@pytest.mark.sqlite_only
def test_an_interrupt_while_writing_leaves_no_lock(archive: Archive) -> None:
    def write(*titles: str) -> None:
        rows = [{"title": title, "first_seen": NOW, "last_seen": NOW} for title in titles]
        with archive.begin() as connection:
            connection.execute(insert(channels), rows)

    # Whoever holds the exception holds the driver's cursor too, through the traceback.
    with pytest.raises(KeyboardInterrupt) as interrupt:
        write("до", Interrupting("здесь"), "после")
    write("потом", "ещё")
    assert "do_executemany" in [entry.name for entry in interrupt.traceback]
    with archive.connect() as connection:
        titles = connection.execute(select(channels.c.title)).scalars().all()
    assert titles == ["потом", "ещё"]


def test_another_packages_tables_live_beside(tmp_path: Path, second_package: Migrations) -> None:
    path = tmp_path / "archive.db"
    with open_archive(path, [COLLECTOR, second_package]) as archive, archive.begin() as connection:
        connection.execute(text("INSERT INTO notes VALUES (7)"))
    with open_archive(path):  # a process that knows the collector only
        pass
    with (
        open_archive(path, [COLLECTOR, second_package]) as archive,
        archive.connect() as connection,
    ):
        assert connection.execute(text("SELECT id FROM notes")).scalars().all() == [7]


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, second_package: Migrations) -> None:
    script = second_package.directory / "0001_notes.py"
    script.write_text(script.read_text() + "    raise SystemExit('no power')\n")
    with pytest.raises(SystemExit):
        open_archive(tmp_path / "archive.db", [COLLECTOR, second_package])
    with sqlite3.connect(tmp_path / "archive.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


def test_an_archive_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with open_archive(path) as archive, archive.begin() as connection:
        connection.execute(text("UPDATE alembic_version_collector SET version_num = '9999'"))
    with pytest.raises(ArchiveError, match=r"newer tgstance.*update tgstance"):
        open_archive(path)


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "browser.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ArchiveNameError, match="another program"):
        open_archive(path)
    assert path.read_bytes() == before


def test_what_cannot_be_an_archive_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear archive, " * 100)
    cases = {
        str(tmp_path / "letter.txt"): "not a SQLite database",
        str(tmp_path): "is a directory",
        "nosuch://host/name": "no driver",
        "sqlite+nosuch:///name": "no driver",
        "://": "not a database URL",
    }
    for location, reason in cases.items():
        with pytest.raises(ArchiveNameError, match=reason) as caught:
            open_archive(location)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
        assert location in str(caught.value)


def test_a_place_where_nothing_can_be_written_is_another_failure(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(ArchiveError, match=r"archive.db: cannot be written \(\w") as caught:
        open_archive(tmp_path / "letter.txt" / "archive.db")
    assert caught.value.exit_code == 1
    assert "Errno" not in str(caught.value)


def test_a_read_only_archive_says_so(tmp_path: Path) -> None:
    open_archive(tmp_path / "archive.db").close()
    url = f"sqlite:///file:{tmp_path}/archive.db?mode=ro&uri=true"
    with (
        open_archive(url) as archive,
        pytest.raises(ArchiveError, match="read-only"),
        archive.begin() as connection,
    ):
        connection.execute(insert(channels), {"first_seen": NOW, "last_seen": NOW})


def test_a_locked_archive_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "LOCK_WAIT_S", 0.05)
    path = tmp_path / "archive.db"
    with (
        open_archive(path) as one,
        open_archive(path) as other,
        one.begin(),
        pytest.raises(ArchiveUnavailableError, match="in use"),
        other.begin(),
    ):
        pass


@pytest.mark.sqlite_only
def test_a_disk_that_fails_is_one_line(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise OSError(EIO, "Input/output error")

    monkeypatch.setattr("shutil.disk_usage", fail)
    with pytest.raises(ArchiveError, match=r"archive\.db: disk I/O error$"), archive.begin():
        raise sqlite3.OperationalError("disk I/O error")


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with open_archive(path) as one, open_archive(path) as other, one.begin() as connection:
        connection.execute(insert(channels), {"first_seen": NOW, "last_seen": NOW})
        with other.connect() as reading:
            assert reading.execute(select(channels)).all() == []


def test_a_wrong_statement_is_not_taken_for_a_broken_archive(archive: Archive) -> None:
    with pytest.raises(IntegrityError), archive.begin() as connection:
        connection.execute(insert(channels), {"telegram_id": 1, "first_seen": None})


def test_a_url_opens_too(tmp_path: Path) -> None:
    with open_archive(f"sqlite:///{tmp_path}/archive.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path}/archive.db")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 0
    engine.dispose()


def test_albums_of_an_older_archive_are_settled(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    versions = tmp_path / "versions"
    versions.mkdir()
    shutil.copy(COLLECTOR.directory / "0001_posts.py", versions)
    album = [(1, ""), (2, "caption"), (3, ""), (30, "")]
    with open_archive(path, [Migrations("collector", versions)]) as old, old.begin() as connection:
        seen = {"first_seen": NOW, "last_seen": NOW}
        connection.execute(insert(channels).values(id=1, title="News", **seen))
        for number, words in album:
            values = {"channel_id": 1, "message_id": number, "date": NOW, "text": words}
            values |= {"grouped_id": 7, "source": "import", "text_hash": "", **seen}
            connection.execute(insert(posts).values(values))
    with open_archive(path) as archive, archive.connect() as connection:
        heads = select(posts.c.message_id, posts.c.album_head).order_by(posts.c.message_id)
        assert connection.execute(heads).all() == [(1, 2), (2, None), (3, 2), (30, None)]


def test_an_archive_that_is_opened_twice_loses_nothing_to_others(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    look = "print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM channels').fetchone())"

    def seen_by_another() -> str:
        command = [sys.executable, "-c", f"import sqlite3, sys; {look}", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with open_archive(path) as archive:
        with open_archive(path):
            pass
        assert seen_by_another() == "(0,)"  # which takes the log away where nobody holds the file
        with archive.begin() as connection:
            connection.execute(insert(channels), {"first_seen": NOW, "last_seen": NOW})
        assert seen_by_another() == "(1,)"
