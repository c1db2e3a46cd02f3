"""What a cascade of two models is worth, for every share of rows that the second one labels."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from collector.errors import ModelError
from models.dataset import LabelledRow
from models.evaluation import TaskEvaluation, predict_rows, true_columns
from models.intervals import Interval, interval, posts_of, resample
from models.labeller import Labeller
from models.labels import LABELS
from models.measures import MEASURES, Measures, measure

__all__ = ["SHARES", "CascadeCurve", "CascadePoint", "cascade_curve", "evaluate_cascade"]

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

_NEAR = 200  # a threshold may be rounded where that moves one row in so many over it
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class CascadePoint:
    """How n rows are labelled when those of a confidence under `below` go to the second model.

    `below` is None where all of them do. `share` is that of the `escalated` rows, from 0 to 1;
    `gain` is by how much `macro_f1` exceeds the first model's, on the same resampled posts;
    `intervals` are those of `accuracy`, `macro_f1` and `gain`, None with fewer than two posts.
    """

    below: float | None
    escalated: int
    share: float
    accuracy: float
    macro_f1: float
    gain: float
    intervals: Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True)
class CascadeCurve:
    """Points of growing share: the first is the first model alone, the last the second alone."""

    n: int
    points: Sequence[CascadePoint]

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain values, shares as fractions."""
        return asdict(self)


def evaluate_cascade(
    tasks: Mapping[str, TaskEvaluation],
    load: Callable[[str], Labeller],
    on_rows: Callable[[int], None],
    on_skipped: Callable[[str, ModelError], None],
) -> dict[str, CascadeCurve]:
    """Run a second model over the rows that a first one was measured on; return the curves by task.

    `load` returns the second model for a task, `on_rows` is told how many more rows were labelled,
    `on_skipped` of a task that it cannot do, and why. Raises ModelError where it can do none.
    """
    result: dict[str, CascadeCurve] = {}
    failed: list[ModelError] = []
    for task, first in tasks.items():
        try:
            labeller = load(task)
        except ModelError as error:
            failed.append(error)
            on_skipped(task, error)
            continue
        second = predict_rows(labeller, first.rows, on_rows)
        result[task] = cascade_curve(
            first.rows, first.predictions.probabilities, second.probabilities
        )
    if failed and not result:
        raise failed[0]
    return result


def cascade_curve(
    rows: Sequence[LabelledRow], first: NDArray[np.float32], second: NDArray[np.float32]
) -> CascadeCurve:
    """Compare cascades of two models by their (n, 3) probabilities of `rows`, n > 0, of one task.

    Thresholds are put so that about each of `SHARES` of the rows is under one; fewer where many
    rows have the same confidence. Those with the same rows under them are one point.
    """
    truth = true_columns(rows)
    confidence = first.max(axis=1).astype(np.float64)  # as an archive compares it
    thresholds = _thresholds(confidence)
    under = [_under(confidence, below) for below in thresholds]
    labellings = [np.where(one, second.argmax(axis=1), first.argmax(axis=1)) for one in under]
    resampled = resample(truth, labellings, posts_of(rows))
    measured = [measure(truth, labelling, LABELS[rows[0].task]) for labelling in labellings]
    worth = [_Worth(*pair) for pair in zip(measured, resampled, strict=True)]
    parts = zip(thresholds, under, worth, strict=True)
    return CascadeCurve(len(rows), [_point(*part, worth[0]) for part in parts])


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a labelling is worth: on all rows, and `MEASURES` of resamples, (3, resamples)."""

    measured: Measures
    resampled: NDArray[np.float64]

    def over(self, other: Self, name: str) -> Interval | None:
        """Return the interval of the difference in a measure."""
        column = MEASURES.index(name)
        return interval(self.resampled[column] - other.resampled[column])


def _point(
    below: float | None, under: NDArray[np.bool_], worth: _Worth, first: _Worth
) -> CascadePoint:
    measured = worth.measured
    shown = ("accuracy", "macro_f1")
    intervals = {name: interval(worth.resampled[MEASURES.index(name)]) for name in shown}
    return CascadePoint(
        below=below,
        escalated=int(under.sum()),
        share=float(under.mean()),
        accuracy=measured.accuracy,
        macro_f1=measured.macro_f1,
        gain=measured.macro_f1 - first.measured.macro_f1,
        intervals={**intervals, "gain": worth.over(first, "macro_f1")},
    )


def _under(confidence: NDArray[np.float64], below: float | None) -> NDArray[np.bool_]:
    return confidence < (math.inf if below is None else below)


def _thresholds(confidence: NDArray[np.float64]) -> list[float | None]:
    """Return the threshold for each share, less those that the same rows are under."""
    ranks = np.sort(confidence)
    found: dict[int, float | None] = {0: 0.0}
    for share in SHARES[1:-1]:
        below = _short(ranks, float(ranks[int(share * len(ranks))]))
        found.setdefault(int(np.searchsorted(ranks, below)), below)
    found[len(ranks)] = None
    return [found[count] for count in sorted(found)]


def _short(ranks: NDArray[np.float64], below: float) -> float:
    """Return `below` cut to as few digits as leave about the same rows under it."""
    wanted = np.searchsorted(ranks, below)
    for digits in range(2, _MOST_DIGITS):
        scale = 10.0**digits
        short = math.floor(below * scale) / scale
        if wanted - np.searchsorted(ranks, short) <= len(ranks) / _NEAR:
            return short
    return below
