"""The rows of `stance.csv` and `sentiment.csv` as the page shows them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from models.labels import LABELS, STANCE
from reports.channel import Channel

__all__ = ["Estimate", "Net", "estimates", "nice_limit"]

_LIMITS = (0.1, 0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Net:
    """A net share from -1 to 1 and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row: counts, and the net figures there are; `target` is empty for a sentiment.

    `until` is exclusive. `raw` is None where the row is suppressed, and `reason` then says why;
    `corrected` is None without labels given by hand. `coverage` is None where it is not known.
    """

    channel: Channel
    target: str
    since: date
    until: date
    raw: Net | None
    corrected: Net | None
    minus: int
    neutral: int
    plus: int
    abstained: int
    relevant: int
    posts: int
    gold: int
    coverage: float | None
    reason: str

    @property
    def shown(self) -> Net | None:
        """The corrected figure where there is one, else the raw one."""
        return self.corrected or self.raw

    @property
    def labelled(self) -> int:
        """How many posts have a label that counts."""
        return self.minus + self.neutral + self.plus


def estimates(frame: pd.DataFrame, task: str = STANCE) -> list[Estimate]:
    """Return the rows of a frame in the columns of `stance.csv`, or of the file of another task."""
    return [_estimate(row, task) for row in frame.to_dict("records")]


def nice_limit(nets: Sequence[Net], *, whiskers: bool = True) -> float:
    """Return the least round number from 0.1 to 1 that no figure, nor interval, goes beyond."""
    ends = [end for net in nets for end in (net.low, net.high)]
    largest = max((abs(end) for end in (ends if whiskers else [n.value for n in nets])), default=1)
    return next((limit for limit in _LIMITS if largest <= limit), 1.0)


def _estimate(row: dict[Any, Any], task: str) -> Estimate:
    minus, neutral, plus = LABELS[task]
    name = f"net_{task}"
    return Estimate(
        channel=Channel(row["title"], row["channel"], row["channel_id"]),
        target=row.get("target", ""),
        since=row["period_start"].date(),
        until=row["period_end"].date(),
        raw=_net(row, name, ""),
        corrected=_net(row, name, "_corrected"),
        minus=row[f"n_{minus}"],
        neutral=row[f"n_{neutral}"],
        plus=row[f"n_{plus}"],
        abstained=row["n_abstained"],
        relevant=row["n_relevant"],
        posts=row["n_posts"],
        gold=row.get("gold_n", 0),
        coverage=None if pd.isna(row["coverage"]) else float(row["coverage"]),
        reason=row["suppress_reason"],
    )


def _net(row: dict[Any, Any], name: str, suffix: str) -> Net | None:
    keys = (f"{name}{suffix}", f"{name}{suffix}_lo", f"{name}{suffix}_hi")
    value, low, high = (float(row.get(key, math.nan)) for key in keys)
    return None if math.isnan(value) else Net(value, low, high)
