"""An archive with posts whose scores the test sets itself."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from collector.archive import COLLECTOR, Archive, open_archive
from collector.importing import import_file
from models.keys import target_ids
from models.labels import LABELS
from models.preparing import find_mentions, store_readings
from models.tables import MODELS, NO_TARGET, models, readings, scores
from models.targets import Target
from reports.annotation.tables import REPORTS
from reports.selection import Period, ScoredBy, Selection

TARGETS = (Target("Трамп"), Target("санкции"))
MODEL = ScoredBy("test-model", "f" * 16)

PACKAGES = [COLLECTOR, MODELS, REPORTS]

Put = Callable[..., None]


@pytest.fixture(scope="session")
def new_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that nobody has used: to make one takes longer than most tests."""
    path = tmp_path_factory.mktemp("new") / "archive.db"
    open_archive(path, PACKAGES).close()
    return path


@pytest.fixture
def archive(archive_location: str | Path, new_archive: Path) -> Iterator[Archive]:
    if isinstance(archive_location, Path):
        shutil.copy(new_archive, archive_location)
    with open_archive(archive_location, PACKAGES) as archive:
        yield archive


@pytest.fixture
def put(archive: Archive, tmp_path: Path) -> Put:
    """Return a function that imports rows and prepares them; a row is a dict of columns."""

    def put(*rows: dict[str, Any]) -> None:
        defaults = {"channel": "@news", "title": "News", "date": "2025-11-05T10:00:00Z"}
        path = tmp_path / "posts.jsonl"
        lines = [
            json.dumps({"message_id": number, **defaults, **row})
            for number, row in enumerate(rows, start=1)
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        problems: list[Any] = []
        import_file(archive, path, on_problem=problems.append)
        assert not problems
        store_readings(archive)
        find_mentions(archive, TARGETS)

    return put


@pytest.fixture
def label(archive: Archive) -> Callable[..., None]:
    """Return a function that gives every text containing a word a stance or sentiment score."""

    def label(word: str, given: str, *, target: str = "", confidence: float = 0.9) -> None:
        task = "stance" if target else "sentiment"
        with archive.begin() as connection:
            ids = {known.name: number for known, number in target_ids(connection, TARGETS).items()}
            rows = connection.execute(select(readings).where(readings.c.text.contains(word))).all()
            if connection.scalar(select(models.c.id)) is None:
                model = {"id": 1, "fingerprint": MODEL.fingerprint, "name": "m"}
                connection.execute(insert(models).values(**model, first_used=datetime.now(UTC)))
            rest = (1 - confidence) / 2
            values = {name: confidence if name == given else rest for name in LABELS[task]}
            columns = dict(zip(("p_against", "p_neutral", "p_favor"), values.values(), strict=True))
            for row in rows:
                connection.execute(
                    insert(scores).values(
                        model_id=1,
                        task=task,
                        target_id=ids[target] if target else NO_TARGET,
                        reading_id=row.id,
                        label=given,
                        confidence=confidence,
                        truncated=False,
                        scored_at=datetime.now(UTC),
                        **columns,
                    )
                )

    return label


@pytest.fixture(scope="session")
def select_report() -> Callable[..., Selection]:
    """Return a maker of selections with a low minimum."""

    def make(**changes: Any) -> Selection:
        defaults: dict[str, Any] = {"period": Period.ALL, "minimum": 1, "run_id": "run-1"}
        return Selection(
            **{"targets": TARGETS, "stance": MODEL, "sentiment": MODEL, **defaults, **changes}
        )

    return make
