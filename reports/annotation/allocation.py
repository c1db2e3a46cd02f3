"""How many units of each stratum a gold sample draws.

A stratum is a channel, a target and a predicted label. Sizes are shared out in two steps:

- between the cells of a channel and a target by power allocation with exponent 1/2 (Bankier 1988,
  "Power Allocations: Determining Sample Sizes for Subnational Areas", The American Statistician
  42(3)): large channels get more, but not so much more that small ones cannot be judged;
- within a cell by Neyman's allocation (Neyman 1934, "On the Two Different Aspects of the
  Representative Method", Journal of the Royal Statistical Society 97(4)): in proportion to the
  number of units times the expected standard deviation of the model's error. It is taken to be
  three times as large where the model takes a side or abstains as where it says neutral: where one
  in twenty neutral labels hides an opinion it is about 0.2, and where half of the opinions are
  none, about 0.6.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from models.labels import LABELS, STANCE
from reports.annotation.frame import PREDICTED

__all__ = ["STRATUM", "allocate", "expected_sizes", "strata_of"]

STRATUM = ["channel_id", "target_id", "predicted"]

_CELL = ["channel_id", "target_id"]
_POWER = 0.5
_NEUTRAL = PREDICTED.index(LABELS[STANCE][1])
_ERROR_OF_OPINIONS = 3.0  # standard deviation, that of neutral labels being 1

# The least from each stratum must not use up more than half of the sample: the rest of it tells of
# the large strata, where most missed opinions are.
_SHARE_FOR_LEAST = 0.5

Sizes = NDArray[np.int64]


def strata_of(units: pd.DataFrame) -> pd.DataFrame:
    """Return a row per stratum with `STRATUM` and `size`, the number of its units (over 0)."""
    return units.groupby(STRATUM, sort=True).size().rename("size").reset_index()


def expected_sizes(strata: pd.DataFrame, total: int) -> NDArray[np.float64]:
    """Return how many units of each stratum to draw on average: (strata,), the sum being `total`.

    Each is over 0 and at most the stratum's size; at least 1 where `total` is at least twice the
    number of strata. With fewer units than `total`, all are drawn.
    """
    size = strata["size"].to_numpy(dtype=np.float64)
    if size.sum() <= total:
        return size
    wanted = _measure(strata)
    least = 1.0 if len(size) <= _SHARE_FOR_LEAST * total else 0.0

    def shared(factor: float) -> NDArray[np.float64]:
        return np.clip(factor * wanted, least, size)

    return _scaled(shared, total, upper=float((size / wanted).max()))


def allocate(
    strata: pd.DataFrame, total: int, chance: np.random.Generator
) -> tuple[Sizes, NDArray[np.float64]]:
    """Return how many units to draw of each stratum, and the probability of each of its units.

    Both are (strata,). Where every stratum gets one or more, expected sizes are rounded by largest
    remainders, and the probability is drawn / size. Where there are more strata than the sample can
    serve, they are rounded up or down at random, so that a stratum's average is its expected size
    and the probability is that divided by size: systematic sampling of the fractional parts in
    random order within a predicted label (Madow 1949, "On the Theory of Systematic Sampling, II",
    Annals of Mathematical Statistics 20(3); Hartley and Rao 1962, "Sampling with Unequal
    Probabilities and without Replacement", the same 33(2)).
    """
    size = strata["size"].to_numpy(dtype=np.int64)
    expected = expected_sizes(strata, total)
    if (expected >= 1).all():
        drawn = _largest_remainders(expected)
        return drawn, drawn / size
    order = np.lexsort((chance.random(len(strata)), strata["predicted"]))
    drawn = np.empty(len(strata), dtype=np.int64)
    drawn[order] = _systematic(expected[order], chance)
    return drawn, expected / size


def _measure(strata: pd.DataFrame) -> NDArray[np.float64]:
    """Return numbers in proportion to which to share out the sample: (strata,)."""
    error = np.where(strata["predicted"] == _NEUTRAL, 1.0, _ERROR_OF_OPINIONS)
    weight = strata["size"] * error
    cell = weight.groupby([strata[name] for name in _CELL]).transform("sum")
    return (weight / cell * cell**_POWER).to_numpy(dtype=np.float64)


def _scaled(
    shared: Callable[[float], NDArray[np.float64]], total: int, *, upper: float
) -> NDArray[np.float64]:
    """Return `shared(factor)` for the factor that makes its sum `total`."""

    def missing(factor: float) -> float:
        return float(shared(factor).sum() - total)

    return shared(brentq(missing, 0.0, upper, xtol=1e-15, rtol=1e-14, maxiter=1_000))


def _largest_remainders(expected: NDArray[np.float64]) -> Sizes:
    """Round so that the sum is kept: down, then up where most was lost (Hamilton's method)."""
    rounded = np.floor(expected).astype(np.int64)
    left = round(expected.sum()) - rounded.sum()
    most_lost = np.argsort(rounded - expected, kind="stable")[:left]
    rounded[most_lost] += 1
    return rounded


def _systematic(expected: NDArray[np.float64], chance: np.random.Generator) -> Sizes:
    """Round each number up or down at random, its average being itself and the sum kept."""
    ends = np.concatenate([[0.0], np.cumsum(expected)])
    ends[-1] = round(ends[-1])  # a whole number but for the rounding of floats
    return np.diff(np.ceil(ends - chance.random())).astype(np.int64)
