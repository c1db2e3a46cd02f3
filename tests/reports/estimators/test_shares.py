"""Whether corrected intervals are as wide as they must be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.estimators.shares import Gold, powered_shares
from reports.gold import CELLS, PREDICTED

AGAINST, NEUTRAL, FAVOR = (int(np.flatnonzero(label == PREDICTED)[-1]) for label in range(3))
TEXTS, PERIODS = 2_000, 40
Z = 1.959964


def world(chance: np.random.Generator, share: float) -> NDArray[np.int64]:
    """Return the true labels of texts and what a model that sees half of the opinions says."""
    truth = chance.choice(3, TEXTS, p=[share * 0.7, 1 - share, share * 0.3])
    invented = np.where(chance.random(TEXTS) < 0.08, chance.choice([0, 2], TEXTS), 1)
    seen = np.where(chance.random(TEXTS) < 0.45, truth, 1)
    return np.stack([truth, np.where(truth == 1, invented, seen)])


def drawn(chance: np.random.Generator, seen: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return inclusion probabilities, three times as high where the model takes a side."""
    wanted = np.where(seen == 1, 1.0, 3.0)
    return np.minimum(n * wanted / wanted.sum(), 1)


def coverage(share: float, n: int, *, worlds: int) -> tuple[float, float]:
    """Return how often intervals hold the true net stance: of all texts, and of periods."""
    chance = np.random.default_rng(4)
    of_all, of_periods = [], []
    for _ in range(worlds):
        truth, seen = world(chance, share)
        cell, period = (
            np.array([AGAINST, NEUTRAL, FAVOR])[seen],
            chance.integers(PERIODS, size=TEXTS),
        )
        probability = drawn(chance, seen, n)
        chosen = chance.random(TEXTS) < probability
        gold = Gold(cell[chosen], truth[chosen], 1 / probability[chosen])
        groups = [np.ones(TEXTS, dtype=bool), *(period == k for k in range(PERIODS))]
        mix = np.array([np.bincount(cell[group], minlength=CELLS) for group in groups])
        n_posts = mix.sum(axis=1).astype(float)
        found = powered_shares(
            mix / n_posts[:, None], PREDICTED, gold, mix[0], n_posts, n_posts / TEXTS
        )
        right = np.array([(truth[group] - 1).mean() for group in groups])
        held = np.abs(found.net - right) <= Z * np.sqrt(found.variance)
        of_all.append(held[0])
        of_periods.append(held[1:].mean())
    return float(np.mean(of_all)), float(np.mean(of_periods))


@pytest.mark.parametrize(("share", "n"), [(0.02, 50), (0.02, 100), (0.1, 50), (0.5, 100)])
def test_intervals_hold_the_truth_even_where_opinions_are_rare(share: float, n: int) -> None:
    of_all, of_periods = coverage(share, n, worlds=200)
    assert of_all > 0.91
    assert 0.90 < of_periods < 0.99


def test_labels_that_show_no_error_do_not_prove_that_there_are_none() -> None:
    nothing_seen = np.eye(CELLS)[[NEUTRAL]]
    n = 60
    gold = Gold(np.full(n, NEUTRAL), np.ones(n, dtype=np.int64), np.ones(n))
    texts = np.array(500 * nothing_seen[0], dtype=np.int64)
    found = powered_shares(nothing_seen, PREDICTED, gold, texts, np.array([500.0]), np.ones(1))
    assert found.shares.tolist() == [[0, 1, 0]]
    # Of a share of which none was seen in 60, 3/60 is the upper end (the rule of three).
    assert 0.01 < Z * np.sqrt(found.variance[0]) < 0.05
