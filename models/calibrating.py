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

__all__ = ["FEWEST_ROWS", "fit", "uncalibrated"]

FEWEST_ROWS = 100  # of a task; fewer say too little about its confidence
_FEWEST_OF_LANGUAGE = 200
_BOUNDS = (0.25, 8.0)  # rows that ask for more are too easy, too hard or too few to tell


def fit(
    logits: NDArray[np.float32], truth: NDArray[np.int64], languages: Sequence[str | None]
) -> TaskFit | None:
    """Fit a task's temperatures on (n, 3) logits and the (n,) right columns of held-out rows.

    A language with 200 rows gets its own. Returns None where `uncalibrated` says why; a language
    whose own rows ask for a temperature out of bounds has the task's.
    """
    if len(truth) < FEWEST_ROWS:
        return None
    codes = np.array([language or "" for language in languages])
    whole = _fit(logits, truth)
    if whole is None:
        return None
    by_language = {
        str(code): fitted
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True)
        if code and count >= _FEWEST_OF_LANGUAGE
        if (fitted := _fit(logits[codes == code], truth[codes == code]))
    }
    return TaskFit(
        temperature=whole.temperature,
        rows=whole.rows,
        nll=whole.nll,
        ece=whole.ece,
        languages=by_language,
    )


def uncalibrated(task: str, rows: int) -> str:
    """Say why `fit` returned None for so many held-out rows of a task."""
    if rows < FEWEST_ROWS:
        return (
            f"only {rows} held-out rows of {task}: its figures say little and it is not calibrated "
            f"(that takes {FEWEST_ROWS})"
        )
    return (
        f"{task} is not calibrated: no temperature within {_BOUNDS[0]:g} and {_BOUNDS[1]:g} fits "
        f"its {rows} held-out rows, which are too easy or too hard: give others with --dev"
    )


def _fit(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> Fit | None:
    """Return the best temperature, None where that is out of bounds: it says nothing then."""
    exact = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        likely = log_softmax(exact / np.exp(log_temperature), axis=1)
        return -float(likely[np.arange(len(truth)), truth].mean())

    found = minimize_scalar(loss, bounds=np.log(_BOUNDS), method="bounded")
    if min(map(loss, np.log(_BOUNDS))) <= found.fun:  # the search itself ends before a bound
        return None
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
