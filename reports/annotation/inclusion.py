"""With what probability samples drew, and people settled, each unit.

A unit counts once however many samples drew it, so what matters is the probability that any of
them did: of those that could have drawn it, whether they did or not. Texts of a stratum that
nobody settled are taken to be like those of it that somebody did (weighting classes; Sarndal,
Swensson and Wretman 1992, "Model Assisted Survey Sampling", section 15.6).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from collector.tables import posts
from reports.annotation.labels import FinalLabel
from reports.annotation.tables import gold_items, gold_samples

__all__ = ["Inclusion"]

_Stratum = tuple[int, int, int, str]  # sample, channel, target, predicted label


class _Drawn(NamedTuple):
    probability: float
    items: int


class Inclusion:
    """The samples of an archive: what each could have drawn, and how much of it is settled."""

    def __init__(self, connection: Connection, settled: Iterable[FinalLabel]) -> None:
        self._samples = connection.execute(select(gold_samples)).all()
        self._strata = _strata(connection)
        self._settled = Counter(_stratum(item.sample_id, item) for item in settled)
        query = select(gold_items.c.id, posts.c.date).join(posts)
        self._days = {row.id: row.date.date() for row in connection.execute(query)}

    def probability(self, items: Sequence[FinalLabel]) -> float:
        """Return the probability with which a unit was drawn and settled, given all its items."""
        by_sample = {item.sample_id: item for item in items}
        models = {(row.model, row.abstain_below): by_sample[row.id] for row in self._of(by_sample)}
        missed = 1.0
        for sample in self._samples:
            known = by_sample.get(sample.id)
            # Another model may have put the unit into a stratum that nobody knows.
            alike = known or models.get((sample.model, sample.abstain_below))
            if alike and (known or _in_frame(self._days[alike.item_id], sample.frame)):
                missed *= 1 - self._of_stratum(_stratum(sample.id, alike))
        return 1 - missed

    def _of(self, by_sample: Mapping[int, FinalLabel]) -> list[Row[Any]]:
        return [row for row in self._samples if row.id in by_sample]

    def _of_stratum(self, stratum: _Stratum) -> float:
        drawn = self._strata.get(stratum)
        return drawn.probability * self._settled[stratum] / drawn.items if drawn else 0.0


def _strata(connection: Connection) -> dict[_Stratum, _Drawn]:
    key = (gold_items.c.sample_id, gold_items.c.channel_id, gold_items.c.target_id)
    group = (*key, gold_items.c.predicted)
    query = select(*group, func.max(gold_items.c.inclusion_probability), func.count())
    rows = connection.execute(query.group_by(*group))
    return {(row[0], row[1], row[2], row[3]): _Drawn(row[4], row[5]) for row in rows}


def _stratum(sample: int, item: FinalLabel) -> _Stratum:
    return sample, item.channel_id, item.target_id, item.predicted


def _in_frame(day: date, frame: Mapping[str, Any]) -> bool:
    since, until = frame.get("since"), frame.get("until")
    return not (since and day < date.fromisoformat(since)) and not (
        until and day >= date.fromisoformat(until)
    )
