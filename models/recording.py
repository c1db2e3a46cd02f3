"""Writes scores into the archive, with what they were made by."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Insert, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from collector.archive import Archive
from models.keys import register_model
from models.labeller import Predictions
from models.labels import LABELS
from models.model_name import ModelName
from models.tables import engines, scores

__all__ = ["Pair", "Recorder"]

Pair = tuple[int, int]  # the ids of a reading and of a target


class Recorder:
    """Writes what one model says for one task; `model` is its id in the archive."""

    def __init__(self, archive: Archive, name: ModelName, task: str) -> None:
        self._archive = archive
        self._task = task
        self._engines: dict[str, int] = {}
        with archive.begin() as connection:
            self.model = register_model(connection, name)

    def write(self, pairs: Sequence[Pair], predictions: Predictions, backend: str) -> int:
        """Write n scores in one transaction; return how many of them the archive lacked.

        A score that is there already stays as it is. `backend` describes what the model ran on.
        """
        if not pairs:
            return 0
        with self._archive.begin() as connection:
            engine = self._engine(connection, backend)
            rows = self._rows(pairs, predictions, engine)
            return connection.execute(_insert_missing(connection), rows).rowcount

    def _engine(self, connection: Connection, backend: str) -> int:
        """Return under which number the archive keeps the model on a backend."""
        if backend not in self._engines:
            row = {"model_id": self.model, "description": backend}
            same = [engines.c[column] == value for column, value in row.items()]
            known = connection.scalar(select(engines.c.id).where(*same))
            if known is None:
                new = insert(engines).returning(engines.c.id)
                known = connection.execute(new, row).scalar_one()
            self._engines[backend] = int(known)
        return self._engines[backend]

    def _rows(
        self, pairs: Sequence[Pair], predictions: Predictions, engine: int
    ) -> list[dict[str, Any]]:
        common = {
            "model_id": self.model,
            "engine_id": engine,
            "task": self._task,
            "scored_at": datetime.now(UTC),
        }
        labels = [LABELS[self._task][best] for best in predictions.probabilities.argmax(axis=1)]
        told = zip(pairs, labels, predictions.probabilities, predictions.truncated, strict=True)
        return [
            common
            | {
                "target_id": target,
                "reading_id": reading,
                "label": label,
                "confidence": float(p.max()),
                "p_against": float(p[0]),
                "p_neutral": float(p[1]),
                "p_favor": float(p[2]),
                "truncated": bool(truncated),
            }
            for (reading, target), label, p, truncated in told
        ]


def _insert_missing(connection: Connection) -> Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(scores).on_conflict_do_nothing()
    return sqlite.insert(scores).on_conflict_do_nothing()
