"""Gives a cascade its scores: each is a copy of that of the model that answers for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    select,
)

from collector.archive import Archive
from models.cascade import Cascade
from models.keys import model_id, register_model, target_ids
from models.labels import SENTIMENT
from models.pending import Unsure
from models.tables import NO_TARGET, scores
from models.targets import Target

__all__ = ["compose", "unsure_of"]

_READINGS_AT_ONCE = 50_000  # one transaction: a second or so


def unsure_of(cascade: Cascade) -> Unsure:
    """Return what the first model of a cascade hands on to the second."""
    return Unsure(cascade.first.fingerprint, cascade.below)


def compose(
    archive: Archive,
    cascade: Cascade,
    task: str,
    wanted: Sequence[Target],
    on_progress: Callable[[int], None] = lambda _count: None,
) -> int:
    """Copy the scores that a cascade lacks from those of its models; return how many.

    What the first model scored with less confidence than the threshold has to wait for the score of
    the second. No model runs here. Each step is one transaction, so an interrupted run goes on
    where it stopped; `on_progress` is called after each with the number of scores it added.
    """
    with archive.begin() as connection:
        keys = _Keys(
            cascade=register_model(connection, cascade),
            first=model_id(connection, cascade.first.fingerprint),
            second=model_id(connection, cascade.second.fingerprint),
        )
        ids = list(target_ids(connection, wanted).values())
        scored = select(func.max(scores.c.reading_id)).where(scores.c.model_id == keys.first)
        last: int | None = connection.scalar(scored)
    done = 0
    for begin in range(0, (last or 0) + 1, _READINGS_AT_ONCE):
        copy = _copy(keys, cascade.below, task, ids, range(begin, begin + _READINGS_AT_ONCE))
        with archive.begin() as connection:
            counted = {"preserve_rowcount": True}  # of inserts not every driver keeps it
            count = connection.execute(copy, execution_options=counted).rowcount
        if count:
            done += count
            on_progress(count)
    return done


@dataclass(frozen=True, slots=True)
class _Keys:
    """Under which numbers the archive keeps a cascade and its models."""

    cascade: int
    first: int
    second: int


def _copy(keys: _Keys, below: float, task: str, wanted: Sequence[int], block: range) -> Insert:
    columns = [column.name for column in scores.columns]
    return insert(scores).from_select(columns, _answers(keys, below, task, wanted, block))


def _answers(
    keys: _Keys, below: float, task: str, wanted: Sequence[int], block: range
) -> Select[Any]:
    """Select the missing rows of a cascade, of those readings in `block` that can have one."""
    first, answer, known = (scores.alias(name) for name in ("first", "answer", "known"))
    answering = case((first.c.confidence < below, keys.second), else_=keys.first)
    copied = [column for column in answer.columns if column.name != "model_id"]
    return (
        select(literal(keys.cascade), *copied)
        .select_from(first)
        .join(answer, and_(answer.c.model_id == answering, _same_pair(answer, first)))
        .join(known, and_(known.c.model_id == keys.cascade, _same_pair(known, first)), isouter=True)
        .where(
            first.c.model_id == keys.first,
            first.c.task == task,
            first.c.reading_id.between(block.start, block.stop - 1),
            first.c.target_id.in_([NO_TARGET] if task == SENTIMENT else wanted),
            known.c.reading_id.is_(None),
        )
    )


def _same_pair(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    keys = ("task", "target_id", "reading_id")
    return and_(*(one.c[key] == other.c[key] for key in keys))
