"""How many independent posts would tell as much as the labelled ones of a row.

Copies and forwards of one text within a channel are one opinion, and posts of one day hang
together. Let two different texts of one day have the correlation rho, two posts of one text the
correlation 1, and other posts none. The mean of n values with variance s^2 then has the variance

    s^2 / n^2 * (sum_t m_t^2 + rho * (sum_d n_d^2 - sum_td m_td^2))

with m_t posts of text t, n_d posts of day d, and m_td posts of text t on day d, so that it tells as
much as n^2 / (...) independent posts (Kish 1965, "Survey Sampling", section 5.4, for clusters that
are either; without copies it is n / (1 + rho * (sum_d n_d^2 / n - 1)), his design effect).
"""

import numpy as np
import pandas as pd

__all__ = ["PAIRS", "SAME_TEXT", "day_correlations", "effective_n"]

# Ordered pairs of different posts of a row, in columns that are summed over days.
SAME_TEXT = "pairs_same_text"
PAIRS = ["pairs_same_day", "pairs_same_day_and_text"]

_ENOUGH = 30  # degrees of freedom between days


def effective_n(rows: pd.DataFrame, rho: "pd.Series[float]") -> "pd.Series[float]":
    """Return n_effective, between 1 and n, of rows with `n` and numbers of pairs; 0 without posts.

    `pairs_same_text` counts the ordered pairs of different posts that have one text, whatever their
    days; `pairs_same_day` those of one day; `pairs_same_day_and_text` those that are both. `rho`
    is the correlation of different texts of one day, for each row.
    """
    n = rows["n"].astype("float64")
    same_day = rows["pairs_same_day"] - rows["pairs_same_day_and_text"]
    weight = n + rows[SAME_TEXT] + rho * same_day
    return (n**2 / weight.where(weight > 0)).fillna(0.0)


def day_correlations(days: pd.DataFrame) -> "pd.Series[float]":
    """Return the correlation of different texts of one day, from 0 to 1, per target.

    `days` has a row per channel, target and day: `channel_key`, `target`, the calendar `week`, the
    number `n` of different labelled texts, the sum `total` of their values -1, 0 and 1, and that of
    their `squares`. The estimate is that of a one-way analysis of variance of days within the weeks
    of channels, so that a channel that comes to think otherwise is none whose days hang together
    (Donner 1986, "A Review of Inference Procedures for the Intraclass Correlation Coefficient in
    the One-Way Random Effects Model", International Statistical Review 54(1), section 2), pooled
    over all channels of a target: one channel has too few posts a day. A target with fewer than 30
    degrees of freedom between days gets the estimate pooled over all targets, and where not even
    they have days with several posts, or several days, it is 0: there is nothing to tell it by.
    """
    within = _analysis(days[days["n"] > 0])
    pooled = _estimate(within.sum().to_frame().T).iloc[0]
    by_target = within.groupby("target").sum()
    estimates = _estimate(by_target)
    enough = (by_target["days_free"] >= _ENOUGH) & (by_target["posts_free"] >= _ENOUGH)
    known = estimates.where(enough, pooled)
    return known.reindex(days["target"].unique()).fillna(pooled).fillna(0.0).clip(0, 1)


def _analysis(days: pd.DataFrame) -> pd.DataFrame:
    """Return sums of squares and degrees of freedom, to be added, per channel, target and week."""
    n, total = days["n"], days["total"]
    parts = days.assign(square_of_day=total**2 / n, n_squared=n**2, day=1)
    columns = ["n", "total", "squares", "square_of_day", "n_squared", "day"]
    sums = parts.groupby(["channel_key", "target", "week"])[columns].sum()
    return pd.DataFrame(
        {
            "between": sums["square_of_day"] - sums["total"] ** 2 / sums["n"],
            "within": sums["squares"] - sums["square_of_day"],
            "days_free": sums["day"] - 1,
            "posts_free": sums["n"] - sums["day"],
            "size": sums["n"] - sums["n_squared"] / sums["n"],  # n_0 of Donner, times days_free
        }
    )


def _estimate(sums: pd.DataFrame) -> "pd.Series[float]":
    """Return the correlation for rows of added sums; NaN where there is nothing to tell it by."""
    days_free, posts_free = (
        sums[name].where(sums[name] > 0) for name in ("days_free", "posts_free")
    )
    between, within = sums["between"] / days_free, sums["within"] / posts_free
    size = sums["size"] / days_free
    variance = between + (size - 1) * within
    return ((between - within) / variance.where(variance > 0)).astype(np.float64)
