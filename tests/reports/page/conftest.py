"""A page made from posts whose labels their own words set."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from collector.archive import Archive
from collector.importing import import_file
from collector.tables import posts
from models.keys import target_ids
from models.labels import LABELS, SENTIMENT, STANCE
from models.preparing import find_mentions, store_readings
from models.tables import NO_TARGET, mentions, models, readings, scores
from models.targets import Target
from reports.figures import sentiment_figures, stance_figures
from reports.page.facts import Event, PageFacts
from reports.page.rendering import page
from reports.selection import Period, ScoredBy, Selection

TARGETS = (Target("Трамп"), Target("санкции"))
MODEL = ScoredBy("test-model", "f" * 16)
FACTS = PageFacts(
    created=datetime(2025, 12, 1, 9, 30, tzinfo=UTC),
    run_id="20251201T093000Z-abcd",
    versions={"tgstance": "0.1.0"},
    events=(Event(date(2025, 11, 12), "Vote"),),
)

Write = Callable[..., str]


@pytest.fixture
def write(archive: Archive, tmp_path: Path) -> Write:
    """Return a function that makes the page of some posts; a row is a dict of columns.

    A post with the word ЗА is in favor and positive, one with ПРОТИВ against and negative, one with
    НЕЯСНО abstained, any other neutral; `change` may alter the figures of stance before.
    """

    def write(
        rows: list[dict[str, Any]],
        *,
        targets: tuple[Target, ...] = TARGETS,
        facts: PageFacts = FACTS,
        change: Callable[[Any], Any] = lambda stance: stance,
        **selection: Any,
    ) -> str:
        if rows:
            _put(archive, tmp_path / "posts.jsonl", rows)
        find_mentions(archive, targets)
        with archive.begin() as connection:
            _score(connection, targets)
        settings = {"period": Period.ALL, "minimum": 2, "run_id": FACTS.run_id, **selection}
        chosen = Selection(targets=targets, stance=MODEL, sentiment=MODEL, **settings)
        with archive.connect() as connection:
            stance = change(stance_figures(connection, chosen))
            return page(connection, chosen, stance, sentiment_figures(connection, chosen), facts)

    return write


def _put(archive: Archive, path: Path, rows: list[dict[str, Any]]) -> None:
    defaults = {"channel": "@news", "title": "News", "date": "2025-11-05T10:00:00Z"}
    lines = [
        json.dumps({"message_id": number, **defaults, **row, "permalink": None})
        for number, row in enumerate(rows, start=1)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    problems: list[Any] = []
    import_file(archive, path, on_problem=problems.append)
    assert not problems
    store_readings(archive)
    # An import refuses addresses that are none; an archive might have got one in another way.
    with archive.begin() as connection:
        for number, row in enumerate(rows, start=1):
            if "permalink" in row:
                this = posts.c.message_id == row.get("message_id", number)
                connection.execute(update(posts).where(this).values(permalink=row["permalink"]))


def _score(connection: Connection, targets: tuple[Target, ...]) -> None:
    connection.execute(
        insert(models).values(
            id=1, fingerprint=MODEL.fingerprint, name="m", first_used=datetime.now(UTC)
        )
    )
    numbers = target_ids(connection, targets).values()
    pairs = connection.execute(
        select(readings.c.text, mentions.c.reading_id, mentions.c.target_id)
        .join(mentions, mentions.c.reading_id == readings.c.id)
        .where(mentions.c.target_id.in_(numbers))
    )
    rows = [_row(STANCE, *pair) for pair in pairs]
    moods = connection.execute(select(readings.c.text, readings.c.id))
    rows += [_row(SENTIMENT, *mood, NO_TARGET) for mood in moods]
    if rows:
        connection.execute(insert(scores), rows)


def _row(task: str, text: str, reading_id: int, target_id: int) -> dict[str, Any]:
    minus, neutral, plus = LABELS[task]
    label = plus if "ЗА" in text else minus if "ПРОТИВ" in text else neutral
    # The longer of two posts is the surer one, so that tests can tell which come first.
    confidence = 0.4 if "НЕЯСНО" in text else 0.8 + min(len(text), 1000) / 10_000
    rest = (1 - confidence) / 2
    return {
        "model_id": 1,
        "task": task,
        "target_id": target_id,
        "reading_id": reading_id,
        "label": label,
        "confidence": confidence,
        "p_against": confidence if label == minus else rest,
        "p_neutral": confidence if label == neutral else rest,
        "p_favor": confidence if label == plus else rest,
        "truncated": False,
        "scored_at": datetime.now(UTC),
    }
