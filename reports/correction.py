"""Shares and net stance corrected for the model's errors, by what people said of a gold sample.

Which way, for a channel and a target over all of the report's time (`correction` says):

- "ppi", where people settled at least 50 of its own texts: prediction-powered inference over the
  weighted sample (`reports.estimators.prediction_powered`).
- "pooled", where they settled fewer: adjusted counting with error rates that channels lend each
  other (`reports.estimators.pooled`), from all labels for that target; "pooled-targets": from those
  for all targets of the report, where the target alone has fewer than 100.
- Nothing where all these are fewer than 50.

All scored posts count, abstained ones too: what they say is known from the sample. In a report by
day, week or month the model is taken to err in each period as it does over all of them. Intervals
take in what is not known of the errors and, as those of the raw figures, how much the figure would
vary with other posts of the same kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from reports.estimators.pooled import pooled_error_rates
from reports.estimators.shares import Gold, Shares, pooled_shares, powered_shares
from reports.gold import CELLS, PREDICTED, cell_counts, gold_texts, text_counts
from reports.selection import Selection

__all__ = ["CORRECTED", "correct", "corrected"]

Floats = NDArray[np.float64]

CORRECTED = (
    "share_favor_corrected",
    "share_neutral_corrected",
    "share_against_corrected",
    "net_stance_corrected",
    "net_stance_corrected_lo",
    "net_stance_corrected_hi",
)

_OWN_LABELS = 50
_LABELS_OF_TARGET = 100
_LABELS_IN_ALL = 50

_AREA = ["channel_key", "target"]
_Z = NormalDist().inv_cdf(0.975)


def corrected(connection: Connection, selection: Selection, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the corrected columns of `stance.csv` for its rows, by the archive's gold labels.

    `rows` is as in `correct`; rows under the selection's minimum of labelled posts get none.
    """
    gold = gold_texts(connection, selection)
    if len(gold) < _LABELS_IN_ALL:
        return _empty(rows)
    counts, texts = cell_counts(connection, selection), text_counts(connection, selection)
    return correct(rows, counts, gold, minimum=selection.minimum, texts=texts)


def correct(
    rows: pd.DataFrame,
    counts: pd.DataFrame,
    gold: pd.DataFrame,
    *,
    minimum: int,
    texts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the columns `CORRECTED`, correction ("" for none) and gold_n, in the index of `rows`.

    `rows` has the columns channel_key, target, period_start, n_scored, of these the labelled ones
    (not abstained) n_minus, n_zero and n_plus, and their n_effective; `counts`, `gold` and `texts`
    are as `reports.gold` returns them. Without `texts` the report is taken to be about the whole
    archive, and `counts` to have a column of its texts. `gold_n` is how many settled texts the
    correction rests on.
    """
    result = _empty(rows)
    posts = _posts(rows, counts)
    n = posts.sum(axis=1)
    labelled = rows[["n_minus", "n_zero", "n_plus"]].sum(axis=1)
    effective = (rows["n_effective"] * rows["n_scored"] / labelled.clip(lower=1)).to_numpy(
        dtype=float
    )
    archive = counts if texts is None else texts
    texts = archive.groupby([*_AREA, "cell"])[["posts", "texts"]].sum().reset_index()
    enough = (labelled.to_numpy() >= max(minimum, 1)) & (n > 0)
    for way, covered, labels in _ways(rows, gold):
        places = np.flatnonzero(enough & covered)
        if len(places):
            part = _Part(rows.iloc[places][_AREA], posts[places], effective[places], texts, labels)
            found = _powered(part) if way == "ppi" else _pooled(part)
            _fill(result, rows.index[places], found, way, len(labels))
    return result


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that are corrected together, (n, ...) each, and what is known of all areas' texts."""

    areas: pd.DataFrame
    posts: Floats
    effective: Floats
    texts: pd.DataFrame
    gold: pd.DataFrame

    @property
    def mix(self) -> Floats:
        """The shares of each row's posts over cells."""
        return np.asarray(self.posts / self.posts.sum(axis=1, keepdims=True))


def _empty(rows: pd.DataFrame) -> pd.DataFrame:
    numbers = pd.DataFrame(np.nan, index=rows.index, columns=list(CORRECTED), dtype="float64")
    nothing = pd.Series("", index=rows.index, dtype="str")
    return numbers.assign(correction=nothing, gold_n=0)


def _posts(rows: pd.DataFrame, counts: pd.DataFrame) -> Floats:
    """Return the number of posts of each row in each cell, (n, c)."""
    numbered = rows[[*_AREA, "period_start"]].assign(row=np.arange(len(rows)))
    found = pd.merge_asof(
        counts.astype({"day": rows["period_start"].dtype}).sort_values("day"),
        numbered.sort_values("period_start"),
        left_on="day",
        right_on="period_start",
        by=_AREA,
    ).dropna(subset=["row"])
    posts = np.zeros((len(rows), CELLS))
    np.add.at(posts, (found["row"].astype("int64"), found["cell"]), found["posts"])
    return posts


def _ways(
    rows: pd.DataFrame, gold: pd.DataFrame
) -> Iterator[tuple[str, NDArray[np.bool_], pd.DataFrame]]:
    """Yield each way of correcting with the rows that it is for and the labels it rests on."""
    areas = pd.MultiIndex.from_frame(rows[_AREA])
    alone = np.zeros(len(rows), dtype=bool)
    for area, labels in gold.groupby(_AREA):
        if len(labels) >= _OWN_LABELS:
            own = np.asarray(areas == area)
            alone |= own
            yield "ppi", own, labels
    others = ~alone
    for target, labels in gold.groupby("target"):
        if len(labels) >= _LABELS_OF_TARGET:
            of_target = (rows["target"] == target).to_numpy()
            yield "pooled", others & of_target, labels
            others &= ~of_target
    if len(gold) >= _LABELS_IN_ALL:
        yield "pooled-targets", others, gold


def _powered(part: _Part) -> Shares:
    gold = Gold(*(part.gold[name].to_numpy() for name in ("cell", "truth", "weight")))
    own = np.asarray(pd.MultiIndex.from_frame(part.texts[_AREA]) == tuple(part.areas.iloc[0]))
    known = part.texts[own]
    texts = np.zeros(CELLS, dtype=np.int64)
    np.add.at(texts, known["cell"], known["texts"])
    part_of_all = np.minimum(part.posts.sum(axis=1) / max(known["posts"].sum(), 1), 1)
    return powered_shares(part.mix, PREDICTED, gold, texts, part.effective, part_of_all)


def _pooled(part: _Part) -> Shares:
    areas = pd.concat([part.areas, part.gold[_AREA]]).drop_duplicates()
    numbers = pd.Series(np.arange(len(areas)), index=pd.MultiIndex.from_frame(areas))
    gold = np.zeros((len(areas), CELLS, 3), dtype=np.int64)
    np.add.at(gold, (_numbers(part.gold, numbers), part.gold["cell"], part.gold["truth"]), 1)
    texts = np.zeros((len(areas), CELLS), dtype=np.int64)
    known = part.texts[pd.MultiIndex.from_frame(part.texts[_AREA]).isin(numbers.index)]
    np.add.at(texts, (_numbers(known, numbers), known["cell"]), known["texts"])
    rates = pooled_error_rates(np.maximum(texts - gold.sum(axis=2), 0), gold)
    row = _numbers(part.areas, numbers)
    return pooled_shares(part.mix, rates.mean[row], rates.covariance[row], part.effective)


def _numbers(frame: pd.DataFrame, numbers: "pd.Series[int]") -> NDArray[np.int64]:
    places = numbers.loc[pd.MultiIndex.from_frame(frame[_AREA])]
    return np.asarray(places, dtype=np.int64)


def _fill(
    result: pd.DataFrame, index: "pd.Index[int]", found: Shares, way: str, gold_n: int
) -> None:
    against, neutral, favor = found.shares.T
    half = _Z * np.sqrt(found.variance)
    low, high = np.clip(found.net - half, -1, 1), np.clip(found.net + half, -1, 1)
    columns = (favor, neutral, against, found.net, low, high)
    for name, values in zip(CORRECTED, columns, strict=True):
        result.loc[index, name] = values
    result.loc[index, "correction"] = way
    result.loc[index, "gold_n"] = gold_n
