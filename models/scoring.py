"""Scores what has no score yet: the sentiment of texts, and their stance toward targets."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert

from collector.archive import Archive
from models.keys import NO_MODEL, model_id, target_ids
from models.labeller import Labeller, Predictions
from models.labels import LABELS
from models.passage import Passage
from models.pending import unscored
from models.tables import NO_TARGET, models, readings, scores
from models.targets import Target

__all__ = ["score"]

_BATCH = 512  # what a killed job loses


def score(
    archive: Archive,
    classifier: Labeller,
    wanted: Sequence[Target],
    on_progress: Callable[[int], None],
) -> int:
    """Score all readings for sentiment, or all mentions of `wanted` for stance; return how many.

    Each batch is one transaction, so an interrupted run goes on where it stopped. `on_progress` is
    called after each with the number of scores it added.
    """
    with archive.begin() as connection:
        model = _register(connection, classifier)
        ids = target_ids(connection, wanted)
    claims = {ids[target] for target in ids if target.is_claim}
    done = 0
    for batch in _unscored(archive, classifier.task, model, list(ids.values())):
        predictions = classifier.predict([_passage(row, claims) for row in batch])
        with archive.begin() as connection:
            connection.execute(insert(scores), _rows(batch, predictions, classifier.task, model))
        done += len(batch)
        on_progress(len(batch))
    return done


def _register(connection: Connection, classifier: Labeller) -> int:
    known = model_id(connection, classifier.name.fingerprint)
    if known != NO_MODEL:
        return known
    row = {
        "fingerprint": classifier.name.fingerprint,
        "name": classifier.name.text,
        "revision": classifier.name.revision,
        "first_used": datetime.now(UTC),
    }
    return int(connection.execute(insert(models).returning(models.c.id), row).scalar_one())


def _unscored(
    archive: Archive, task: str, model: int, ids: Sequence[int]
) -> Iterator[Sequence[Row[Any, Any]]]:
    query = unscored(task, model, ids).limit(_BATCH)
    last = 0
    while True:
        # From the last reading on, included: a batch may have ended between two of its targets.
        with archive.connect() as connection:
            batch = connection.execute(query.where(readings.c.id >= last)).all()
        if not batch:
            return
        last = batch[-1].reading_id
        yield batch


def _passage(row: Row[Any, Any], claims: Collection[int]) -> Passage:
    if row.target_id == NO_TARGET:
        return Passage(row.text, language=row.language)
    return Passage(
        row.text,
        row.target,
        tuple((start, end) for start, end in row.spans),
        claim=row.target_id in claims,
        language=row.language,
    )


def _rows(
    batch: Sequence[Row[Any, Any]], predictions: Predictions, task: str, model: int
) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    best = predictions.probabilities.argmax(axis=1)
    return [
        {
            "model_id": model,
            "task": task,
            "target_id": row.target_id,
            "reading_id": row.reading_id,
            "label": LABELS[task][best[index]],
            "confidence": float(p.max()),
            "p_against": float(p[0]),
            "p_neutral": float(p[1]),
            "p_favor": float(p[2]),
            "truncated": bool(predictions.truncated[index]),
            "scored_at": now,
        }
        for index, (row, p) in enumerate(zip(batch, predictions.probabilities, strict=True))
    ]
