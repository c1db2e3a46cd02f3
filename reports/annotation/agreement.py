"""How far coders agree: Krippendorff's alpha, which allows for agreement by chance.

Alpha is for nominal labels (Krippendorff 2019, "Content Analysis", 4th edition, chapter 12), by the
library `krippendorff`. "Cannot tell" counts as no answer, "not mentioned" as a label of its own.
Intervals are percentile intervals of 1,000 bootstrap samples of units, as in `models.intervals`;
a bootstrap sample that leaves no two different labels has no alpha and is left out. There is none
for fewer than 10 units, nor where no two labels differ: drawing them again would show no spread, as
if the agreement were certain.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import krippendorff
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, select

from models.intervals import Interval, interval
from models.tables import readings
from reports.annotation.labels import CANNOT_TELL, CHOICES, Unit, units
from reports.annotation.tables import gold_items

__all__ = ["Agreement", "AgreementTable", "agreement_summary", "agreement_table"]

_VALUES = [choice for choice in CHOICES if choice != CANNOT_TELL]
_PAIR = 2
_LEAST_FOR_INTERVAL = 10
_RESAMPLES = 1_000
_SEED = 1

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on some units.

    `items` counts the units that two or more coders labelled and could tell, `coders` those coders.
    `percent` is the share of agreeing pairs of labels, from 0 to 100. `alpha` is None where there
    is no such unit or all have one label, which leaves nothing to tell from chance; `interval` is
    the one of 95 % and may be None where `alpha` is not.
    """

    items: int
    coders: int
    percent: float | None
    alpha: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """Agreement overall, by target and by language of the text."""

    overall: Agreement
    by_target: Mapping[str, Agreement]
    by_language: Mapping[str, Agreement]


def agreement_summary(connection: Connection) -> Agreement | None:
    """Return the agreement on all units, None where no unit has two labels."""
    overall = _agreement(units(connection))
    return overall if overall.items else None


def agreement_table(connection: Connection) -> AgreementTable:
    """Return the agreement overall and in parts; targets and languages are in order of name."""
    every = units(connection)
    query = select(readings.c.id, readings.c.language).join(gold_items).distinct()
    languages = {row.id: row.language or "unknown" for row in connection.execute(query)}
    return AgreementTable(
        overall=_agreement(every),
        by_target=_by(every, lambda item: item.target),
        by_language=_by(every, lambda item: languages[item.reading_id]),
    )


def _by(every: Sequence[Unit], name: Callable[[Row[Any]], str]) -> dict[str, Agreement]:
    parts: dict[str, list[Unit]] = {}
    for unit in every:
        if len(unit.decided) >= _PAIR:
            parts.setdefault(name(unit.items[0]), []).append(unit)
    return {part: _agreement(parts[part]) for part in sorted(parts)}


def _agreement(some: Sequence[Unit]) -> Agreement:
    paired = [unit for unit in some if len(unit.decided) >= _PAIR]
    counts = np.array([_counts(unit) for unit in paired], dtype=np.int64)
    if not paired:
        return Agreement(0, 0, None, None, None)
    return Agreement(
        items=len(paired),
        coders=len({coder for unit in paired for coder in unit.decided}),
        percent=_percent(counts),
        alpha=_alpha(counts),
        interval=_interval(counts),
    )


def _counts(unit: Unit) -> list[int]:
    found = Counter(unit.decided.values())
    return [found[value] for value in _VALUES]


def _percent(counts: Counts) -> float:
    """Return how many of all pairs of labels of one unit agree, in percent."""
    total = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum()
    return 100 * float(agreeing / (total * (total - 1)).sum())


def _alpha(counts: Counts) -> float | None:
    """Return alpha of (units, labels) counts of two or more each."""
    if np.count_nonzero(counts.any(axis=0)) < _PAIR:
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def _interval(counts: Counts) -> Interval | None:
    """Return the bootstrap interval of alpha, None where there can be none."""
    disputed = np.count_nonzero(counts, axis=1) >= _PAIR
    if len(counts) < _LEAST_FOR_INTERVAL or not disputed.any():
        return None
    chance = np.random.default_rng(_SEED)
    drawn = chance.integers(len(counts), size=(_RESAMPLES, len(counts)))
    alphas = [_alpha(counts[rows]) for rows in drawn]
    return interval(np.array([alpha for alpha in alphas if alpha is not None]))
