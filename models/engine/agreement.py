"""How far two backends agree on what a model says, head by head. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.labels import LABELS, head_label

__all__ = ["Agreement", "agreement", "heads"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`same` is the share of labels that are the same; `largest` the most a probability differs.

    `margin` is the mean change of how far the likeliest logit is above the next one. It tells more
    than a few hundred labels do: on texts that leave a model in doubt, about 0.3 of it are changed.
    """

    same: float
    largest: float
    margin: float


def heads(labels: Sequence[str]) -> list[list[int]]:
    """Return which outputs belong together: those named after a task, or else all of them."""
    groups = [
        [index for index, label in enumerate(labels) if label.startswith(head_label(task, ""))]
        for task in LABELS
    ]
    named = [group for group in groups if group]
    return named if sum(map(len, named)) == len(labels) else [list(range(len(labels)))]


def agreement(
    first: NDArray[np.float32], second: NDArray[np.float32], groups: Sequence[Sequence[int]]
) -> Agreement:
    """Compare logits (n, outputs) of the same inputs, over all `groups` of outputs."""
    same, margins, largest = [], [], 0.0
    for group in groups:
        margins.append(_change_of_margins(first[:, list(group)], second[:, list(group)]))
        one, other = (softmax(logits[:, list(group)], axis=1) for logits in (first, second))
        same.append(np.mean(one.argmax(axis=1) == other.argmax(axis=1)))
        largest = max(largest, float(np.abs(one - other).max()))
    return Agreement(float(np.mean(same)), largest, float(np.mean(margins)))


def _change_of_margins(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the mean change of the difference between the two largest of each row of `first`."""
    top = np.argsort(first, axis=1)[:, :-3:-1]
    one, other = (np.take_along_axis(logits, top, axis=1) for logits in (first, second))
    return float(np.abs((one[:, 0] - one[:, -1]) - (other[:, 0] - other[:, -1])).mean())
