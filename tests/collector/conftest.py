"""An archive in a real file or on a real server, and what the tests ask of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.archive import Archive, open_archive


@pytest.fixture(scope="session")
def new_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that nobody has used: to make one takes longer than most tests."""
    path = tmp_path_factory.mktemp("new") / "archive.db"
    open_archive(path).close()
    return path


@pytest.fixture
def archive(archive_location: str | Path, new_archive: Path) -> Iterator[Archive]:
    if isinstance(archive_location, Path):
        shutil.copy(new_archive, archive_location)
    with open_archive(archive_location) as archive:
        yield archive
