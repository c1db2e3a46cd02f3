"""Prediction-powered inference: a mean from predictions for all and true values for a few.

Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, "Prediction-powered inference", Science 382;
power tuning: Angelopoulos, Duchi and Zrnic 2023, "PPI++". For a sample with known inclusion
probabilities it is the difference estimator of survey sampling (Sarndal, Swensson and Wretman 1992,
section 6.3), here with weights that sum to one (Hajek).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rectifier", "power", "rectifier"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rectifier:
    """How much the true mean lies above that of `power` times the predictions.

    `spread` is the variance of that difference for one text.
    """

    mean: float
    variance: float
    spread: float
    power: float


def rectifier(truth: Floats, predicted: Floats, weights: Floats, power: float = 1.0) -> Rectifier:
    """Return the weighted mean of truth - power * predicted over n labelled texts, all (n,).

    `weights` are one over the inclusion probabilities, of any scale. The variance is that of a
    weighted mean whose weights are known, sum(w^2 (e - mean)^2) / sum(w)^2 * n / (n - 1).

    Raises ValueError for fewer than two texts, of which no variance can be told.
    """
    n = len(truth)
    if n < 2:  # noqa: PLR2004 (a variance needs two)
        raise ValueError(f"prediction-powered inference needs two labelled texts, there are {n}")
    shares = weights / weights.sum()
    errors = truth - power * predicted
    mean = float(shares @ errors)
    squares = (errors - mean) ** 2
    variance, spread = float(shares**2 @ squares), float(shares @ squares)
    return Rectifier(mean, variance * n / (n - 1), spread * n / (n - 1), power)


def power(
    truth: Floats, predicted: Floats, weights: Floats, *, variance: float, unlabelled: float
) -> float:
    """Return the tuned power: how far predictions help, 0 for not at all, 1 for fully (PPI++).

    It is cov(truth, predicted) / ((1 + n / `unlabelled`) * `variance`), which is that of all
    predictions, kept between 0 and 1; 1 where predictions do not vary.
    """
    if variance == 0:
        return 1.0
    shares = weights / weights.sum()
    covariance = float(shares @ ((predicted - shares @ predicted) * (truth - shares @ truth)))
    return float(np.clip(covariance / ((1 + len(truth) / unlabelled) * variance), 0, 1))
