"""What a labelling is worth: precision, recall, F1, the confusion matrix, official metrics.

Labels are column numbers here: 0 against or negative, 1 neutral, 2 favor or positive.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

__all__ = [
    "MEASURES",
    "ClassMeasures",
    "Measures",
    "OfficialMetric",
    "PartMeasures",
    "from_confusion",
    "measure",
    "measure_part",
    "official_metric",
]

# What has an interval, in the order of the rows that `from_confusion` returns.
MEASURES = ("macro_f1", "polar_f1", "accuracy")

_COLUMNS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """How well one label is found: shares from 0 to 1; `support` counts the rows that have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Measures:
    """What a labelling of n rows is worth, all shares from 0 to 1.

    `macro_f1` is the plain mean of the three classes' F1, 0 for a class that is neither there nor
    predicted; `polar_f1` leaves out neutral. `confusion` counts rows: the true label down, the
    predicted one across.
    """

    n: int
    macro_f1: float
    polar_f1: float
    accuracy: float
    classes: Mapping[str, ClassMeasures]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PartMeasures:
    """Measures of some of the rows, where a class may be absent.

    `macro_f1` is the mean over the classes that these rows have: a target that everybody is
    against could not get over a third otherwise.
    """

    n: int
    macro_f1: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class OfficialMetric:
    """The figure by which others report a set: one of `MEASURES`, and who says so."""

    name: str
    measure: str
    reference: str


_THREE_CLASSES = "macro-F1 of three classes"
_OFFICIAL: Sequence[tuple[str, OfficialMetric]] = (
    (
        "RuSentNE-2023",
        OfficialMetric(
            "macro-F1 of positive and negative",
            "polar_f1",
            "Golubev, Rusnachenko, Loukachevitch 2023, RuSentNE-2023",
        ),
    ),
    (
        "NewsMTSC",
        OfficialMetric(_THREE_CLASSES, "macro_f1", "Hamborg, Donnay 2021, NewsMTSC (EACL)"),
    ),
)
_USUAL = OfficialMetric(_THREE_CLASSES, "macro_f1", "")


def official_metric(sources: Iterable[str]) -> OfficialMetric:
    """Return the metric of the set that `sources` name; the usual one for several sets or others.

    A source may say more after the set's name: ``RuSentNE-2023/PERSON``.
    """
    found = {_metric_of(source) for source in sources}
    return found.pop() if len(found) == 1 else _USUAL


def measure(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[str]
) -> Measures:
    """Compare predicted columns with the true ones, (n,) each, n > 0; `labels` names the three."""
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=_COLUMNS, average=None, zero_division=0
    )
    return Measures(
        n=len(truth),
        macro_f1=float(f1.mean()),
        polar_f1=float((f1[0] + f1[2]) / 2),
        accuracy=float(np.mean(truth == predicted)),
        classes={
            label: ClassMeasures(
                float(precision[column]),
                float(recall[column]),
                float(f1[column]),
                int(support[column]),
            )
            for column, label in enumerate(labels)
        },
        confusion=tuple(
            tuple(int(count) for count in line)
            for line in confusion_matrix(truth, predicted, labels=_COLUMNS)
        ),
    )


def measure_part(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> PartMeasures:
    """Measure some rows, (n,) columns each, n > 0."""
    present = np.unique(truth)
    macro = f1_score(truth, predicted, labels=present, average="macro", zero_division=0)
    return PartMeasures(len(truth), float(macro), float(np.mean(truth == predicted)))


def from_confusion(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return `MEASURES` of many confusion matrices at once: (..., 3, 3) counts to (3, ...)."""
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    either = matrices.sum(axis=-1) + matrices.sum(axis=-2)
    f1 = 2 * hits / np.maximum(either, 1)
    accuracy = hits.sum(axis=-1) / np.maximum(matrices.sum(axis=(-2, -1)), 1)
    return np.stack([f1.mean(axis=-1), f1[..., [0, 2]].mean(axis=-1), accuracy])


def _metric_of(source: str) -> OfficialMetric:
    return next((metric for prefix, metric in _OFFICIAL if source.startswith(prefix)), _USUAL)
