"""What coders are shown of the items that were drawn."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select

from collector.tables import channels, posts
from models.tables import readings, targets
from reports.annotation.labels import units
from reports.annotation.tables import gold_items

__all__ = ["items_of", "to_label"]


def to_label(connection: Connection, sample_id: int) -> list[Row[*tuple[Any, ...]]]:
    """Return `items_of` a sample without those whose label an earlier one has made final."""
    drawn = {
        item.id
        for unit in units(connection)
        if unit.final is None
        for item in unit.items
        if item.sample_id == sample_id
    }
    return items_of(connection, drawn)


def items_of(connection: Connection, wanted: Collection[int]) -> list[Row[*tuple[Any, ...]]]:
    """Return what coders are shown of some items, in order of item.

    Columns: id, predicted, username, title, date, target, permalink, text.
    """
    query = (
        select(
            *(gold_items.c.id, gold_items.c.predicted, channels.c.username, channels.c.title),
            *(posts.c.date, targets.c.name.label("target"), posts.c.permalink, readings.c.text),
        )
        .join(channels, channels.c.id == gold_items.c.channel_id)
        .join(posts, posts.c.id == gold_items.c.post_id)
        .join(targets, targets.c.id == gold_items.c.target_id)
        .join(readings, readings.c.id == gold_items.c.reading_id)
        .order_by(gold_items.c.id)
    )
    return [row for row in connection.execute(query) if row.id in wanted]
