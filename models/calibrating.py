"""Fits the temperatures of `models.calibration` on held-out rows.

A temperature is the one that makes the labels of the rows the likeliest (Guo et al. 2017, "On
Calibration of Modern Neural Networks", section 4.2).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from models.calibration import Fit, TaskFit
from models.reliability import reliability

__all__ = ["FEWEST_ROWS", "fit"]

FEWEST_ROWS = 100  # of a task; fewer say too little about its confidence
_FEWEST_OF_LANGUAGE = 200
_BOUNDS = (0.25, 8.0)  # rows that ask for more are too easy or too few to tell


def fit(
    logits: NDArray[np.float32], truth: NDArray[np.int64], languages: Sequence[str | None]
) -> TaskFit | None:
    """Fit a task's temperatures on (n, 3) logits and the (n,) right columns of held-out rows.

    A language with 200 rows gets its own. Returns None for fewer than `FEWEST_ROWS` rows.
    """
    if len(truth) < FEWEST_ROWS:
        return None
    codes = np.array([language or "" for language in languages])
    by_language = {
        str(code): _fit(logits[codes == code], truth[codes == code])
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True)
        if code and count >= _FEWEST_OF_LANGUAGE
    }
    whole = _fit(logits, truth)
    return TaskFit(
        temperature=whole.temperature,
        rows=whole.rows,
        nll=whole.nll,
        ece=whole.ece,
        languages=by_language,
    )


def _fit(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> Fit:
    exact = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        likely = log_softmax(exact / np.exp(log_temperature), axis=1)
        return -float(likely[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=np.log(_BOUNDS), method="bounded")
    temperature = float(np.exp(found.x))
    before, after = (
        reliability(softmax(exact / divisor, axis=1).astype(np.float32), truth)
        for divisor in (1.0, temperature)
    )
    return Fit(
        temperature=temperature,
        rows=len(truth),
        nll=(before.log_loss, after.log_loss),
        ece=(before.ece, after.ece),
    )
