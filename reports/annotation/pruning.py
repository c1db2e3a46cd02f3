"""What hand-made labels need of the archive when old texts are dropped."""

from datetime import datetime

from sqlalchemy import Connection, Select, func, select, update

from collector.archive import Archive
from collector.pruning import erasing
from collector.tables import posts
from reports.annotation.tables import gold_items, gold_labels

__all__ = ["count_old_items", "drawn", "drawn_since", "drop_old_notes", "labelled_targets"]


def drawn() -> Select[tuple[int]]:
    """Select the ids of readings that were drawn to be labelled."""
    return select(gold_items.c.reading_id)


def drawn_since(before: datetime) -> Select[tuple[int]]:
    """Select the ids of readings that were drawn from posts since a moment."""
    return drawn().join(posts, posts.c.id == gold_items.c.post_id).where(posts.c.date >= before)


def labelled_targets() -> Select[tuple[int]]:
    """Select the ids of targets that texts were drawn for."""
    return select(gold_items.c.target_id)


def count_old_items(connection: Connection, before: datetime) -> int:
    """Count the drawn texts whose posts are from before a moment."""
    old = drawn().join(posts, posts.c.id == gold_items.c.post_id).where(posts.c.date < before)
    counted = select(func.count(old.subquery().c.reading_id.distinct()))
    return connection.scalar(counted) or 0


def drop_old_notes(archive: Archive, before: datetime) -> None:
    """Drop what coders noted about posts from before a moment: they may quote them."""
    old = select(gold_items.c.id).join(posts, posts.c.id == gold_items.c.post_id)
    mine = gold_labels.c.item_id.in_(old.where(posts.c.date < before))
    with archive.begin() as connection:
        erasing(connection)
        noted = gold_labels.c.note.is_not(None)
        connection.execute(update(gold_labels).where(mine, noted).values(note=None))
