"""Files and Telegram fill the same channel: a file's word never stands for Telegram's."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from collector import reading
from collector.archive import Archive
from collector.planning import BEGINNING, Wish
from collector.tables import posts
from tests.collector import archived
from tests.collector.telegram.collected import (
    assert_same,
    change,
    collect,
    coverage_of,
    numbers,
    post_of,
    spans_of,
)
from tests.telegram_server import ServedChannel, TelegramServer, World


@pytest.fixture
def news(world: World) -> ServedChannel:
    news = world.add_channel("news")
    news.post_many([f"post {number}" for number in range(1, 26)])
    return news


def bring(archive: Archive, folder: Path, channel: ServedChannel, *ids: int, **said: Any) -> Path:
    """Import a file of the channel's posts."""
    date = {"date": datetime.now(UTC).isoformat()}
    rows = [archived.row(one, f"file {one}", channel_id=channel.id, **date | said) for one in ids]
    path = folder / "file.jsonl"
    path.write_text(archived.jsonl(rows), encoding="utf-8")
    archived.run(archive, path)
    return path


def test_an_imported_id_that_the_channel_has_not_come_to(
    archive: Archive, news: ServedChannel, session: str, tmp_path: Path
) -> None:
    collect(archive, session, ["news"])
    bring(archive, tmp_path, news, 500)
    collect(archive, session, ["news"])
    assert spans_of(archive, news) == [(1, 25)]
    news.post_many(["new"] * 100)
    change(archive, update(posts).values(date=datetime.now(UTC) - timedelta(days=9)))
    collect(archive, session, ["news"])
    assert numbers(archive, news) == [*range(1, 126), 500]
    assert spans_of(archive, news) == [(1, 125)]


def test_an_import_into_what_was_collected_keeps_the_counts_right(
    archive: Archive, news: ServedChannel, session: str, tmp_path: Path
) -> None:
    news.delete(1, 2, 3, 4)
    collect(archive, session, ["news"])
    bring(archive, tmp_path, news, 1, 2, 3, 4)
    [part] = coverage_of(archive, news)
    assert (part.received, part.deleted, part.unknown) == (25, 0, 0)
    collect(archive, session, ["news"])
    [part] = coverage_of(archive, news)
    assert (part.received, part.deleted, part.unknown) == (21, 4, 0)
    assert_same(archive, news)


@pytest.mark.parametrize("said", [{"edit_date": "2099-01-01T00:00:00Z"}, {"views": 5}])
def test_a_file_from_the_future_does_not_outlive_what_telegram_says(
    archive: Archive, news: ServedChannel, session: str, tmp_path: Path, said: dict[str, Any]
) -> None:
    collect(archive, session, ["news"])
    path = bring(archive, tmp_path, news, 25, **said)
    os.utime(path, (4_000_000_000, 4_000_000_000))
    archived.run(archive, path)
    assert post_of(archive, news, 25)["text"] == "file 25"
    news.update(25, views=99)
    collect(archive, session, ["news"])
    assert_same(archive, news)


def test_posts_that_are_gone_are_asked_for_in_parts(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_SEEN", 100)
    news.skip(1000)
    news.post("the last")
    bring(archive, tmp_path, news, *range(26, 526))
    server.faults.error("GetMessagesRequest", 400, "CHANNEL_PRIVATE", after=3, times=None)
    collect(archive, session, ["news"])
    asked_before = len([post for post in archived.all_posts(archive) if post["deleted_at"]])
    assert 0 < asked_before < 500
    server.faults.clear()
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert coverage_of(archive, news)[0].deleted == 500


def test_what_has_come_is_kept_when_asking_for_the_missing_fails(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    collect(archive, session, ["news"])
    news.delete(20)
    news.post_many(["new"] * 50)
    server.faults.error("GetMessagesRequest", 400, "CHANNEL_PRIVATE", times=None)
    outcomes = collect(archive, session, ["news"], Wish(BEGINNING))
    assert outcomes["@news"].ending.value == "failed"
    assert numbers(archive, news) == list(range(1, 76))
    assert post_of(archive, news, 20)["deleted_at"] is None
    server.faults.clear()
    collect(archive, session, ["news"])
    assert_same(archive, news)
    assert spans_of(archive, news) == [(1, 75)]
