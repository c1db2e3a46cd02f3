"""What people said of some texts, and what the model said of all of them, counted in cells.

A cell is the model's likeliest label with a range of its probability: a model errs less where it
is sure. There are twelve, the first four for against, then neutral, then favor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, case, distinct, func, select

from collector.tables import posts
from models.keys import model_id, target_ids
from models.labels import LABELS, STANCE
from models.tables import mentions, scores, text_readings
from reports.annotation.inclusion import Inclusion
from reports.annotation.labels import FinalLabel, final_labels
from reports.selection import Selection, Words

__all__ = ["CELLS", "PREDICTED", "cell_counts", "cell_of", "gold_texts", "text_counts"]

_LABELS = LABELS[STANCE]
_CONFIDENCES = (0.5, 0.7, 0.9)  # the bounds between the ranges
_RANGES = len(_CONFIDENCES) + 1
_AT_ONCE = 500  # values in one statement
_ROWS_AT_ONCE = 50_000  # a row takes some 500 bytes until it is in a frame

CELLS = len(_LABELS) * _RANGES
PREDICTED = np.arange(CELLS) // _RANGES  # the label of each cell: 0 against, 1 neutral, 2 favor

_NEUTRAL = _LABELS.index("neutral")


def cell_counts(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return how many posts of a report each channel has per day, target and cell.

    Columns: channel_key, day, target, cell, posts. Only scored posts are counted.
    """
    day = {"day": func.date(posts.c.date)}
    counts = _counts(connection, selection, by=day, counted={"posts": func.count()})
    return counts.assign(day=pd.to_datetime(counts["day"]))


def text_counts(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return how many posts and distinct texts each channel has per target and cell.

    Columns: channel_key, target, cell, posts, texts. Counted is the whole archive and not only what
    the report is about: samples draw more from some cells than from others, so that labels tell of
    a channel's errors only beside all the texts that could have been drawn.
    """
    every = replace(selection, since=None, until=None, channels=(), include=Words.ALL)
    counted = {"posts": func.count(), "texts": func.count(distinct(mentions.c.reading_id))}
    return _counts(connection, every, by={}, counted=counted)


def gold_texts(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return a row for each text of a channel whose stance toward a target people have settled.

    Columns: channel_key, target, cell, truth (0 against, 1 neutral, 2 favor) and weight, which is
    the number of the channel's posts with the text over the probability that any sample drew it. A
    post that does not really mention the target takes no side, so it counts as neutral. Texts that
    the report's model has not scored are left out.
    """
    ids = _numbers(connection, selection)
    by_name = {target.name: number for target, number in ids.items()}
    labels = final_labels(connection)
    included = Inclusion(connection, labels)
    units = _units([label for label in labels if label.target in by_name], included)
    found = pd.DataFrame(
        units, columns=["channel_key", "target", "reading_id", "truth", "probability"]
    )
    found["target_id"] = found["target"].map(by_name)
    cells = _cells(connection, selection, found["reading_id"].unique().tolist())
    copies = _copies(connection, found["reading_id"].unique().tolist())
    found = found.merge(cells, on=["reading_id", "target_id"])
    found = found.merge(copies, on=["channel_key", "reading_id"])
    found["weight"] = found["copies"] / found["probability"]
    return found[["channel_key", "target", "cell", "truth", "weight"]]


def cell_of(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the cell of each of n texts by its probabilities, (n, 3)."""
    ranges = np.digitize(probabilities.max(axis=1), _CONFIDENCES)
    return np.asarray(probabilities.argmax(axis=1) * _RANGES + ranges)


def _counts(
    connection: Connection,
    selection: Selection,
    *,
    by: Mapping[str, ColumnElement[Any]],
    counted: Mapping[str, ColumnElement[int]],
) -> pd.DataFrame:
    """Count over the scored posts of a selection by channel, target, cell, and what else is asked.

    The columns of the result bear these names.
    """
    names = {number: target.name for target, number in _numbers(connection, selection).items()}
    chosen, _ = selection.channel_ids(connection)
    place: dict[str, ColumnElement[Any]] = {"channel_key": posts.c.channel_id, **by}
    keys = place | {"target": mentions.c.target_id, "cell": _cell()}
    query = (
        select(*(key.label(name) for name, key in keys.items()), *counted.values())
        .select_from(posts)
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
        .join(mentions, mentions.c.reading_id == text_readings.c.reading_id)
        .join(scores, _score_of_mention(connection, selection))
        .where(mentions.c.target_id.in_(names), selection.conditions(chosen))
        .group_by(*keys)
    )
    result = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    columns = [*keys, *counted]
    parts = [
        pd.DataFrame([tuple(row) for row in part], columns=columns) for part in result.partitions()
    ]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    whole = dict.fromkeys(["channel_key", "cell", *counted], "int64")
    return frame.assign(target=frame["target"].map(names).astype("str")).astype(whole)


def _numbers(connection: Connection, selection: Selection) -> Mapping[Any, int]:
    return target_ids(connection, selection.targets)


def _score_of_mention(connection: Connection, selection: Selection) -> ColumnElement[bool]:
    return and_(
        scores.c.model_id == model_id(connection, selection.stance.fingerprint),
        scores.c.task == STANCE,
        scores.c.target_id == mentions.c.target_id,
        scores.c.reading_id == mentions.c.reading_id,
    )


def _cell() -> ColumnElement[int]:
    label = case({name: number for number, name in enumerate(_LABELS)}, value=scores.c.label)
    ranges = [(scores.c.confidence < bound, place) for place, bound in enumerate(_CONFIDENCES)]
    return label * _RANGES + case(*ranges, else_=len(_CONFIDENCES))


def _units(labels: Sequence[FinalLabel], included: Inclusion) -> list[dict[str, Any]]:
    """Put together the items by which several samples drew the same text of a channel."""

    def key(label: FinalLabel) -> tuple[int, str, int]:
        return label.channel_id, label.target, label.reading_id

    groups = groupby(sorted(labels, key=key), key=key)
    return [_unit(*place, list(items), included) for place, items in groups]


def _unit(
    channel: int, target: str, reading: int, items: Sequence[FinalLabel], included: Inclusion
) -> dict[str, Any]:
    stated = items[-1].label
    return {
        "channel_key": channel,
        "target": target,
        "reading_id": reading,
        "truth": _LABELS.index(stated) if stated in _LABELS else _NEUTRAL,
        "probability": included.probability(items),
    }


def _cells(
    connection: Connection, selection: Selection, reading_ids: Sequence[int]
) -> pd.DataFrame:
    query = select(mentions.c.reading_id, mentions.c.target_id, _cell()).join(
        scores, _score_of_mention(connection, selection)
    )
    return _in_parts(connection, query, mentions.c.reading_id, reading_ids).set_axis(
        ["reading_id", "target_id", "cell"], axis=1
    )


def _copies(connection: Connection, reading_ids: Sequence[int]) -> pd.DataFrame:
    query = (
        select(posts.c.channel_id, text_readings.c.reading_id, func.count())
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
        .where(posts.c.album_head.is_(None))
        .group_by(posts.c.channel_id, text_readings.c.reading_id)
    )
    return _in_parts(connection, query, text_readings.c.reading_id, reading_ids).set_axis(
        ["channel_key", "reading_id", "copies"], axis=1
    )


def _in_parts(
    connection: Connection, query: Select[Any], column: ColumnElement[int], values: Sequence[int]
) -> pd.DataFrame:
    """Return the rows of `query` whose `column` is one of many values."""
    starts = range(0, max(len(values), 1), _AT_ONCE)
    parts = (query.where(column.in_(values[start : start + _AT_ONCE])) for start in starts)
    rows = [row for part in parts for row in connection.execute(part)]
    return pd.DataFrame(rows, columns=range(3), dtype="int64")
