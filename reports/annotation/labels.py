"""What coders said of each unit, and the label that is final.

A unit is a text in a channel about a target. Samples may draw a unit more than once; what coders
said of it then counts for each of its items, the newest where a coder labelled it again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from models.labels import LABELS, STANCE
from models.tables import targets
from reports.annotation.tables import gold_items, gold_labels

__all__ = ["CANNOT_TELL", "CHOICES", "NOT_MENTIONED", "FinalLabel", "Unit", "final_labels", "units"]

CANNOT_TELL = "cannot_tell"
NOT_MENTIONED = "not_mentioned"
CHOICES = (*LABELS[STANCE], NOT_MENTIONED, CANNOT_TELL)


class FinalLabel(NamedTuple):
    """An item of a sample with the label that is final."""

    item_id: int
    sample_id: int
    channel_id: int
    post_id: int
    reading_id: int
    target_id: int
    target: str
    predicted: str
    inclusion_probability: float
    label: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A text in a channel about a target: its items, newest last, and its labels by coder.

    `adjudicated` is the newest label that was to settle it, None without one.
    """

    items: Sequence[Row[Any]]
    by_coder: Mapping[str, str]
    adjudicated: str | None

    @property
    def decided(self) -> dict[str, str]:
        """The labels of the coders who could tell."""
        return {coder: label for coder, label in self.by_coder.items() if label != CANNOT_TELL}

    @property
    def disputed(self) -> bool:
        """Whether coders gave different labels; that one could not tell is no dispute."""
        return len(set(self.decided.values())) > 1

    @property
    def to_adjudicate(self) -> bool:
        """Whether nobody has settled the dispute yet."""
        return self.disputed and self.adjudicated is None

    @property
    def final(self) -> str | None:
        """The adjudicated label, else the one that all who could tell agree on, else None."""
        if self.adjudicated is not None:
            return None if self.adjudicated == CANNOT_TELL else self.adjudicated
        return None if self.disputed else next(iter(self.decided.values()), None)


def final_labels(connection: Connection) -> list[FinalLabel]:
    """Return every item that has a final label, in order of item.

    Columns are attributes: item_id, sample_id, channel_id, post_id, reading_id, target_id, target
    (its name), predicted, inclusion_probability, label (never `CANNOT_TELL`).
    """
    found = [
        FinalLabel(
            item.id,
            item.sample_id,
            item.channel_id,
            item.post_id,
            item.reading_id,
            item.target_id,
            item.target,
            item.predicted,
            item.inclusion_probability,
            unit.final,
        )
        for unit in units(connection)
        if unit.final is not None
        for item in unit.items
    ]
    return sorted(found)


def units(connection: Connection) -> list[Unit]:
    """Return every unit that was ever drawn, with all that coders said of it."""
    query = select(gold_items, targets.c.name.label("target")).join(targets)
    order = (gold_items.c.channel_id, gold_items.c.target_id, gold_items.c.reading_id)
    rows = connection.execute(query.order_by(*order, gold_items.c.id)).all()
    labels = _labels_by_item(connection)
    groups = groupby(rows, key=lambda row: (row.channel_id, row.target_id, row.reading_id))
    return [_unit(list(items), labels) for _, items in groups]


def _labels_by_item(connection: Connection) -> dict[int, list[Row[Any]]]:
    """Return the labels of each item, the newest last."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    order = gold_labels.c.labelled_at, gold_labels.c.id
    for row in connection.execute(select(gold_labels).order_by(*order)):
        found[row.item_id].append(row)
    return found


def _unit(items: Sequence[Row[Any]], labels: Mapping[int, Sequence[Row[Any]]]) -> Unit:
    said = [label for item in items for label in labels.get(item.id, ())]
    said.sort(key=lambda label: (label.labelled_at, label.id))
    by_coder = {label.coder: label.label for label in said if not label.adjudicated}
    settled = [label.label for label in said if label.adjudicated]
    return Unit(items, dict(sorted(by_coder.items())), settled[-1] if settled else None)
