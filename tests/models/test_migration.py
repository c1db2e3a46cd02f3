"""An archive that an earlier version of the program scored."""

import shutil
from pathlib import Path

from sqlalchemy import inspect, select, text

from collector.archive import COLLECTOR, Migrations, open_archive
from models.tables import MODELS, readings, scores, text_readings


def test_an_archive_of_the_first_version_keeps_readings_and_scores(tmp_path: Path) -> None:
    shutil.copy(MODELS.directory / "0001_scores.py", tmp_path)
    with (
        open_archive(tmp_path / "archive.db", [COLLECTOR, Migrations("models", tmp_path)]) as old,
        old.begin() as connection,
    ):
        for statement in (
            "INSERT INTO readings VALUES (7, 'hash', 'Погода', 'ru')",
            "INSERT INTO text_readings VALUES ('b', 7, 1), ('a', 7, 1)",
            "INSERT INTO models VALUES (1, 'f', 'm', NULL, '2025')",
            "INSERT INTO scores VALUES (1, 's', 0, 7, 'neutral', 0.5, 0.2, 0.5, 0.3, 0, '2025')",
        ):
            connection.execute(text(statement))
    with (
        open_archive(tmp_path / "archive.db", [COLLECTOR, MODELS]) as archive,
        archive.connect() as connection,
    ):
        assert connection.execute(select(text_readings)).all() == [("a", 7, 1), ("b", 7, 1)]
        (reading,) = connection.execute(select(readings)).all()
        assert reading == (7, "hash", "Погода", "ru", None)
        assert connection.execute(select(scores.c.reading_id, scores.c.label)).all() == [
            (7, "neutral")
        ]
        assert not [
            name for name in inspect(connection).get_table_names() if name.endswith("by_row")
        ]
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
