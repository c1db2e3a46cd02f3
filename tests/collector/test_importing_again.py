"""What a second import changes: the same file, a newer or older one, one after a kill."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.archive import Archive, open_archive
from collector.importing import ImportResult
from tests.collector.archived import (
    all_channels,
    all_posts,
    chat,
    desktop,
    dump,
    jsonl,
    message,
    row,
    run,
    texts,
    versions,
    write,
)

KILLED_AFTER_ONE_BATCH = """
import os, signal, sys
from pathlib import Path
from collector.archive import open_archive
from collector.importing import import_file
with open_archive(sys.argv[1]) as archive:
    import_file(archive, Path(sys.argv[2]), on_problem=print,
                on_progress=lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_the_same_file_twice_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    export = chat(
        message(1, "раз", reactions=[{"type": "emoji", "emoji": "👍", "count": 2}]),
        message(2, "два", edited_unixtime="1730470000"),
        message(2, "два, но прежде"),
        message(3, "без правок"),
        message(3, "то же число, другие слова"),
    )
    path = write(tmp_path / "result.json", desktop(export))
    run(archive, path)
    before = dump(archive)
    result, _ = run(archive, path)
    assert dump(archive) == before
    assert (result.new, result.updated, result.unchanged) == (0, 0, 5)


@pytest.mark.parametrize("order", ["old first", "new first"])
def test_edits_are_followed_in_whatever_order_exports_come(
    archive: Archive, tmp_path: Path, order: str
) -> None:
    like = [{"type": "emoji", "emoji": "👍", "count": 1}]
    old = chat(message(1, "было", reactions=like), message(2, "как всегда"), name="Раньше")
    new = chat(
        message(1, "стало", edited_unixtime="1730470000"), message(2, "как всегда"), name="Теперь"
    )
    paths = [
        write(tmp_path / "old.json", desktop(old), day=1),
        write(tmp_path / "new.json", desktop(new), day=2),
    ]
    for path in paths if order == "old first" else reversed(paths):
        run(archive, path)
    assert texts(archive) == ["стало", "как всегда"]
    assert versions(archive) == ["было"]
    first, second = all_posts(archive)
    assert first["edit_date"] == datetime.fromtimestamp(1730470000, UTC)
    assert second["first_seen"] == datetime(2025, 1, 1, tzinfo=UTC)
    assert second["last_seen"] == datetime(2025, 1, 2, tzinfo=UTC)
    (channel,) = all_channels(archive)
    assert channel["title"] == "Теперь"


def test_a_text_of_an_older_file_is_kept_and_counted(archive: Archive, tmp_path: Path) -> None:
    newer = write(tmp_path / "newer.jsonl", jsonl([row(1, "сейчас"), row(2)]), day=2)
    older = write(tmp_path / "older.jsonl", jsonl([row(1, "раньше"), row(2), row(3)]), day=1)
    run(archive, newer)
    result, _ = run(archive, older)
    assert result == ImportResult(read=3, new=1, unchanged=1, older=1, channels=1)
    assert (texts(archive), versions(archive)) == (["сейчас", "слово", "слово"], ["раньше"])
    assert run(archive, older)[0] == ImportResult(read=3, unchanged=3, channels=1)


def test_a_renamed_channel_is_one_and_two_of_one_title_are_two(
    archive: Archive, tmp_path: Path
) -> None:
    for day, (name, key) in enumerate([("Старое имя", 1), ("Новое имя", 1), ("Новое имя", 2)], 1):
        export = chat(message(1), name=name, id=key)
        run(archive, write(tmp_path / f"{day}.json", desktop(export), day=day))
    assert [(row["telegram_id"], row["title"]) for row in all_channels(archive)] == [
        (1, "Новое имя"),
        (2, "Новое имя"),
    ]


def test_an_import_that_is_killed_can_be_repeated(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.jsonl", jsonl(row(n, f"пост {n}") for n in range(1, 3001)))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_ONE_BATCH, tmp_path / "killed.db", path],
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL
    with open_archive(tmp_path / "killed.db") as archive, open_archive(tmp_path / "b.db") as whole:
        assert len(all_posts(archive)) == 1000
        result, _ = run(archive, path)
        assert (result.new, result.unchanged) == (2000, 1000)
        run(whole, path)
        assert dump(archive) == dump(whole)
