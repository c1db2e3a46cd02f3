"""The population stability index of two mixes."""

from math import isfinite, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.gates.stability import by_chance, reading, shift, stability_index

NAMES = st.sampled_from(["against", "neutral", "favor", "other"])
MIXES = st.dictionaries(NAMES, st.integers(0, 10**6)).filter(lambda mix: sum(mix.values()) > 0)


@given(MIXES, MIXES)
def test_it_is_symmetric_finite_and_never_negative(
    first: dict[str, int], second: dict[str, int]
) -> None:
    index = stability_index(first, second)
    assert isfinite(index)
    assert index >= -1e-12
    assert index == pytest.approx(stability_index(second, first), abs=1e-12)


@given(MIXES, st.integers(1, 1000))
def test_it_is_zero_for_equal_shares_of_any_number(mix: dict[str, int], times: int) -> None:
    more = {name: count * times for name, count in mix.items()}
    assert stability_index(mix, more) == pytest.approx(0, abs=1e-12)


@given(MIXES, MIXES)
def test_it_is_not_zero_where_a_class_has_come(
    first: dict[str, int], second: dict[str, int]
) -> None:
    come = {**first, "new": 1 + sum(first.values())}
    assert stability_index(come, second) > stability_index(second, second) + 1e-9


def test_a_value_by_hand() -> None:
    by_hand = (0.5 - 0.25) * log(0.5 / 0.25) + (0.5 - 0.75) * log(0.5 / 0.75)
    assert by_hand == pytest.approx(0.274653, abs=1e-6)
    assert stability_index({"a": 50, "b": 50}, {"a": 10, "b": 30}) == pytest.approx(by_hand)


def test_a_class_that_is_empty_gets_half_a_thing_of_the_smaller_mix() -> None:
    # 10 of a and none of b, to 10 and 10: (10.5, 0.5) of 11 to (5.5, 5.5) of 11.
    by_hand = (10.5 - 5.5) / 11 * log(10.5 / 5.5) + (0.5 - 5.5) / 11 * log(0.5 / 5.5)
    assert stability_index({"a": 10}, {"a": 5, "b": 5}) == pytest.approx(by_hand)
    assert stability_index({"a": 10, "b": 0}, {"a": 500, "b": 500}) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("index", "word"),
    [(0.0, "stable"), (0.099, "stable"), (0.1, "moderate"), (0.25, "moderate"), (0.26, "shifted")],
)
def test_the_usual_reading(index: float, word: str) -> None:
    assert reading(index) == word


def test_one_mix_sampled_twice_stays_under_the_bound_of_chance() -> None:
    random = np.random.default_rng(1)
    shares, sizes = [0.2, 0.5, 0.3], (150, 400)
    over = 0
    for _ in range(2000):
        now, before = (
            {str(name): int(count) for name, count in enumerate(random.multinomial(size, shares))}
            for size in sizes
        )
        over += stability_index(now, before) > by_chance(now, before)
    assert over / 2000 == pytest.approx(0.05, abs=0.015)
    assert by_chance({"a": 10}, {"a": 20}) == 0


def test_what_changed_most_is_named() -> None:
    assert shift({"a": 1, "b": 3}, {"a": 2, "b": 1, "c": 1}) == ("b", 0.25, 0.75)
