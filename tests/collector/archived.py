"""What the tests write as files, and read back from an archive."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from collector.archive import Archive
from collector.importing import ImportOptions, ImportResult, Problem, import_file
from collector.tables import channels, coverage, post_versions, posts

Rows = list[dict[str, Any]]


def dump(archive: Archive) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the archive, by table."""
    with archive.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by("id"))]
            for table in (channels, posts, post_versions, coverage)
        }


def all_posts(archive: Archive) -> Rows:
    with archive.connect() as connection:
        rows = connection.execute(select(posts).order_by(posts.c.channel_id, posts.c.message_id))
        return [dict(row) for row in rows.mappings()]


def texts(archive: Archive) -> list[str]:
    return [post["text"] for post in all_posts(archive)]


def all_channels(archive: Archive) -> Rows:
    with archive.connect() as connection:
        rows = connection.execute(select(channels).order_by(channels.c.id))
        return [dict(row) for row in rows.mappings()]


def versions(archive: Archive) -> list[str]:
    """What edited posts said before, in the order in which the archive learned of it."""
    with archive.connect() as connection:
        return list(
            connection.execute(select(post_versions.c.text).order_by(post_versions.c.id)).scalars()
        )


def write(path: Path, data: str | bytes, *, day: int = 1) -> Path:
    """Write a file as of a day of January 2025."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    moment = datetime(2025, 1, day, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return path


def jsonl(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def row(message_id: Any = 1, text: Any = "слово", **fields: Any) -> dict[str, Any]:
    """A row of JSON lines."""
    required = {"message_id": message_id, "date": "2024-11-01T12:00:00+00:00", "text": text}
    return required | {"channel_id": -1001234567890} | fields


def message(message_id: int = 1, text: Any = "слово", **fields: Any) -> dict[str, Any]:
    """A message of a Telegram Desktop export."""
    return {
        "id": message_id,
        "type": "message",
        "date": "2024-11-01T14:00:00",
        "date_unixtime": "1730462400",
        "from": "Канал",
        "from_id": "channel1234567890",
        "text": text,
        "text_entities": [{"type": "plain", "text": "слово"}],
    } | fields


def chat(*messages: Any, **header: Any) -> dict[str, Any]:
    """An export of one chat."""
    named = {"name": "Канал", "type": "public_channel", "id": 1234567890} | header
    return named | {"messages": list(messages)}


def desktop(export: dict[str, Any]) -> str:
    """An export as Telegram Desktop lays it out."""
    return json.dumps(export, ensure_ascii=False, indent=1)


def run(archive: Archive, path: Path, **options: Any) -> tuple[ImportResult, list[Problem]]:
    """Import a file; return what became of it, and its problems."""
    problems: list[Problem] = []
    chosen = ImportOptions(**options)
    return import_file(archive, path, options=chosen, on_problem=problems.append), problems
