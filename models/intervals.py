"""How far chance alone could move a measure: the bootstrap over posts.

Rows of one post are no independent witnesses, so whole posts are drawn, each with all its rows
(Field and Welsh 2007, "Bootstrapping clustered data", the cluster bootstrap). The interval is the
percentile interval of Efron and Tibshirani 1993, chapter 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import bootstrap

from models.dataset import LabelledRow
from models.measures import MEASURES, from_confusion

__all__ = ["LEVEL", "Interval", "families_of", "interval", "posts_of", "resample", "shares_post"]

LEVEL = 0.95

_RESAMPLES = 1_000
_SEED = 1
_CELLS_AT_ONCE = 4_000_000  # keeps what one batch of resamples takes under some 100 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds between which 95 % of the resamples lie."""

    low: float
    high: float


def posts_of(rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return, for each of n rows, the number of its post: 0 to the number of posts - 1.

    Rows belong to one post when they share the post's id (within one source) or the text.
    """
    return _joined([_names(row) for row in rows])


def families_of(rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return the same for families: posts of one contrast group (of one source) are of one."""
    groups = [[("group", row.source, row.group)] if row.group else [] for row in rows]
    return _joined([[*_names(row), *group] for row, group in zip(rows, groups, strict=True)])


def shares_post(rows: Sequence[LabelledRow], others: Sequence[LabelledRow]) -> NDArray[np.bool_]:
    """Return, for each of n rows, whether its post is one of those of `others`."""
    posts = posts_of([*rows, *others])
    return np.isin(posts[: len(rows)], posts[len(rows) :])


def resample(
    truth: NDArray[np.int64],
    predictions: Sequence[NDArray[np.int64]],
    posts: NDArray[np.int64],
    *,
    resamples: int = _RESAMPLES,
    seed: int = _SEED,
) -> NDArray[np.float64]:
    """Return `MEASURES` of every labelling over resampled posts: (labellings, 3, resamples).

    All labellings are measured on the same resamples, so that they may be subtracted. With fewer
    than two posts there is nothing to resample: the last axis is then empty.
    """
    tables = np.stack([_tables(truth, predicted, posts) for predicted in predictions], axis=1)
    if len(tables) < 2:  # noqa: PLR2004 (two posts)
        return np.empty((len(predictions), len(MEASURES), 0))

    def measures(drawn: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        sums = tables[drawn].sum(axis=axis % drawn.ndim)
        return np.moveaxis(from_confusion(sums), -1, 0)

    result = bootstrap(
        (np.arange(len(tables)),),
        measures,
        n_resamples=resamples,
        batch=max(1, _CELLS_AT_ONCE // tables.size),
        vectorized=True,
        method="percentile",
        confidence_level=LEVEL,
        rng=np.random.default_rng(seed),
    )
    return np.asarray(result.bootstrap_distribution)


def interval(values: NDArray[np.float64]) -> Interval | None:
    """Return the percentile interval of (resamples,) values, None where there are none."""
    if not values.size:
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def _names(row: LabelledRow) -> list[tuple[str, ...]]:
    post = [("post", row.source, row.post_id)] if row.post_id else []
    return [("text", row.passage.text), *post]


def _joined(named: Sequence[Sequence[tuple[str, ...]]]) -> NDArray[np.int64]:
    """Return the part, 0 to the number of parts - 1, that each of n things belongs to.

    Things are of one part when they share a name, be it through others.
    """
    numbers: dict[tuple[str, ...], int] = {}
    pairs = [
        (index, len(named) + numbers.setdefault(name, len(numbers)))
        for index, names in enumerate(named)
        for name in names
    ]
    size = len(named) + len(numbers)
    starts, ends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (starts, ends)), shape=(size, size))
    parts = connected_components(graph, directed=False)[1][: len(named)]
    return np.asarray(parts, dtype=np.int64)


def _tables(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], posts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the confusion matrix of each post: (posts, 3, 3)."""
    tables = np.zeros((posts.max() + 1, 3, 3), dtype=np.int64)
    np.add.at(tables, (posts, truth, predicted), 1)
    return tables
