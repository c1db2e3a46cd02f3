"""How far the labelling of each sample has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from collector.text_order import by_code_point
from reports.annotation.labels import Unit, units
from reports.annotation.tables import gold_labels, gold_samples

__all__ = ["SampleProgress", "coder_counts", "sample_progress"]

_TWO = 2


@dataclass(frozen=True, slots=True)
class SampleProgress:
    """A sample's items: how many have a label, two or more, a final one, or a dispute to settle."""

    id: int
    drawn_at: datetime
    items: int
    labelled: int
    labelled_twice: int
    final: int
    to_adjudicate: int

    @property
    def undecided(self) -> int:
        """Items whose labels all say that it cannot be told."""
        return self.labelled - self.final - self.to_adjudicate


def sample_progress(connection: Connection) -> list[SampleProgress]:
    """Return how far each sample is, in the order in which they were drawn."""
    of_sample: dict[int, list[Unit]] = {}
    for unit in units(connection):
        for item in unit.items:
            of_sample.setdefault(item.sample_id, []).append(unit)
    query = select(gold_samples.c.id, gold_samples.c.drawn_at).order_by(gold_samples.c.id)
    return [
        _progress(row.id, row.drawn_at, of_sample.get(row.id, []))
        for row in connection.execute(query)
    ]


def coder_counts(connection: Connection) -> list[tuple[str, int, int]]:
    """Return each coder's name, number of labels, and number of labels that settled an item."""
    names = [gold_labels.c.coder, gold_labels.c.adjudicated]
    counts: dict[str, list[int]] = {}
    for coder, adjudicated in connection.execute(
        select(*names).order_by(by_code_point(gold_labels.c.coder))
    ):
        counts.setdefault(coder, [0, 0])[adjudicated] += 1
    return [(coder, labels, settled) for coder, (labels, settled) in counts.items()]


def _progress(number: int, drawn_at: datetime, drawn: Sequence[Unit]) -> SampleProgress:
    return SampleProgress(
        id=number,
        drawn_at=drawn_at,
        items=len(drawn),
        labelled=sum(bool(unit.by_coder) or unit.adjudicated is not None for unit in drawn),
        labelled_twice=sum(len(unit.by_coder) >= _TWO for unit in drawn),
        final=sum(unit.final is not None for unit in drawn),
        to_adjudicate=sum(unit.to_adjudicate for unit in drawn),
    )
