"""The posts that a figure rests on most: those that the model was surest about, of each label."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, literal, or_, select

from collector.post import content
from collector.tables import posts
from models.keys import model_id, target_ids
from models.labels import LABELS, STANCE
from models.tables import NO_TARGET, mentions, readings, scores, text_readings
from reports.selection import ScoredBy, Selection
from reports.words import whose_words

__all__ = ["ABSTAINED", "StrongPost", "strongest"]

ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True)
class StrongPost:
    """A post with a label, or ABSTAINED, toward a target; `channel_key` is the archive's own id.

    `target` is empty where the label is a sentiment. `words` is own, forwarded or quoted, and
    `language` an ISO 639-1 code. Of a text that the channel published several times (`copies`) this
    is the post that came into the archive first.
    """

    channel_key: int
    target: str
    label: str
    confidence: float
    date: datetime
    text: str
    words: str
    copies: int
    permalink: str | None
    views: int | None
    language: str | None
    deleted: bool


def strongest(
    connection: Connection,
    selection: Selection,
    task: str,
    channel_keys: Sequence[int],
    limit: int = 3,
) -> list[StrongPost]:
    """Return the posts with the highest confidence, surest first.

    They are at most `limit` texts for each channel, target and label of `task`; the labels are both
    opinions and ABSTAINED, not `neutral`. `channel_keys` are the archive's own ids of channels.
    """
    names = {NO_TARGET: ""}
    if task == STANCE:
        targets = target_ids(connection, selection.targets)
        names = {number: target.name for target, number in targets.items()}
    ranked = _ranked(_texts(connection, selection, task, channel_keys, list(names)))
    query = (
        select(posts, ranked, whose_words().label("words"), readings.c.language)
        .join(ranked, ranked.c.post_id == posts.c.id)
        .join(readings, readings.c.id == ranked.c.reading_id)
        .where(ranked.c.place <= limit)
        .order_by(ranked.c.confidence.desc(), posts.c.id)
    )
    return [_post(row, names) for row in connection.execute(query)]


def _texts(
    connection: Connection,
    selection: Selection,
    task: str,
    channel_keys: Sequence[int],
    target_numbers: Sequence[int],
) -> Select[Any]:
    """Select each labelled text of a channel once, with how often the channel published it."""
    by: ScoredBy = selection.stance if task == STANCE else selection.sentiment
    same = and_(
        scores.c.model_id == model_id(connection, by.fingerprint),
        scores.c.task == task,
        scores.c.reading_id == text_readings.c.reading_id,
    )
    source = posts.join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
    if task == STANCE:
        source = source.join(mentions, mentions.c.reading_id == text_readings.c.reading_id)
        same &= scores.c.target_id == mentions.c.target_id
    sure = scores.c.confidence >= selection.abstain_below
    _, neutral, _ = LABELS[task]
    label = case((sure, scores.c.label), else_=literal(ABSTAINED))
    key = (posts.c.channel_id, scores.c.target_id, scores.c.reading_id, scores.c.confidence)
    return (
        select(
            *key,
            label.label("kind"),
            func.min(posts.c.id).label("post_id"),
            func.count().label("copies"),
        )
        .select_from(source.join(scores, same))
        .where(
            scores.c.target_id.in_(target_numbers),
            or_(~sure, scores.c.label != neutral),
            selection.conditions(channel_keys),
        )
        .group_by(*key, scores.c.label)
    )


def _ranked(texts: Select[Any]) -> Any:  # noqa: ANN401 (a subquery of computed columns)
    """Give each text its place among those of its channel, target and label."""
    text = texts.subquery()
    place = func.row_number().over(
        partition_by=(text.c.channel_id, text.c.target_id, text.c.kind),
        order_by=(text.c.confidence.desc(), text.c.post_id),
    )
    columns = (text.c[name] for name in ("post_id", "reading_id", "target_id", "copies"))
    return select(*columns, text.c.kind, text.c.confidence, place.label("place")).subquery()


def _post(row: Row[Any], names: dict[int, str]) -> StrongPost:
    return StrongPost(
        channel_key=row.channel_id,
        target=names[row.target_id],
        label=row.kind,
        confidence=row.confidence,
        date=row.date,
        text=content(row.text, row.poll),
        words=row.words,
        copies=row.copies,
        permalink=row.permalink,
        views=row.views,
        language=row.language,
        deleted=row.deleted_at is not None,
    )
