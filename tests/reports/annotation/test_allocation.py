"""How many units of each stratum a sample draws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.annotation.allocation import allocate, expected_sizes, strata_of
from reports.annotation.frame import PREDICTED

AGAINST, NEUTRAL, FAVOR, ABSTAINED = range(4)
assert PREDICTED == ("against", "neutral", "favor", "abstained")


def strata(*rows: tuple[int, int, int, int]) -> pd.DataFrame:
    """Rows are channel, target, predicted label, size."""
    return pd.DataFrame(rows, columns=["channel_id", "target_id", "predicted", "size"])


def news(channels: int) -> pd.DataFrame:
    """Channels of many sizes, where some nine in ten texts are labelled neutral."""
    rows = []
    for channel in range(channels):
        texts = 20 + 31 * channel
        for label, share in ((NEUTRAL, 0.9), (AGAINST, 0.04), (FAVOR, 0.02), (ABSTAINED, 0.04)):
            rows.append((channel, 1, label, max(1, round(texts * share))))
    return strata(*rows)


some_strata = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(0, 3)), min_size=1, unique=True
).flatmap(
    lambda keys: st.lists(st.integers(1, 10_000), min_size=len(keys), max_size=len(keys)).map(
        lambda sizes: strata(*((*key, n) for key, n in zip(keys, sizes, strict=True)))
    )
)


@given(some_strata, st.integers(1, 3_000), st.integers(0, 2**31))
def test_what_is_drawn_adds_up_and_has_a_probability(
    table: pd.DataFrame, total: int, seed: int
) -> None:
    drawn, probability = allocate(table, total, np.random.default_rng(seed))
    size = table["size"].to_numpy()
    assert drawn.sum() == min(total, size.sum())
    assert (drawn >= 0).all()
    assert (drawn <= size).all()
    assert (probability > 0).all()
    assert (probability <= 1).all()
    assert np.isclose((probability * size).sum(), min(total, size.sum()))
    assert (np.abs(drawn - probability * size) < 1).all()
    if total >= 2 * len(table):
        assert (drawn >= np.minimum(1, size)).all()
        assert np.allclose(probability, drawn / size)


def test_opinions_are_drawn_three_times_as_often_as_neutral_texts() -> None:
    table = strata((1, 1, NEUTRAL, 9_000), (1, 1, FAVOR, 600), (1, 1, ABSTAINED, 400))
    rate = expected_sizes(table, 300) / table["size"]
    assert rate[1] / rate[0] == pytest.approx(3)
    assert rate[2] / rate[0] == pytest.approx(3)


def test_large_channels_get_more_but_less_than_in_proportion() -> None:
    table = strata((1, 1, NEUTRAL, 100), (2, 1, NEUTRAL, 10_000))
    small, large = expected_sizes(table, 110)
    assert large / small == pytest.approx(10)


def test_small_strata_are_drawn_whole_and_the_rest_is_shared_out() -> None:
    table = strata((1, 1, FAVOR, 2), (1, 1, NEUTRAL, 100_000), (2, 1, NEUTRAL, 100_000))
    assert list(expected_sizes(table, 100)) == pytest.approx([1, 49.5, 49.5], abs=0.1)
    assert expected_sizes(table, 150_000)[0] == 2


def test_fewer_units_than_asked_for_are_all_drawn() -> None:
    drawn, probability = allocate(news(3), 10**6, np.random.default_rng(1))
    assert list(drawn) == list(news(3)["size"])
    assert set(probability) == {1.0}


@pytest.mark.parametrize("total", [25, 100])
def test_weighted_totals_are_right_on_average(total: int) -> None:
    """Horvitz and Thompson's estimate is unbiased, also with more strata than can be served."""
    table = news(20)  # 80 strata
    chance = np.random.default_rng(total)
    value = chance.normal(size=len(table))  # the mean of each stratum, which each unit has
    size = table["size"].to_numpy()
    estimates = [_estimate(table, total, value, chance) for _ in range(400)]
    truth = float((value * size).sum())
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - truth) < 4 * error + 1e-6 * abs(truth)
    assert error > 0


def _estimate(
    table: pd.DataFrame, total: int, value: NDArray[np.float64], chance: np.random.Generator
) -> float:
    drawn, probability = allocate(table, total, chance)
    return float((drawn * value / probability).sum())


def test_strata_count_their_units() -> None:
    rows = [(1, 5, 1), (1, 5, 1), (2, 5, 0)]
    units = pd.DataFrame(rows, columns=["channel_id", "target_id", "predicted"])
    assert strata_of(units).to_numpy().tolist() == [[1, 5, 1, 2], [2, 5, 0, 1]]
