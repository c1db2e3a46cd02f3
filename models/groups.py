"""Measures over rows that belong together: contrast groups, opposite stances, parts of a set."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.dataset import LabelledRow
from models.measures import PartMeasures, measure_part

__all__ = [
    "OTHER_TARGETS",
    "AllRight",
    "by_language",
    "by_phenomenon",
    "by_target",
    "contrast_groups",
    "opposite_stances",
]

OTHER_TARGETS = "other targets"

_ROWS_OF_A_TARGET = 10
_AGAINST, _NEUTRAL, _FAVOR = 0, 1, 2


@dataclass(frozen=True, slots=True)
class AllRight:
    """Of `n` groups of rows, `right` have every label right; `share` from 0 to 1."""

    n: int
    right: int
    share: float


def contrast_groups(
    rows: Sequence[LabelledRow], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> AllRight | None:
    """Count groups of two or more rows with every label right; None where there is no such group.

    Gardner et al. 2020, "Evaluating models' local decision boundaries via contrast sets", call the
    share contrast consistency.
    """
    names = [(row.source, row.group) if row.group else None for row in rows]
    counts = Counter(names)
    large = [name if counts[name] > 1 else None for name in names]
    return _all_right(large, truth == predicted)


def opposite_stances(
    posts: NDArray[np.int64], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> AllRight | None:
    """Count posts against one target and in favor of another, with every row of both kinds right.

    `posts` (n,) numbers the post of each row. None where no post holds both.
    """
    both = np.intersect1d(posts[truth == _AGAINST], posts[truth == _FAVOR])
    counted = np.isin(posts, both) & (truth != _NEUTRAL)
    names = [post if count else None for post, count in zip(posts, counted, strict=True)]
    return _all_right(names, truth == predicted)


def by_language(
    rows: Sequence[LabelledRow], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, PartMeasures]:
    """Measure each language that rows name, the commonest first."""
    return _parts([row.lang for row in rows], truth, predicted)


def by_phenomenon(
    rows: Sequence[LabelledRow], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, PartMeasures]:
    """Measure each phenomenon that rows name, the commonest first."""
    return _parts([row.phenomenon for row in rows], truth, predicted)


def by_target(
    rows: Sequence[LabelledRow], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, PartMeasures]:
    """Measure each target of ten or more rows, the commonest first, then all others together.

    Empty where no target has so many.
    """
    names = [row.passage.target or "" for row in rows]
    rare = {name for name, count in Counter(names).items() if count < _ROWS_OF_A_TARGET}
    joined = [OTHER_TARGETS if name in rare else name for name in names]
    parts = _parts(joined, truth, predicted)
    others = parts.pop(OTHER_TARGETS, None)
    return {**parts, OTHER_TARGETS: others} if parts and others else parts


def _parts(
    names: Sequence[str], truth: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, PartMeasures]:
    column = np.array(names)
    found = {}
    for name, _ in Counter(names).most_common():
        if name:
            part = column == name
            found[name] = measure_part(truth[part], predicted[part])
    return found


def _all_right(names: Sequence[Hashable], right: NDArray[np.bool_]) -> AllRight | None:
    """Count the named groups of rows that are right in every row; None is no name."""
    groups: dict[Hashable, bool] = {}
    for name, is_right in zip(names, right, strict=True):
        if name is not None:
            groups[name] = groups.get(name, True) and bool(is_right)
    if not groups:
        return None
    good = sum(groups.values())
    return AllRight(len(groups), good, good / len(groups))
