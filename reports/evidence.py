"""The posts behind the figures, one row per relevant post and target, read as a stream."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from collector.post import content
from collector.tables import channels, posts
from collector.text_order import by_code_point
from models.keys import model_id, target_ids
from models.labels import SENTIMENT, STANCE
from models.tables import NO_TARGET, mentions, readings, scores, text_readings
from reports.selection import Selection
from reports.words import whose_words

__all__ = ["evidence"]


def evidence(connection: Connection, selection: Selection) -> Iterator[list[object]]:
    """Yield the rows of `posts.csv` in order of channel, date and target."""
    ids = target_ids(connection, selection.targets)
    names = {number: target.name for target, number in ids.items()}
    chosen, _ = selection.channel_ids(connection)
    query = (
        _labelled_posts(connection, selection)
        .where(mentions.c.target_id.in_(names), selection.conditions(chosen))
        .order_by(
            *(by_code_point(channels.c.title), channels.c.id, posts.c.date, posts.c.id),
            mentions.c.target_id,
        )
        .execution_options(yield_per=1_000)
    )
    for row in connection.execute(query).mappings():
        yield _row(row, names[row[mentions.c.target_id]], selection)


def _labelled_posts(connection: Connection, selection: Selection) -> Select[Any]:
    """Select posts, their channels and mentions, with the labels there are."""
    mood = scores.alias("mood")
    stance_model = model_id(connection, selection.stance.fingerprint)
    mood_model = model_id(connection, selection.sentiment.fingerprint)
    stance_of_mention = and_(
        scores.c.model_id == stance_model,
        scores.c.task == STANCE,
        scores.c.target_id == mentions.c.target_id,
        scores.c.reading_id == mentions.c.reading_id,
    )
    mood_of_text = and_(
        mood.c.model_id == mood_model,
        mood.c.task == SENTIMENT,
        mood.c.target_id == NO_TARGET,
        mood.c.reading_id == mentions.c.reading_id,
    )
    return (
        select(
            *(posts, channels, mentions.c.target_id, scores, mood.c.label.label("mood")),
            whose_words().label("words"),
        )
        .select_from(posts)
        .join(channels, channels.c.id == posts.c.channel_id)
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
        .join(readings, readings.c.id == text_readings.c.reading_id)
        .join(mentions, mentions.c.reading_id == text_readings.c.reading_id)
        .join(scores, stance_of_mention, isouter=True)
        .join(mood, mood_of_text, isouter=True)
    )


def _row(row: Any, target: str, selection: Selection) -> list[object]:  # noqa: ANN401 (a row of named columns)
    confidence = row[scores.c.confidence]
    return [
        row[posts.c.date],
        str(row[channels.c.telegram_id] or ""),
        row[channels.c.username],
        row[channels.c.title],
        str(row[posts.c.message_id]),
        row[posts.c.permalink],
        target,
        row[scores.c.label],
        None if confidence is None else confidence < selection.abstain_below,
        confidence,
        row[scores.c.p_against],
        row[scores.c.p_neutral],
        row[scores.c.p_favor],
        row[scores.c.truncated],
        row["words"],
        row["mood"],
        row[posts.c.views],
        row[posts.c.deleted_at],
        content(row[posts.c.text], row[posts.c.poll]),
        selection.stance.shown,
        selection.run_id,
    ]
