"""Whether a model is right as often as it is sure, and what abstaining gains.

A row's confidence is the probability of the label that it gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, f1_score, log_loss

__all__ = [
    "Reliability",
    "ReliabilityBin",
    "RiskCoverage",
    "Threshold",
    "at_threshold",
    "reliability",
    "risk_coverage",
]

_BINS = 15
_COLUMNS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The n rows of about one confidence: its mean, and the share of them that is right."""

    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well probabilities say how often the model is right; the lower the better.

    `ece` is the expected calibration error, the mean gap between confidence and accuracy in 15
    equal-width bins of confidence, 0 to 1 (Guo et al. 2017, section 2). `brier` is half the sum of
    squared differences over the classes, mean over rows, 0 to 1 (Brier 1950). `log_loss` is the
    mean negative log-likelihood of the true label, in nats. `bins` are those that hold rows.
    """

    ece: float
    brier: float
    log_loss: float
    bins: Sequence[ReliabilityBin]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The share of errors among the rows that a model is surest of, for each number of rows.

    `coverage` (n,) is the share of rows answered, 1/n to 1; `threshold` (n,) the lowest confidence
    among them; `risk` (n,) the share of errors among them (El-Yaniv and Wiener 2010; Geifman and
    El-Yaniv 2017). Rows of one confidence come in no order: each counts as their mean. `aurc` is
    the mean risk over all coverages, the area under the curve (Geifman et al. 2019, section 2).
    """

    coverage: NDArray[np.float64]
    threshold: NDArray[np.float64]
    risk: NDArray[np.float64]
    aurc: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is left when the model abstains below a confidence.

    `coverage` is the share of rows answered; `accuracy` and `macro_f1` are those of the answered
    rows, None where there are none.
    """

    abstain_below: float
    answered: int
    abstained: int
    coverage: float
    accuracy: float | None
    macro_f1: float | None


def reliability(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> Reliability:
    """Compare (n, 3) probabilities with the true columns (n,), n > 0."""
    confidence, right = _confidence(probabilities), probabilities.argmax(axis=1) == truth
    bins = _bins(confidence, right)
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)  # half precision does not add up to 1 closely enough
    return Reliability(
        ece=sum(part.n * abs(part.accuracy - part.confidence) for part in bins) / len(truth),
        brier=float(brier_score_loss(truth, exact, labels=_COLUMNS, scale_by_half=True)),
        log_loss=float(log_loss(truth, exact, labels=_COLUMNS)),
        bins=bins,
    )


def risk_coverage(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> RiskCoverage:
    """Return the risk-coverage curve of (n, 3) probabilities and true columns (n,), n > 0."""
    wrong = probabilities.argmax(axis=1) != truth
    confidence, block, size = np.unique(
        _confidence(probabilities), return_inverse=True, return_counts=True
    )
    mean_error = np.bincount(block, weights=wrong) / size
    answered = np.arange(1, len(truth) + 1)
    risk = np.cumsum(np.repeat(mean_error[::-1], size[::-1])) / answered
    return RiskCoverage(
        coverage=answered / len(truth),
        threshold=np.repeat(confidence[::-1], size[::-1]),
        risk=risk,
        aurc=float(risk.mean()),
    )


def at_threshold(
    probabilities: NDArray[np.float32], truth: NDArray[np.int64], abstain_below: float
) -> Threshold:
    """Measure the rows whose confidence is `abstain_below` or more."""
    sure = _confidence(probabilities) >= abstain_below
    right, predicted = truth[sure], probabilities.argmax(axis=1)[sure]
    return Threshold(
        abstain_below=abstain_below,
        answered=len(right),
        abstained=len(truth) - len(right),
        coverage=len(right) / len(truth),
        accuracy=float(np.mean(predicted == right)) if len(right) else None,
        macro_f1=_macro_f1(right, predicted) if len(right) else None,
    )


def _macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    return float(f1_score(truth, predicted, labels=_COLUMNS, average="macro", zero_division=0))


def _confidence(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n,) confidences; rounding must not lift one over 1, which scikit-learn refuses."""
    confidence: NDArray[np.float32] = np.minimum(probabilities.max(axis=1), np.float32(1))
    return confidence


def _bins(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> list[ReliabilityBin]:
    """Return the bins that hold rows, as `calibration_curve` cuts them, with their sizes."""
    accuracies, confidences = calibration_curve(
        right.astype(int), confidence, pos_label=1, n_bins=_BINS, strategy="uniform"
    )
    inner_edges = np.linspace(0, 1, _BINS + 1)[1:-1]
    sizes = np.bincount(np.searchsorted(inner_edges, confidence))
    bins = zip(sizes[sizes > 0], confidences, accuracies, strict=True)
    return [ReliabilityBin(int(n), float(sure), float(share)) for n, sure, share in bins]
