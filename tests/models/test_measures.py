"""Measures by hand, and what must hold of them for any labelling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels import LABELS, SENTIMENT
from models.measures import (
    MEASURES,
    from_confusion,
    measure,
    measure_part,
    official_metric,
)

LABELLED = LABELS[SENTIMENT]
pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def test_measures_by_hand() -> None:
    measures = measure(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), LABELLED)
    assert measures.n == 4
    assert measures.accuracy == 0.5
    assert measures.macro_f1 == pytest.approx((2 / 3 + 0.5) / 3)
    assert measures.polar_f1 == pytest.approx(1 / 3)
    negative = measures.classes["negative"]
    assert (negative.precision, negative.recall, negative.support) == (1, 0.5, 2)
    assert negative.f1 == pytest.approx(2 / 3)
    assert measures.classes["positive"].f1 == 0
    assert measures.confusion == ((1, 1, 0), (0, 1, 0), (0, 1, 0))


def test_a_class_that_is_absent_counts_as_nought_in_a_set_but_not_in_a_part() -> None:
    truth = np.array([1, 2])
    assert measure(truth, truth, LABELLED).macro_f1 == pytest.approx(2 / 3)
    assert measure_part(truth, truth).macro_f1 == 1
    assert measure_part(truth, np.array([0, 2])).macro_f1 == pytest.approx(1 / 2)


@given(pairs)
def test_measures_are_shares_and_many_at_once_are_the_same(rows: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(rows).T
    measures = measure(truth, predicted, LABELLED)
    together = from_confusion(np.array([measures.confusion] * 2))
    for name, values in zip(MEASURES, together, strict=True):
        assert 0 <= getattr(measures, name) <= 1
        assert values == pytest.approx([getattr(measures, name)] * 2)
    for one in measures.classes.values():
        assert all(0 <= share <= 1 for share in (one.precision, one.recall, one.f1))
    assert np.sum(measures.confusion) == measures.n == len(rows)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["RuSentNE-2023/PERSON", "RuSentNE-2023/COUNTRY"], "polar_f1"),
        (["NewsMTSC-rw"], "macro_f1"),
        (["RuSentNE-2023/PERSON", "written"], "macro_f1"),
        (["written"], "macro_f1"),
        ([""], "macro_f1"),
    ],
)
def test_the_official_metric_is_that_of_the_set(sources: list[str], expected: str) -> None:
    assert official_metric(sources).measure == expected


def test_the_official_metric_of_rusentne_is_named() -> None:
    metric = official_metric(["RuSentNE-2023/PERSON"])
    assert metric.name == "macro-F1 of positive and negative"
    assert "2023" in metric.reference
