"""The 95 % interval of a net share."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["net_interval"]

_Z = NormalDist().inv_cdf(0.975)


def net_interval(
    plus: ArrayLike, minus: ArrayLike, n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the 95 % interval of (plus - minus) / n, each between -1 and 1.

    `plus` and `minus` are counts out of `n` posts. The interval is the adjusted Wald interval for
    the difference of two shares of one multinomial sample (Bonett and Price 2012, "Adjusted Wald
    Confidence Interval for a Difference of Binomial Proportions Based on Paired Data", Journal of
    Educational and Behavioral Statistics 37(4)): unlike the plain one it does not shrink to a point
    when all posts have the same label. It takes posts as independent.
    """
    total = np.asarray(n, dtype=np.float64) + 2
    share_plus = (np.asarray(plus, dtype=np.float64) + 1) / total
    share_minus = (np.asarray(minus, dtype=np.float64) + 1) / total
    net = share_plus - share_minus
    half = _Z * np.sqrt((share_plus + share_minus - net**2) / total)
    return np.clip(net - half, -1, 1), np.clip(net + half, -1, 1)
