"""What has no score yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from collector.tables import posts
from models.keys import model_id, target_ids
from models.labels import SENTIMENT
from models.reading import VERSION, reading_hash
from models.returning import DROPPED, count_returned
from models.tables import NO_TARGET, mentions, models, readings, scores, targets, text_readings
from models.targets import Target

__all__ = [
    "Place",
    "Unsure",
    "count_relevant",
    "count_unread",
    "count_unscored",
    "may_have_unscored",
    "unread",
    "unscored",
    "unscored_pairs",
]


@dataclass(frozen=True, slots=True)
class Unsure:
    """What the model of `fingerprint` scored with a confidence under `below`."""

    fingerprint: str
    below: float

    def holds(
        self, task: str, target: ColumnElement[int], reading: ColumnElement[int]
    ) -> ColumnElement[bool]:
        """Return the condition that a pair of target and reading is of that."""
        first = scores.alias("first")
        model = select(models.c.id).where(models.c.fingerprint == self.fingerprint)
        return (
            select(first.c.reading_id)
            .where(
                first.c.model_id == model.scalar_subquery(),
                first.c.task == task,
                first.c.target_id == target,
                first.c.reading_id == reading,
                first.c.confidence < self.below,
            )
            .exists()
        )


def count_unscored(
    connection: Connection,
    task: str,
    fingerprint: str,
    wanted: Sequence[Target],
    unsure: Unsure | None = None,
) -> int:
    """Return how many readings or mentions have no score yet by the model of `fingerprint`.

    Where `unsure` is given, only of what another model was unsure of.
    """
    ids = list(target_ids(connection, wanted).values())
    model = model_id(connection, fingerprint)
    if not may_have_unscored(connection, task, model, ids):
        return 0
    pairs = unscored_pairs(task, model, ids).subquery()
    query = select(func.count()).select_from(pairs).where(_is_in_use(pairs.c.reading_id))
    has_text = select(readings.c.id).where(
        readings.c.id == pairs.c.reading_id, readings.c.text != ""
    )
    query = query.where(has_text.exists())  # what was dropped can have no score any more
    if unsure:
        query = query.where(unsure.holds(task, pairs.c.target_id, pairs.c.reading_id))
    return connection.scalar(query) or 0


def may_have_unscored(connection: Connection, task: str, model: int, wanted: Sequence[int]) -> bool:
    """Tell whether `unscored_pairs` may be any, by counting, which is far faster than searching.

    Only such pairs ever get a score, so that there are none where both are as many.
    """
    pairs = select(func.count()).select_from(_pairs(task, wanted).subquery())
    targets_of_scores = [NO_TARGET] if task == SENTIMENT else wanted
    scored = select(func.count()).where(
        scores.c.model_id == model,
        scores.c.task == task,
        scores.c.target_id.in_(targets_of_scores),
    )
    return connection.scalar(pairs) != connection.scalar(scored)


def unscored_pairs(task: str, model: int, wanted: Sequence[int]) -> Select[Any]:
    """Select what model number `model` has not scored: target_id and reading_id, in no order.

    What only earlier versions of edited posts said is among them.
    """
    pairs = _pairs(task, wanted).subquery()
    same = and_(
        scores.c.model_id == model,
        scores.c.task == task,
        scores.c.target_id == pairs.c.target_id,
        scores.c.reading_id == pairs.c.reading_id,
    )
    missing = select(pairs).join(scores, same, isouter=True)
    return missing.where(scores.c.reading_id.is_(None))


def _pairs(task: str, wanted: Sequence[int]) -> Select[Any]:
    """Select what there could be scores of: target_id and reading_id."""
    if task == SENTIMENT:
        pair = (literal(NO_TARGET).label("target_id"), readings.c.id.label("reading_id"))
        return select(*pair).where(readings.c.hash != reading_hash(""))
    return select(mentions.c.target_id, mentions.c.reading_id).where(
        mentions.c.target_id.in_(wanted)
    )


def count_relevant(connection: Connection, wanted: Sequence[Target]) -> int:
    """Return how many pairs of a reading and one of `wanted` in it are known."""
    ids = target_ids(connection, wanted).values()
    query = select(func.count()).where(
        mentions.c.target_id.in_(ids), _is_in_use(mentions.c.reading_id)
    )
    return connection.scalar(query) or 0


def count_unread(connection: Connection) -> int:
    """Return how many posts have a text without a reading yet."""
    # Only what is counted: the texts themselves are most of an archive.
    query = unread().with_only_columns(func.count(posts.c.text_hash)).order_by(None)
    return (connection.scalar(query) or 0) + count_returned(connection)


def unread() -> Select[Any]:
    """Select the posts (id, text, poll, text_hash) whose text has no current reading, by id."""
    current = and_(
        text_readings.c.text_hash == posts.c.text_hash,
        text_readings.c.version.in_([VERSION, DROPPED]),
    )
    return (
        select(posts.c.id, posts.c.text, posts.c.poll, posts.c.text_hash)
        .join(text_readings, current, isouter=True)
        .where(text_readings.c.text_hash.is_(None))
        .order_by(posts.c.id)
    )


@dataclass(frozen=True, slots=True)
class Place:
    """How far in the order of readings, and of targets within one, a walk has come."""

    reading_id: int = -1
    target_id: int = -1


def unscored(
    task: str, model: int, wanted: Sequence[int], after: Place, unsure: Unsure | None = None
) -> Select[Any]:
    """Select what model number `model` has not scored beyond a place, in the order of readings.

    Where `unsure` is given, only of what another model was unsure of. Columns: reading_id, text,
    language, target_id and, for stance, target (its name) and spans.
    """
    query, target = _relevant(task, wanted, after)
    if unsure:
        query = query.where(unsure.holds(task, target, readings.c.id))
    return _without_score(query, task, model, target)


def _relevant(
    task: str, wanted: Sequence[int], after: Place
) -> tuple[Select[Any], ColumnElement[int]]:
    """Select, in order, what there could be scores of beyond a place; also return its target."""
    columns = (readings.c.id.label("reading_id"), readings.c.text, readings.c.language)
    if task == SENTIMENT:
        query = select(*columns, literal(NO_TARGET).label("target_id")).where(
            readings.c.text != "", _is_in_use(readings.c.id), readings.c.id > after.reading_id
        )
        return query.order_by(readings.c.id), literal(NO_TARGET)
    query = (
        select(*columns, mentions.c.target_id, targets.c.name.label("target"), mentions.c.spans)
        .join(mentions, mentions.c.reading_id == readings.c.id)
        .join(targets, targets.c.id == mentions.c.target_id)
        .where(
            mentions.c.target_id.in_(wanted),
            readings.c.text != "",
            _is_in_use(readings.c.id),
            *_beyond(after),
        )
    )
    return query.order_by(readings.c.id, mentions.c.target_id), mentions.c.target_id


def _beyond(place: Place) -> list[ColumnElement[bool]]:
    """Say the same twice: the first is what an index is for."""
    further = or_(readings.c.id > place.reading_id, mentions.c.target_id > place.target_id)
    return [readings.c.id >= place.reading_id, further]


def _is_in_use(reading: ColumnElement[int]) -> ColumnElement[bool]:
    """Leave out what only earlier versions of edited posts said."""
    used = select(posts.c.id).join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
    return used.where(text_readings.c.reading_id == reading).exists()


def _without_score(
    query: Select[Any], task: str, model: int, target: ColumnElement[int]
) -> Select[Any]:
    same = and_(
        scores.c.model_id == model,
        scores.c.task == task,
        scores.c.target_id == target,
        scores.c.reading_id == readings.c.id,
    )
    return query.join(scores, same, isouter=True).where(scores.c.reading_id.is_(None))
