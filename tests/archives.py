"""Where the archives of tests are: files, and databases of a PostgreSQL server.

Tests marked `every_archive` run on both. With TGSTANCE_TEST_ARCHIVE=postgresql in the environment
all tests of archives run on the server alone, those of the command included, but for those that
are marked `sqlite_only`: they are about the file.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.archive import open_archive
from tests import postgres as servers
from tests.postgres import Postgres
from tgstance.session import all_packages

__all__ = [
    "KIND",
    "archive_kind",
    "archive_location",
    "database",
    "empty_database",
    "kinds_of",
    "postgres",
    "template",
]

SQLITE, POSTGRESQL = "sqlite", "postgresql"
KIND = os.environ.get("TGSTANCE_TEST_ARCHIVE", SQLITE)


def kinds_of(definition: pytest.Function) -> list[str]:
    """Return on which kinds of archive a test is to run."""
    if definition.get_closest_marker("sqlite_only"):
        return [SQLITE]
    return [SQLITE, POSTGRESQL] if definition.get_closest_marker("every_archive") else [KIND]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of this session of tests."""
    found = servers.programs()
    if found is None:
        pytest.skip(servers.ABSENT)
    with servers.serving(found) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """A database that has all tables and no rows: to copy it is quicker than to make them."""
    name = postgres.create_database()
    open_archive(postgres.url(name), all_packages()).close()
    return name


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The URL of a database without any table."""
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of an empty archive."""
    name = postgres.create_database(template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def archive_kind() -> str:
    """Overridden by the parameter of a test that runs on several."""
    return KIND


@pytest.fixture
def archive_location(
    archive_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> str | Path:
    """Where the archive of a test is to be."""
    if archive_kind == SQLITE:
        return tmp_path / "archive.db"
    location: str = request.getfixturevalue("database")
    return location
