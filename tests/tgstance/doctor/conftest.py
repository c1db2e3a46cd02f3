"""Installations to be examined."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tgstance.asked import move_in
from tests.tgstance.doctor.examined import configure
from tests.tgstance.started import TGSTANCE

POSTS = """\
channel,title,message_id,date,text
@test_news,Test news,1,2025-11-03T10:00:00Z,Трамп победил
@test_news,Test news,2,2025-11-04T10:00:00Z,Погода: дождь
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory where posts were imported, labelled and reported."""
    directory = tmp_path_factory.mktemp("finished")
    configure(directory)
    (directory / "posts.csv").write_text(POSTS, encoding="utf-8")
    for arguments in (["import", "posts.csv"], ["score"], ["report"]):
        subprocess.run([TGSTANCE, "-q", *arguments], cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture
def used(run: Callable[..., Any], finished: Path) -> Callable[..., Any]:
    """The command in a copy of such a directory."""
    shutil.copytree(finished, Path.cwd(), dirs_exist_ok=True)
    move_in()
    return run
