"""Corrected shares of figures (rows of a report) from what is known of the model's errors.

A figure is about n posts, whose shares over the cells of `reports.gold` are its mix.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.estimators.prediction_powered import power, rectifier

__all__ = ["Gold", "Shares", "pooled_shares", "powered_shares"]

Floats = NDArray[np.float64]

_VALUES = np.array([-1.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Shares:
    """Estimates for n figures: `shares` (n, 3) of against, neutral, favor; the net's `variance`."""

    shares: Floats
    variance: Floats

    @property
    def net(self) -> Floats:
        """Share in favor less share against, (n,)."""
        return np.asarray(self.shares @ _VALUES)


@dataclass(frozen=True, slots=True)
class Gold:
    """The labelled texts of an area, each array (n,): cell, true label, weight."""

    cell: NDArray[np.int64]
    truth: NDArray[np.int64]
    weight: Floats


def pooled_shares(mix: Floats, rates: Floats, covariance: Floats, effective: Floats) -> Shares:
    """Return shares by the error rates of each figure's cells.

    `mix` (n, c), `rates` (n, c, 3) and `covariance` (n, c, c) as in `ErrorRates`, `effective` (n,)
    the number of posts that the figure is worth. The variance is that of the rates and that of a
    mean of so many posts.
    """
    shares = np.einsum("nc,ncl->nl", mix, rates)
    of_rates = np.einsum("nc,ncd,nd->n", mix, covariance, mix)
    return Shares(shares, of_rates + _of_mean(shares, _VALUES, effective))


def powered_shares(
    mix: Floats,
    predicted: NDArray[np.int64],
    gold: Gold,
    texts: NDArray[np.int64],
    effective: Floats,
    part: Floats,
) -> Shares:
    """Return shares by prediction-powered inference, for figures of one area.

    `predicted` (c,) is the label of each cell, `gold` the area's labelled texts, `texts` (c,) the
    number of all its texts in each cell, `part` (n,) how much of the area's posts each figure is
    about, up to 1. To the variance of prediction-powered inference come two parts that it leaves
    out: the errors in some of the posts vary around those in all of them, and errors that no label
    has shown yet may be there all the same. For those half a text of each kind is added, as the
    prior of Jeffreys does for a share (Brown, Cai and DasGupta 2001, Statistical Science 16(2),
    section 3.1).
    """
    of_gold = np.eye(3)[predicted[gold.cell]]
    truth = np.eye(3)[gold.truth]
    values = _VALUES[predicted]
    variance = float(np.average(values**2, weights=texts) - np.average(values, weights=texts) ** 2)
    unlabelled = max(float(texts.sum()) - len(truth), 1.0)
    known = (truth @ _VALUES, of_gold @ _VALUES, gold.weight)
    tuned = power(*known, variance=variance, unlabelled=unlabelled)
    parts = [rectifier(truth[:, k], of_gold[:, k], gold.weight, tuned).mean for k in range(3)]
    net = rectifier(*known, tuned)
    predicted_shares = mix @ np.eye(3)[predicted]
    of_errors = (
        net.variance + _of_unseen(gold.weight) + net.spread * (1 - part) / np.maximum(effective, 1)
    )
    total = of_errors + tuned**2 * _of_mean(predicted_shares, _VALUES, effective)
    return Shares(_on_simplex(tuned * predicted_shares + np.array(parts)), total)


def _of_unseen(weights: Floats) -> float:
    """Return what half a text that errs by 1, and half a one by -1, add to a variance."""
    shares = weights / weights.sum()
    return 2 * (float(shares @ shares) / 2) ** 2


def _of_mean(shares: Floats, values: Floats, effective: Floats) -> Floats:
    """Return the variance of the mean of so many posts, whose labels have these shares."""
    spread = shares @ values**2 - (shares @ values) ** 2
    return np.asarray(np.maximum(spread, 0) / np.maximum(effective, 1))


def _on_simplex(shares: Floats) -> Floats:
    """Cut shares below zero off; the others then sum to one again."""
    kept = np.maximum(shares, 0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))
