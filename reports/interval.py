"""The 95 % intervals of a net share, and of the difference of two."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["difference_interval", "net_interval"]

Floats = NDArray[np.float64]

_Z = NormalDist().inv_cdf(0.975)


def net_interval(
    plus: ArrayLike, minus: ArrayLike, n: ArrayLike, n_effective: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of (plus - minus) / n, each between -1 and 1.

    `plus` and `minus` are counts out of `n` posts. The interval is the adjusted Wald interval for
    the difference of two shares of one multinomial sample (Bonett and Price 2012, "Adjusted Wald
    Confidence Interval for a Difference of Binomial Proportions Based on Paired Data", Journal of
    Educational and Behavioral Statistics 37(4)): unlike the plain one it does not shrink to a point
    when all posts have the same label. It takes posts as independent, and where they are not it is
    given how many independent ones would tell as much, `n_effective` (reports.effective): the
    shares are then taken to come from so many (Korn and Graubard 1998, Survey Methodology 24(2)).
    """
    n = np.asarray(n, dtype=np.float64)
    size = n if n_effective is None else np.asarray(n_effective, dtype=np.float64)
    weight = np.divide(size, n, out=np.zeros(np.broadcast(size, n).shape), where=n > 0)
    total = size + 2
    share_plus = (np.asarray(plus, dtype=np.float64) * weight + 1) / total
    share_minus = (np.asarray(minus, dtype=np.float64) * weight + 1) / total
    net = share_plus - share_minus
    half = _Z * np.sqrt((share_plus + share_minus - net**2) / total)
    return np.clip(net - half, -1, 1), np.clip(net + half, -1, 1)


def difference_interval(
    new: tuple[ArrayLike, ArrayLike, ArrayLike], old: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of new - old, each given as (estimate, lower, upper).

    By MOVER, the method of variance estimates recovery, for independent estimates (Zou and Donner
    2008, "Construction of confidence limits about effect measures: A general approach", Statistics
    in Medicine 27(10), equations 4 and 5). It keeps what is lopsided in the two intervals.
    """
    (new_net, new_low, new_high), (old_net, old_low, old_high) = (
        [np.asarray(part, dtype=np.float64) for part in figure] for figure in (new, old)
    )
    difference = new_net - old_net
    low = difference - np.hypot(new_net - new_low, old_high - old_net)
    high = difference + np.hypot(new_high - new_net, old_net - old_low)
    return low, high
