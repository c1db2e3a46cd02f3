"""An archive in a real file, and what the tests ask of it."""

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
def archive(tmp_path: Path, new_archive: Path) -> Iterator[Archive]:
    shutil.copy(new_archive, tmp_path / "archive.db")
    with open_archive(tmp_path / "archive.db") as archive:
        yield archive
