"""tgstance backup, as its user sees it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import ConfigError
from tgstance.backup_names import dated, older
from tgstance.locks import hold

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def configured(run: Run) -> None:
    assert run("init").code == 0


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as copy:
        return int(copy.execute("SELECT count(*) FROM posts").fetchone()[0])


def test_a_backup_takes_the_archives_place(run: Run, posts: Path) -> None:
    assert run("--archive", "a.db", "import", str(posts)).code == 0
    done = run("--archive", "a.db", "backup", "copy.db")
    assert (done.code, done.out) == (0, "")
    assert "copy.db: 0.2 MB, checked" in done.err
    assert count(Path("copy.db")) == 4
    assert "4 posts" in run("--archive", "copy.db", "status").out


def test_it_needs_no_lock(run: Run, posts: Path) -> None:
    run("--archive", "a.db", "import", str(posts))
    with hold(Path("a.db").resolve(), "tgstance collect"):
        assert run("--archive", "a.db", "backup", "copy.db").code == 0


def test_a_file_that_is_there_stays(run: Run, posts: Path) -> None:
    run("--archive", "a.db", "import", str(posts))
    Path("copy.db").write_text("precious")
    done = run("--archive", "a.db", "backup", "copy.db")
    assert (done.code, Path("copy.db").read_text()) == (1, "precious")
    assert "--force" in done.err
    assert run("--archive", "a.db", "backup", "--force", "copy.db").code == 0
    assert count(Path("copy.db")) == 4


def test_without_an_archive(run: Run) -> None:
    done = run("--archive", "none.db", "backup", "copy.db")
    assert (done.code, done.err) == (2, "tgstance: none.db: there is no archive\n")
    assert not Path("none.db").exists()


def test_postgresql_has_its_own_program(run: Run) -> None:
    done = run("--archive", "postgresql://me:secret@localhost/posts", "backup", "copy.db")
    assert done.code == 2
    assert "pg_dump" in done.err
    assert "secret" not in done.err


def test_only_older_backups_of_the_pattern_are_deleted(run: Run, posts: Path) -> None:
    run("--archive", "a.db", "import", str(posts))
    kept = ["b-2001-01-03.db", "b-2001-01-04.db"]
    others = ["b-2001-1-1.db", "b-2001-02-30.db", "c-2001-01-01.db", "b-2001-01-01.db.gz"]
    for name in ["b-2001-01-01.db", "b-2001-01-02.db", *kept, *others]:
        Path(name).write_text(name)
    Path("b-1999-01-01.db").mkdir()
    done = run("--archive", "a.db", "backup", "--keep", "3", "b-%Y-%m-%d.db")
    assert done.code == 0
    today = f"b-{datetime.now(UTC):%Y-%m-%d}.db"
    left = {path.name for path in Path().glob("[bc]-*")}
    assert left == {today, *kept, *others, "b-1999-01-01.db"}
    assert done.err.count("deleted") == 2


@pytest.mark.parametrize("pattern", ["copy.db", "b-%m-%d.db", "b-%Y-%d.db", "%Y/b-%Y-%m-%d.db"])
def test_keep_needs_the_date(run: Run, posts: Path, pattern: str) -> None:
    run("--archive", "a.db", "import", str(posts))
    done = run("--archive", "a.db", "backup", "--keep", "2", pattern)
    assert done.code == 2
    assert "--keep" in done.err
    assert not list(Path().glob("b-*")) + list(Path().glob("copy*"))


@pytest.mark.parametrize("pattern", ["100%.db", "%c.db", "%-d.db", "%"])
def test_what_is_no_code_is_named(pattern: str) -> None:
    with pytest.raises(ConfigError, match="is none of %%"):
        dated(Path(pattern), datetime.now(UTC))


DAYS = st.dates(date(1000, 1, 1))


@settings(max_examples=25)
@given(st.lists(DAYS, min_size=1, max_size=6, unique=True), st.integers(1, 7))
def test_the_youngest_are_kept(
    tmp_path_factory: pytest.TempPathFactory, days: list[date], keep: int
) -> None:
    place = tmp_path_factory.mktemp("backups")
    pattern = place / "100%%-%Y%j.db"
    moments = [datetime.combine(day, time(), tzinfo=UTC) for day in days]
    paths = [dated(pattern, moment) for moment in moments]
    for path in paths:
        path.touch()
    gone = older(pattern, paths[0], keep)
    others = sorted(set(paths) - {paths[0]})
    assert sorted(set(paths) - set(gone)) == sorted([paths[0], *others[len(gone) :]])
    assert len(gone) == max(0, len(paths) - keep)
