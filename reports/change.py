"""How much a net figure differs from that of the period before."""

import numpy as np
import pandas as pd

from reports.interval import difference_interval
from reports.periods import is_whole
from reports.selection import Period

__all__ = ["change"]

_KEYS = ["channel_key", "target"]


def change(rows: pd.DataFrame, net: str, period: Period) -> pd.DataFrame:
    """Return `{net}_change`, its `_lo` and `_hi`, and `changed`, as `rows` is indexed.

    `rows` has a row per channel, target and period, with the columns `net`, `{net}_lo` and
    `{net}_hi` (NaN where suppressed). Compared is with the period that ends where this one begins:
    where it is missing or suppressed there is a gap, and no change. So it is where one of the two
    is cut by --since or --until, for such days may not be like the whole. `changed` is whether the
    interval excludes 0, and None without one. The two figures are taken as independent.
    """
    figures = [net, f"{net}_lo", f"{net}_hi"]
    ordered = rows.sort_values([*_KEYS, "period_start"], kind="stable")
    before, whole = ordered.shift(), is_whole(ordered, period)
    comparable = (
        (ordered[_KEYS] == before[_KEYS]).all(axis="columns")
        & (ordered["period_start"] == before["period_end"])
        & whole
        & whole.shift(fill_value=False)
    )
    new = ordered[figures].where(comparable)
    low, high = difference_interval(*(_columns(frame[figures]) for frame in (new, before)))
    moved = pd.Series((low > 0) | (high < 0), index=new.index, dtype=object)
    result = pd.DataFrame(
        {
            f"{net}_change": new[net] - before[net],
            f"{net}_change_lo": low,
            f"{net}_change_hi": high,
            "changed": moved.where(~np.isnan(low), None),
        },
        index=ordered.index,
    )
    return result.reindex(rows.index)


def _columns(
    figures: pd.DataFrame,
) -> tuple["pd.Series[float]", "pd.Series[float]", "pd.Series[float]"]:
    net, low, high = (figures[name] for name in figures)
    return net, low, high
