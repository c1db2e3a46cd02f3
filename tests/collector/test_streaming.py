"""A file larger than memory is no trouble."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.collector.archived import message, row

IMPORT = r"""
import re, sys
from pathlib import Path
from collector.archive import open_archive
from collector.importing import import_file
with open_archive(sys.argv[1]) as archive:
    result = import_file(archive, Path(sys.argv[2]), on_problem=print)
# Not getrusage: its peak includes that of the process which started this one.
peak_kb = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(result.read, int(peak_kb) // 1024)
"""
TEXT = "слово " * 500  # 5.5 kB
POSTS = 10_000


def export() -> Iterator[str]:
    """An export of about 110 MB."""
    yield '{\n "name": "Канал",\n "type": "private_channel",\n "id": 5,\n "messages": [\n'
    entities = [{"type": "plain", "text": TEXT}]
    for number in range(1, POSTS + 1):
        one = message(number, TEXT, text_entities=entities)
        yield json.dumps(one, ensure_ascii=False, indent=1) + (",\n" if number < POSTS else "\n")
    yield " ]\n}\n"


def minified() -> Iterator[str]:
    """The same without a line break anywhere."""
    return (part.replace("\n", "") for part in export())


def table() -> Iterator[str]:
    """JSON lines."""
    return (json.dumps(row(n, TEXT), ensure_ascii=False) + "\n" for n in range(1, POSTS + 1))


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak memory")
@pytest.mark.parametrize("form", [export, minified, table])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, form: Callable[[], Iterator[str]]
) -> None:
    path = tmp_path / "posts"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(form())
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, tmp_path / "archive.db", path],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    read, peak_mb = map(int, done.stdout.split())
    assert read == POSTS
    assert peak_mb < 200
