"""Measures a classifier on labelled rows, task by task, beside the trivial baselines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.errors import ModelError
from models.baselines import TfidfBaseline, majority
from models.dataset import LabelledRow
from models.groups import (
    AllRight,
    by_language,
    by_phenomenon,
    by_target,
    contrast_groups,
    opposite_stances,
)
from models.intervals import Interval, interval, posts_of, resample
from models.labeller import Labeller, Predictions
from models.labels import LABELS, SENTIMENT
from models.measures import (
    MEASURES,
    Measures,
    OfficialMetric,
    PartMeasures,
    measure,
    official_metric,
)
from models.reliability import (
    Reliability,
    RiskCoverage,
    Threshold,
    at_threshold,
    reliability,
    risk_coverage,
)

__all__ = [
    "MAJORITY",
    "MODEL",
    "TFIDF",
    "THRESHOLDS",
    "Difference",
    "Labelling",
    "TaskEvaluation",
    "evaluate",
    "measure_predictions",
    "predict_rows",
    "true_columns",
]

MODEL, TFIDF, MAJORITY = "model", "tfidf_lr", "majority"
THRESHOLDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Labelling:
    """What one way of labelling all rows is worth.

    `intervals` holds one for each of `MEASURES`, None with fewer than two posts.
    """

    measures: Measures
    intervals: Mapping[str, Interval | None]
    contrast_groups: AllRight | None
    opposite_stances: AllRight | None


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the model's macro-F1 exceeds the baseline's, on the same resampled posts."""

    macro_f1: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class TaskEvaluation:
    """Everything measured of one task; n rows, in the order in which they were given.

    `labellings` is by `MODEL`, `MAJORITY` and, where there is such a baseline, `TFIDF`; all else
    is the model's. `predicted` (n,) holds columns of `LABELS`. `answered` is what is left when the
    model abstains, where that was asked for.
    """

    task: str
    rows: Sequence[LabelledRow]
    predictions: Predictions
    predicted: NDArray[np.int64]
    posts: int
    official: OfficialMetric
    labellings: Mapping[str, Labelling]
    over_tfidf: Difference | None
    languages: Mapping[str, PartMeasures]
    targets: Mapping[str, PartMeasures]
    phenomena: Mapping[str, PartMeasures]
    reliability: Reliability
    risk_coverage: RiskCoverage
    thresholds: Sequence[Threshold]
    answered: Threshold | None

    @property
    def without_mention(self) -> int:
        """How many rows name a target (no claim) that does not occur in the text."""
        passages = (row.passage for row in self.rows)
        return sum(
            bool(passage.target and not passage.mentions and not passage.claim)
            for passage in passages
        )

    def as_json(self) -> dict[str, Any]:
        """Return all figures as plain values; shares as fractions, the model's at the top."""
        others = {name: _plain(part) for name, part in self.labellings.items() if name != MODEL}
        official = asdict(self.official)
        measures = asdict(self.labellings[MODEL].measures)
        return {
            "posts": self.posts,
            **_plain(self.labellings[MODEL]),
            **others,
            "official": {**official, "value": measures[self.official.measure]},
            "over_tfidf_lr": self.over_tfidf and asdict(self.over_tfidf),
            "languages": {name: asdict(part) for name, part in self.languages.items()},
            "targets": {name: asdict(part) for name, part in self.targets.items()},
            "phenomena": {name: asdict(part) for name, part in self.phenomena.items()},
            "reliability": asdict(self.reliability),
            "aurc": self.risk_coverage.aurc,
            "thresholds": [asdict(threshold) for threshold in self.thresholds],
            "answered": self.answered and asdict(self.answered),
            "truncated": int(self.predictions.truncated.sum()),
            "without_mention": self.without_mention,
        }


def evaluate(
    rows: Sequence[LabelledRow],
    load: Callable[[str], Labeller],
    baselines: Mapping[str, TfidfBaseline] | None = None,
    *,
    abstain_below: float | None = None,
    on_rows: Callable[[int], None] = lambda _count: None,
    on_skipped: Callable[[str, ModelError], None] | None = None,
) -> dict[str, TaskEvaluation]:
    """Measure the model that `load` returns for a task, for each task in `rows`.

    `baselines` are shown beside it, by task. `on_rows` is told how many more rows were labelled,
    `on_skipped` of a task that the model cannot do, and why. Raises ModelError where it can do
    none, or not all and `on_skipped` is not given.
    """
    result: dict[str, TaskEvaluation] = {}
    failed: list[ModelError] = []
    for task, part in _by_task(rows).items():
        try:
            labeller = load(task)
        except ModelError as error:
            if on_skipped is None:
                raise
            on_skipped(task, error)
            failed.append(error)
            continue
        predictions = predict_rows(labeller, part, on_rows)
        baseline = (baselines or {}).get(task)
        result[task] = measure_predictions(part, predictions, baseline, abstain_below=abstain_below)
    if failed and not result:
        raise failed[0]
    return result


def _by_task(rows: Sequence[LabelledRow]) -> dict[str, list[LabelledRow]]:
    """Return the rows of each task that has some, in the order of `LABELS`."""
    parts = {task: [row for row in rows if row.task == task] for task in LABELS}
    return {task: part for task, part in parts.items() if part}


def measure_predictions(
    rows: Sequence[LabelledRow],
    predictions: Predictions,
    baseline: TfidfBaseline | None = None,
    *,
    abstain_below: float | None = None,
) -> TaskEvaluation:
    """Measure what a model says of `rows`, all of one task and at least one."""
    task, probabilities = rows[0].task, predictions.probabilities
    truth, posts = true_columns(rows), posts_of(rows)
    predicted = probabilities.argmax(axis=1)
    guesses = {MODEL: predicted, MAJORITY: _columns(task, majority(rows))}
    if baseline:
        guesses[TFIDF] = _columns(task, baseline.predict(rows))
    resampled = dict(zip(guesses, resample(truth, list(guesses.values()), posts), strict=True))
    labellings = {
        name: _labelling(rows, posts, truth, guess, resampled[name])
        for name, guess in guesses.items()
    }
    return TaskEvaluation(
        task=task,
        rows=rows,
        predictions=predictions,
        predicted=predicted,
        posts=int(posts.max()) + 1,
        official=official_metric(row.source for row in rows),
        labellings=labellings,
        over_tfidf=_difference(labellings, resampled),
        languages=by_language(rows, truth, predicted),
        targets={} if task == SENTIMENT else by_target(rows, truth, predicted),
        phenomena=by_phenomenon(rows, truth, predicted),
        reliability=reliability(probabilities, truth),
        risk_coverage=risk_coverage(probabilities, truth),
        thresholds=[at_threshold(probabilities, truth, value) for value in THRESHOLDS],
        answered=None
        if abstain_below is None
        else at_threshold(probabilities, truth, abstain_below),
    )


def predict_rows(
    classifier: Labeller, rows: Sequence[LabelledRow], on_rows: Callable[[int], None]
) -> Predictions:
    """Return what a model says of `rows`, at least one; `on_rows` is told of more rows labelled."""
    parts = []
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        parts.append(classifier.predict([row.passage for row in part]))
        on_rows(len(part))
    return Predictions(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.truncated for part in parts]),
    )


def _labelling(
    rows: Sequence[LabelledRow],
    posts: NDArray[np.int64],
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    resampled: NDArray[np.float64],
) -> Labelling:
    task = rows[0].task
    return Labelling(
        measures=measure(truth, predicted, LABELS[task]),
        intervals={
            name: interval(values) for name, values in zip(MEASURES, resampled, strict=True)
        },
        contrast_groups=contrast_groups(rows, truth, predicted),
        opposite_stances=None if task == SENTIMENT else opposite_stances(posts, truth, predicted),
    )


def _difference(
    labellings: Mapping[str, Labelling], resampled: Mapping[str, NDArray[np.float64]]
) -> Difference | None:
    if TFIDF not in labellings:
        return None
    column = MEASURES.index("macro_f1")
    values = resampled[MODEL][column] - resampled[TFIDF][column]
    model, baseline = (labellings[name].measures.macro_f1 for name in (MODEL, TFIDF))
    return Difference(model - baseline, interval(values))


def true_columns(rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return the columns of `LABELS` that rows of one task, at least one, are labelled with."""
    return _columns(rows[0].task, [row.label for row in rows])


def _columns(task: str, labels: Sequence[str]) -> NDArray[np.int64]:
    return np.array([LABELS[task].index(label) for label in labels], dtype=np.int64)


def _plain(labelling: Labelling) -> dict[str, Any]:
    values = asdict(labelling)
    return {**values.pop("measures"), **values}
