"""An archive in a real file, and what the tests ask of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.archive import Archive, open_archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path / "archive.db") as archive:
        yield archive
