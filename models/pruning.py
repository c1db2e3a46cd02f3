"""Drops the texts that only old posts had, and rows that nothing uses any more."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    select,
    update,
)

from collector.archive import Archive
from collector.pruning import erasing, has_words
from collector.tables import posts
from models.pending import unread
from models.reading import reading_hash
from models.returning import DROPPED, registered_targets
from models.tables import engines, mentions, models, readings, scores, targets, text_readings

__all__ = [
    "Keep",
    "count_old_texts",
    "count_unlabelled",
    "drop_old_scores",
    "drop_old_texts",
    "drop_unused",
]

AT_ONCE = 2_000

OnBatch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Keep:
    """What is not to be touched: readings whose text is kept, and whose rows others refer to.

    Each is a query of ids; `targets` those of targets that others refer to.
    """

    texts: Select[Any]
    readings: Select[Any]
    targets: Select[Any]


def count_old_texts(connection: Connection, before: datetime, keep: Keep) -> int:
    """Count the texts that `drop_old_texts` would drop."""
    return connection.scalar(select(func.count()).where(*only_old(before, keep))) or 0


def count_unlabelled(connection: Connection, before: datetime, keep: Keep) -> int:
    """Count old posts that were not read yet, and texts of old posts that no model has labelled."""
    new = unread().with_only_columns(func.count()).order_by(None).where(posts.c.date < before)
    labelled = select(scores.c.reading_id).where(scores.c.reading_id == readings.c.id).exists()
    texts = select(func.count()).where(*only_old(before, keep), ~labelled)
    return (connection.scalar(new) or 0) + (connection.scalar(texts) or 0)


def only_old(before: datetime, keep: Keep) -> list[ColumnElement[bool]]:
    """Return the conditions on `readings` for a text that no post has since a moment."""
    young = and_(has_words(), posts.c.date >= before)
    return [
        readings.c.text != "",
        ~said_by(young).exists(),
        readings.c.id.not_in(keep.texts),
    ]


def said_by(condition: ColumnElement[bool]) -> Select[Any]:
    """Select the posts of a reading that meet a condition."""
    same = text_readings.c.text_hash == posts.c.text_hash
    said = select(posts.c.id).join(text_readings, same).correlate(readings)
    return said.where(text_readings.c.reading_id == readings.c.id, condition)


def drop_old_texts(
    archive: Archive, before: datetime, keep: Keep, on_batch: OnBatch = lambda _count: None
) -> int:
    """Empty the texts that no post has since a moment; return how many.

    Their labels stay, and that targets were mentioned, but not where.
    """
    query = select(readings.c.id).where(*only_old(before, keep))

    def empty(connection: Connection, keys: list[int]) -> None:
        connection.execute(update(readings).where(readings.c.id.in_(keys)).values(text=""))
        connection.execute(update(mentions).where(mentions.c.reading_id.in_(keys)).values(spans=[]))
        mine = text_readings.c.reading_id.in_(keys)
        connection.execute(update(text_readings).where(mine).values(version=DROPPED))

    return in_batches(archive, query, readings.c.id, empty, on_batch)


def drop_unused(archive: Archive, keep: Keep, on_batch: OnBatch = lambda _count: None) -> int:
    """Delete the readings that no post has any more, with their labels; return how many.

    Such are what an edited post said before, and what earlier versions of the program read. Targets
    that an earlier version looked for in another way go with all that was found.
    """
    with archive.connect() as connection:
        stale = [row.id for row, target in registered_targets(connection) if target is None]
        stale = [key for key in stale if key not in set(connection.scalars(keep.targets))]
    for table in (mentions, scores) if stale else ():
        delete_of(archive, table, table.c.target_id.in_(stale), on_batch)
    with archive.begin() as connection:
        connection.execute(delete(targets).where(targets.c.id.in_(stale)))
    same = posts.c.text_hash == text_readings.c.text_hash
    said = select(posts.c.id).where(same).exists()
    used = select(text_readings.c.reading_id).where(
        text_readings.c.reading_id == readings.c.id, said
    )
    # An empty text is a reading like any other, and costs nothing.
    unused = [~used.exists(), readings.c.id.not_in(keep.readings)]
    query = select(readings.c.id).where(*unused, readings.c.hash != reading_hash(""))
    return in_batches(archive, query, readings.c.id, delete_readings, on_batch)


def delete_readings(connection: Connection, keys: list[int]) -> None:
    """Delete readings and all about them."""
    for table in (text_readings, mentions, scores):
        connection.execute(delete(table).where(table.c.reading_id.in_(keys)))
    connection.execute(delete(readings).where(readings.c.id.in_(keys)))
    # A later reading may be given the number of the last one: it was not searched yet.
    last = connection.scalar(select(func.max(readings.c.id))) or 0
    beyond = targets.c.searched_to > last
    connection.execute(update(targets).where(beyond).values(searched_to=last))


def drop_old_scores(
    archive: Archive, configured: Collection[str], on_batch: OnBatch = lambda _count: None
) -> int:
    """Delete the scores of models but those with these fingerprints; return how many."""
    with archive.connect() as connection:
        old = models.c.fingerprint.not_in(configured)
        keys = list(connection.scalars(select(models.c.id).where(old)))
    done = delete_of(archive, scores, scores.c.model_id.in_(keys), on_batch) if keys else 0
    with archive.begin() as connection:
        connection.execute(delete(engines).where(engines.c.model_id.in_(keys)))
        connection.execute(delete(models).where(models.c.id.in_(keys)))
    return done


def delete_of(
    archive: Archive, table: Table, condition: ColumnElement[bool], on_batch: OnBatch
) -> int:
    """Delete the rows about readings that meet a condition."""
    done = 0

    def remove(connection: Connection, keys: list[int]) -> None:
        nonlocal done
        mine = and_(condition, table.c.reading_id.in_(keys))
        done += connection.execute(delete(table).where(mine)).rowcount

    query = select(table.c.reading_id).where(condition).distinct()
    in_batches(archive, query, table.c.reading_id, remove, on_batch)
    return done


def in_batches(
    archive: Archive,
    query: Select[Any],
    key: ColumnElement[int],
    change: Callable[[Connection, list[int]], None],
    on_batch: OnBatch,
) -> int:
    """Change what a query names by a key, some at a time, each in one transaction."""
    done, after = 0, -1
    while True:
        with archive.begin() as connection:
            erasing(connection)
            page = query.where(key > after).order_by(key).limit(AT_ONCE)
            keys = list(connection.scalars(page))
            if not keys:
                return done
            change(connection, keys)
        done, after = done + len(keys), keys[-1]
        on_batch(len(keys))
