import numpy as np
import pytest
from numpy.typing import NDArray

from reports.estimators.pooled import ErrorRates, pooled_error_rates

# Rows are true labels: how often a text with it gets each predicted label.
CONFUSION = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.15, 0.25, 0.6]])
VALUES = np.array([-1.0, 0.0, 1.0])


def _shares(texts: NDArray[np.int64], rates: ErrorRates) -> NDArray[np.float64]:
    mix = texts / texts.sum(axis=1, keepdims=True)
    return np.einsum("ac,acl->al", mix, rates.mean)


def _drawn(chance: np.random.Generator, shares: list[float], n: int) -> NDArray[np.int64]:
    """Return counts (cells, labels) of n texts with labels of these shares."""
    by_label = chance.multinomial(n, shares)
    return np.stack(
        [chance.multinomial(m, row) for m, row in zip(by_label, CONFUSION, strict=True)], axis=1
    )


def test_an_area_without_labels_gets_what_adjusted_counting_gives() -> None:
    """The other areas tell the error rates; QuaPy 0.2.3 solves them for the same true shares."""
    chance = np.random.default_rng(1)
    shares = chance.dirichlet([1, 1, 1], 100)
    gold = np.stack([_drawn(chance, list(row), 100) for row in shares])
    texts = np.stack([_drawn(chance, list(row), 900).sum(axis=1) for row in shares])
    gold[0], texts[0] = 0, [600, 1_000, 400]
    found = _shares(texts, pooled_error_rates(texts, gold))[0]
    assert found == pytest.approx(np.array([0.31667, 0.48333, 0.2]), abs=0.05)


def test_labels_are_probabilities_and_the_same_for_the_same_seed() -> None:
    chance = np.random.default_rng(2)
    gold = np.stack([_drawn(chance, [0.1, 0.8, 0.1], 10) for _ in range(5)])
    texts = np.stack([_drawn(chance, [0.1, 0.8, 0.1], 200).sum(axis=1) for _ in range(5)])
    found, again = (pooled_error_rates(texts, gold, seed=3) for _ in range(2))
    assert found.mean.sum(axis=2) == pytest.approx(np.ones((5, 3)))
    assert (found.mean >= 0).all()
    assert np.array_equal(found.mean, again.mean)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-9


def test_an_area_with_many_labels_has_its_own_error_rates() -> None:
    """In the first area the model takes every opinion for its opposite, elsewhere it is right."""
    right, wrong = np.diag([60, 60, 60]), np.fliplr(np.diag([60, 60, 60]))
    gold = np.stack([wrong, *[right] * 9])
    texts = np.tile(np.array([80, 100, 20]), (10, 1))
    found = _shares(texts, pooled_error_rates(texts, gold)) @ VALUES
    assert found[0] > 0.2
    assert (found[1:] < -0.2).all()


def test_more_labels_make_it_surer() -> None:
    chance = np.random.default_rng(4)
    texts = np.tile(np.array([100, 800, 100]), (10, 1))
    spread = []
    for n in (5, 50, 500):
        gold = np.stack([_drawn(chance, [0.05, 0.9, 0.05], n) for _ in range(10)])
        rates = pooled_error_rates(texts, gold)
        spread.append(
            float(np.mean([[0.1, 0.8, 0.1] @ c @ [0.1, 0.8, 0.1] for c in rates.covariance]))
        )
    assert spread[0] > 2 * spread[1] > 4 * spread[2]


def test_cells_without_texts_and_areas_without_anything_are_no_trouble() -> None:
    texts, gold = np.zeros((2, 3), dtype=np.int64), np.zeros((2, 3, 3), dtype=np.int64)
    texts[0], gold[0, 1, 1] = [0, 7, 0], 3
    found = pooled_error_rates(texts, gold)
    assert np.isfinite(found.mean).all()
    assert found.mean[0, 1, 1] > 0.5
