"""What the doctor says of an archive on a PostgreSQL server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, make_url

from collector.advisory_locks import ARCHIVE
from collector.archive import open_archive
from tests.tgstance.doctor.examined import configure, examine
from tgstance.runs import runs
from tgstance.session import all_packages

Run = Callable[..., Any]


def test_an_archive_on_a_server_is_looked_at_as_far_as_it_can_be(
    run: Run, posts: Path, database: str
) -> None:
    configure()
    there = ("--archive", database)
    assert run(*there, "import", str(posts)).code == 0
    found = examine(run, before=there)
    assert found.checks("skipped") == ["archive integrity", "archive access"]
    assert found.checks("wrong") == []
    assert found["archive"][1].startswith("postgresql+psycopg://")
    assert found["archive migrations"][1] == "no migration is outstanding"
    assert found["archive room"][1].endswith(" MB; the disk is kept by the database server")
    assert found["unscored posts"][:2] == ("warning", "4 posts that were not read yet")
    assert found["archive lock"][1] == "nobody holds it"


def test_who_holds_a_lock_of_the_server_is_told(run: Run, database: str) -> None:
    configure()
    row = {"id": "r", "command": "collect", "started_at": datetime.now(UTC) + timedelta(seconds=5)}
    with open_archive(database, all_packages()) as archive:
        archive.introduce("tgstance collect")
        with archive.hold(ARCHIVE, shared=True):
            with archive.begin() as connection:
                values = {**row, "summary": {}, "config": {}, "versions": {}}
                connection.execute(insert(runs).values(**values))
            found = examine(run, before=("--archive", database))
            assert found["archive lock"][1].startswith("held by tgstance collect, process ")
            assert found["last collect"][1].endswith("is at work")
        found = examine(run, before=("--archive", database))
        assert found["archive lock"][1] == "nobody holds it"
        assert found["last collect"][1].endswith("did not end: it was killed")
        with archive.begin() as connection:
            connection.execute(delete(runs))


def test_a_database_without_tables_is_left_without(run: Run, empty_database: str) -> None:
    configure()
    for _ in range(2):
        state, said, fix = examine(run, before=("--archive", empty_database))["archive migrations"]
        assert (state, fix) == ("warning", "tgstance status")
        assert said == "migrations are outstanding: collector, models, reports, tgstance"


def test_a_server_that_refuses_is_wrong_and_no_password_is_shown(run: Run, database: str) -> None:
    configure()
    url = make_url(database).set(database="nowhere", password="open sesame")
    told = run("--archive", url.render_as_string(hide_password=False), "doctor", "--quick")
    assert told.code == 5
    assert "wrong    archive  " in told.out
    assert "see to its server, or correct the location of the archive" in told.out
    assert "sesame" not in told.out + told.err
