"""The interval of a net share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.interval import net_interval


def test_the_interval_is_the_published_formula() -> None:
    # By hand for 9 and 0 of 160: shares 10/162 and 1/162, z = 1.959964.
    low, high = net_interval(9, 0, 160)
    assert low == pytest.approx(0.055556 - 0.039204, abs=1e-5)
    assert high == pytest.approx(0.055556 + 0.039204, abs=1e-5)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    for shares in ([0.1, 0.8, 0.1], [0.05, 0.9, 0.05], [0.6, 0.3, 0.1], [0.02, 0.9, 0.08]):
        for n in (15, 50, 300):
            counts = generator.multinomial(n, shares, size=4_000)
            low, high = net_interval(counts[:, 0], counts[:, 2], n)
            truth = shares[0] - shares[2]
            assert np.mean((low <= truth) & (truth <= high)) > 0.93


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_interval_is_symmetric_wide_and_within_bounds(plus: int, zero: int, minus: int) -> None:
    n = plus + zero + minus
    low, high = net_interval(plus, minus, n)
    assert -1 <= low < high <= 1
    turned_low, turned_high = net_interval(minus, plus, n)
    assert (low, high) == (pytest.approx(-turned_high), pytest.approx(-turned_low))


def test_more_posts_make_it_narrower() -> None:
    widths = [np.ptp(net_interval(n // 2, n // 4, n)) for n in (20, 200, 2_000)]
    assert widths == sorted(widths, reverse=True)
