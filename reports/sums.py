"""What the database sums over the posts of a report: per channel and day, and target."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    select,
)

from models import labels
from models.keys import model_id
from models.pending import may_have_unscored, unscored_pairs
from models.tables import scores
from reports.effective import SAME_TEXT
from reports.gathered import Gathered, days, published
from reports.selection import ScoredBy

__all__ = ["COUNTS", "KEY", "SUMS", "Labels", "label_sums", "post_counts", "same_texts"]

KEY = ["channel_key", "day", "target_id"]
COUNTS = [
    *("n_relevant", "n_forwarded", "n_quoted", "n_scored", "n_abstained"),
    *("n_minus", "n_zero", "n_plus", "n_viewed"),
]
SUMS = [*COUNTS, "views", "views_net"]

_PAGE = 50_000  # rows
_MAY_BE_NULL = ("views", "views_net")


class Labels:
    """The labels of one task that a report is about.

    `target_ids` are the archive's; NO_TARGET alone for sentiment.
    """

    def __init__(
        self,
        connection: Connection,
        task: str,
        scored_by: ScoredBy,
        target_ids: Sequence[int],
        abstain_below: float,
    ) -> None:
        self.task = task
        self.target_ids = tuple(target_ids)
        self.abstain_below = abstain_below
        self.model = model_id(connection, scored_by.fingerprint)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells these labels from others."""
        return self.task, self.target_ids, self.abstain_below, self.model

    @property
    def scored(self) -> ColumnElement[bool]:
        """The condition on `scores` for a label that is asked for.

        A sum has no index: that steers to the one that holds all targets of a text, and the labels.
        """
        return and_(
            scores.c.model_id == self.model,
            scores.c.task == self.task,
            (scores.c.target_id + 0).in_(self.target_ids),
        )

    @property
    def sure(self) -> ColumnElement[bool]:
        """The condition on `scores` for a label that counts."""
        return scores.c.confidence >= self.abstain_below

    @property
    def value(self) -> ColumnElement[int]:
        """-1, 0 or 1."""
        minus, _, plus = labels.LABELS[self.task]
        return case((scores.c.label == plus, 1), (scores.c.label == minus, -1), else_=0)


def post_counts(connection: Connection) -> pd.DataFrame:
    """Return the numbers of posts: channel_key, day, n_posts."""
    key = (published.c.channel_id, published.c.day)
    query = select(*key, func.count()).group_by(*key)
    return _read(connection, query, ["channel_key", "day", "n_posts"])


def label_sums(connection: Connection, posts: Gathered, wanted: Labels) -> pd.DataFrame:
    """Return the sums over relevant posts per channel, day and target: columns KEY and SUMS.

    The columns `repeats`, `repeats_total` and `repeats_squares` count, and sum the values and
    squared values of, the labelled posts that only say again what another of that day says;
    `pairs_same_day_and_text` counts the ordered pairs of such posts.
    """
    if wanted.key not in posts.frames:
        again = _read(connection, _repeats(wanted, published, published.c.day), [*KEY, *_AGAIN])
        frame = _read(connection, _of_scored(wanted), [*KEY, *_SUMMED])
        # The database is spared, millions of times over, what follows from its other sums.
        frame["n_scored"] = frame["n_relevant"]
        frame["n_zero"] = frame["n_scored"] - frame[["n_abstained", "n_minus", "n_plus"]].sum(
            axis=1
        )
        if may_have_unscored(connection, wanted.task, wanted.model, wanted.target_ids):
            missing = _read(connection, _of_unscored(wanted), [*KEY, *COUNTS[:3]])
            both = pd.concat([frame, missing])
            frame = both.groupby(KEY, as_index=False)[SUMS].sum(min_count=1)
        frame = frame.merge(again, how="left", on=KEY)
        filled = [*COUNTS, *_AGAIN]
        frame[filled] = frame[filled].fillna(0).astype("int64")
        posts.frames[wanted.key] = frame
    return posts.frames[wanted.key]


def same_texts(connection: Connection, periods: pd.DataFrame, wanted: Labels) -> pd.DataFrame:
    """Return the ordered pairs of posts with one text: channel_key, period_start, target_id, ....

    `periods` has a `day` and its `period_start`, for each day with posts.
    """
    numbers = {name: periods[name].dt.strftime("%Y%m%d").astype(int) for name in periods}
    rows: list[Any] = pd.DataFrame(numbers).to_dict("records")
    connection.execute(delete(days))
    if rows:
        connection.execute(insert(days), rows)
    joined = published.join(days, days.c.day == published.c.day)
    query = _repeats(wanted, joined, days.c.period_start)
    columns = ["channel_key", "day", "target_id", SAME_TEXT, *_AGAIN[1:]]
    frame = _read(connection, query, columns).rename(columns={"day": "period_start"})
    return frame[["channel_key", "period_start", "target_id", SAME_TEXT]]


_SUMMED = [name for name in SUMS if name not in {"n_scored", "n_zero"}]
_AGAIN = ["pairs_same_day_and_text", "repeats", "repeats_total", "repeats_squares"]


def _of_scored(wanted: Labels) -> Select[Any]:
    """Sum over the posts that have a score; these are all relevant."""
    sure, label, views = wanted.sure, scores.c.label, published.c.views
    key = (published.c.channel_id, published.c.day, scores.c.target_id)
    minus, _, plus = labels.LABELS[wanted.task]
    counted = [
        func.count(),
        func.sum(published.c.forwarded),
        func.sum(published.c.quoted),
        _count(~sure),
        *(_count(and_(sure, label == name)) for name in (minus, plus)),
        func.count(case((sure, views))),
    ]
    viewed = [func.sum(case((sure, views))), func.sum(case((sure, views * wanted.value)))]
    return (
        select(*key, *counted, *viewed)
        .join_from(published, scores, scores.c.reading_id == published.c.reading_id)
        .where(wanted.scored)
        .group_by(*key)
    )


def _of_unscored(wanted: Labels) -> Select[Any]:
    """Count the relevant posts that have no score."""
    pairs = unscored_pairs(wanted.task, wanted.model, wanted.target_ids)
    missing = pairs.cte("missing").prefix_with("MATERIALIZED")  # few, if any: found first
    key = (published.c.channel_id, published.c.day, missing.c.target_id)
    return (
        select(*key, func.count(), func.sum(published.c.forwarded), func.sum(published.c.quoted))
        .join_from(published, missing, missing.c.reading_id == published.c.reading_id)
        .group_by(*key)
    )


def _repeats(wanted: Labels, source: FromClause, time: ColumnElement[int]) -> Select[Any]:
    """Sum over labelled posts of a channel that have one text with others of the same time."""
    key = (published.c.channel_id, time.label("time"), published.c.reading_id)
    texts = (
        select(*key, func.count().label("posts"))
        .select_from(source)
        .group_by(*key)
        .having(func.count() > 1)
        .cte("texts")
    )
    again = texts.c.posts - 1
    # A sum has no index, so that a database starts from these few texts and not from all scores.
    reading = texts.c.reading_id + 0
    group = (texts.c.channel_id, texts.c.time, scores.c.target_id)
    return (
        select(
            *group,
            func.sum(texts.c.posts * again),
            func.sum(again),
            func.sum(again * wanted.value),
            func.sum(again * wanted.value * wanted.value),
        )
        .join_from(texts, scores, scores.c.reading_id == reading)
        .where(wanted.scored, wanted.sure)
        .group_by(*group)
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _read(connection: Connection, query: Select[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Read rows of numbers, a page at a time to save memory; `day` becomes a date."""
    result = connection.execute(query.execution_options(stream_results=True))
    types = {name: np.float64 if name in _MAY_BE_NULL else np.int64 for name in columns}
    pages = [pd.DataFrame(dict.fromkeys(columns, ())).astype(types)]
    for page in result.partitions(_PAGE):
        values = zip(types.items(), zip(*page, strict=True), strict=True)
        pages.append(pd.DataFrame({name: np.array(part, kind) for (name, kind), part in values}))
    frame = pd.concat(pages, ignore_index=True)
    return frame.assign(day=pd.to_datetime(frame["day"].astype("str"), format="%Y%m%d"))
