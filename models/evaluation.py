"""Measures a classifier on labelled rows, task by task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sklearn.metrics import accuracy_score, f1_score

from models.baselines import majority, tfidf_logistic_regression
from models.classifier import Classifier
from models.dataset import LabelledRow
from models.labels import LABELS

__all__ = ["Measures", "evaluate", "measure"]


@dataclass(frozen=True, slots=True)
class Measures:
    """What a labelling of n rows is worth, all shares from 0 to 1.

    `macro_f1` is the plain mean of the three classes' F1, 0 for a class that is neither there nor
    predicted; `polar_f1` leaves out neutral (the official metric of RuSentNE-2023).
    """

    n: int
    macro_f1: float
    polar_f1: float
    accuracy: float
    f1: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the measures as plain values."""
        return asdict(self)


def evaluate(
    rows: Sequence[LabelledRow],
    load: Callable[[str], Classifier],
    training: Sequence[LabelledRow] = (),
) -> dict[str, dict[str, Measures]]:
    """Measure the model that `load` returns for a task, and the baselines, for each task in `rows`.

    The inner keys are `model`, `majority` and, where `training` has rows of the task, `tfidf_lr`.
    """
    result = {}
    for task in LABELS:
        part = [row for row in rows if row.task == task]
        if part:
            same_task = [row for row in training if row.task == task]
            result[task] = _evaluate_task(part, load(task), same_task)
    return result


def measure(rows: Sequence[LabelledRow], predicted: Sequence[str]) -> Measures:
    """Compare predicted labels with those of `rows`, all of one task."""
    labels = list(LABELS[rows[0].task])
    truth = [row.label for row in rows]
    per_class = f1_score(truth, predicted, labels=labels, average=None, zero_division=0)
    f1 = {label: float(value) for label, value in zip(labels, per_class, strict=True)}
    return Measures(
        n=len(rows),
        macro_f1=float(per_class.mean()),
        polar_f1=float((per_class[0] + per_class[2]) / 2),
        accuracy=float(accuracy_score(truth, predicted)),
        f1=f1,
    )


def _evaluate_task(
    rows: Sequence[LabelledRow], classifier: Classifier, training: Sequence[LabelledRow]
) -> dict[str, Measures]:
    best = classifier.predict([row.passage for row in rows]).probabilities.argmax(axis=1)
    labels = LABELS[classifier.task]
    result = {
        "model": measure(rows, [labels[column] for column in best]),
        "majority": measure(rows, majority(rows)),
    }
    if training:
        result["tfidf_lr"] = measure(rows, tfidf_logistic_regression(training, rows))
    return result
