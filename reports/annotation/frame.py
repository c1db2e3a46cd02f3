"""What a gold sample is drawn from: every scored text of a channel that mentions a target."""

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, select

from collector.tables import posts
from models.keys import model_id, target_ids
from models.labels import LABELS, STANCE
from models.tables import readings, scores, text_readings
from reports.selection import Selection

__all__ = ["ABSTAINED", "KEY", "PREDICTED", "frame"]

ABSTAINED = "abstained"
PREDICTED = (*LABELS[STANCE], ABSTAINED)  # a unit's `predicted` is a position in this
KEY = ["channel_id", "target_id", "reading_id"]

_COLUMNS = [*KEY, "post_id", "predicted"]
_ROWS_AT_ONCE = 50_000  # a row takes some 500 bytes until it is in a frame


def frame(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return the units, one a row, ordered by `KEY`; all columns are int64.

    A unit is a distinct text (reading) in a channel about a target, within the report's selection
    and scored by its stance model. `post_id` is the first stored post that has the text,
    `predicted` the position of its label in `PREDICTED`.
    """
    result = connection.execute(
        _units(connection, selection).execution_options(yield_per=_ROWS_AT_ONCE)
    )
    parts = [np.array(part, dtype=np.int64) for part in result.partitions()]
    rows = np.concatenate(parts) if parts else np.empty((0, len(_COLUMNS)), dtype=np.int64)
    order = np.lexsort(rows.T[len(KEY) - 1 :: -1])  # the last key it is given counts first
    return pd.DataFrame(rows[order], columns=_COLUMNS)


def _units(connection: Connection, selection: Selection) -> Select[tuple[int, ...]]:
    texts = _texts(connection, selection)
    targets = target_ids(connection, selection.targets).values()
    return (
        select(
            *(texts.c.channel_id, scores.c.target_id, texts.c.reading_id, texts.c.post_id),
            _predicted(selection),
        )
        .join_from(texts, scores, scores.c.reading_id == texts.c.reading_id)
        .where(
            scores.c.model_id == model_id(connection, selection.stance.fingerprint),
            scores.c.task == STANCE,
            # A sum has no index: that leaves the one with the labels of all targets of a text.
            (scores.c.target_id + 0).in_(targets),
        )
    )


def _texts(connection: Connection, selection: Selection) -> Subquery:
    """Select the distinct texts of each channel: channel_id, reading_id, post_id."""
    chosen, _ = selection.channel_ids(connection)
    text = (posts.c.channel_id, text_readings.c.reading_id)
    return (
        select(*text, func.min(posts.c.id).label("post_id"))
        .join_from(posts, text_readings, text_readings.c.text_hash == posts.c.text_hash)
        .join(readings, readings.c.id == text_readings.c.reading_id)
        .where(selection.conditions(chosen), readings.c.text != "")  # "": it was dropped
        .group_by(*text)
        .subquery()
    )


def _predicted(selection: Selection) -> ColumnElement[int]:
    sure = [(scores.c.label == label, PREDICTED.index(label)) for label in LABELS[STANCE]]
    unsure = scores.c.confidence < selection.abstain_below
    return case((unsure, PREDICTED.index(ABSTAINED)), *sure)
