"""Calibration and abstaining, by hand and for any probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.reliability import at_threshold, reliability, risk_coverage


def sure(*confidences: float) -> NDArray[np.float32]:
    """Probabilities of rows that all say column 0."""
    rows = [[c, (1 - c) / 2, (1 - c) / 2] for c in confidences]
    return np.array(rows, dtype=np.float32)


def test_calibration_by_hand() -> None:
    # Bins of 1/15: 0.9 and 0.92 share one (0.867 to 0.933), 0.5 has another.
    found = reliability(sure(0.9, 0.92, 0.5, 0.5), np.array([0, 1, 0, 2]))
    assert [part.n for part in found.bins] == [2, 2]
    assert found.bins[1].confidence == pytest.approx(0.91)
    assert found.bins[1].accuracy == 0.5
    assert found.ece == pytest.approx(0.5 * 0.41)
    brier = [0.1**2 + 2 * 0.05**2, 0.92**2 + 0.96**2 + 0.04**2]
    brier += [0.5**2 + 2 * 0.25**2, 0.5**2 + 0.25**2 + 0.75**2]
    assert found.brier == pytest.approx(np.mean(brier) / 2, rel=1e-5)
    expected = -np.mean(np.log([0.9, 0.04, 0.5, 0.25]))
    assert found.log_loss == pytest.approx(expected, rel=1e-5)


def test_risk_and_coverage_by_hand() -> None:
    curve = risk_coverage(sure(0.6, 0.9, 0.8, 0.7), np.array([1, 0, 1, 0]))
    assert curve.coverage == pytest.approx([0.25, 0.5, 0.75, 1])
    assert curve.threshold == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert curve.risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_rows_of_one_confidence_come_in_no_order() -> None:
    curve = risk_coverage(sure(0.8, 0.8, 0.8, 0.8), np.array([0, 0, 0, 1]))
    assert curve.risk == pytest.approx([0.25] * 4)


def test_abstaining_by_hand() -> None:
    probabilities, truth = sure(0.9, 0.7, 0.5), np.array([0, 1, 0])
    found = at_threshold(probabilities, truth, 0.6)
    assert (found.answered, found.abstained, found.coverage) == (2, 1, 2 / 3)
    assert found.accuracy == 0.5
    assert found.macro_f1 == pytest.approx(2 / 3 / 3)
    none = at_threshold(probabilities, truth, 0.95)
    assert (none.answered, none.accuracy, none.macro_f1) == (0, None, None)
    assert at_threshold(sure(0.5), np.array([0]), 0.5).answered == 1


rows = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.integers(0, 2)),
    min_size=1,
    max_size=40,
)


@given(rows)
def test_measures_are_shares_and_full_coverage_errs_as_often_as_all_rows(
    rows: list[tuple[float, float, float, int]],
) -> None:
    weights = np.array([row[:3] for row in rows], dtype=np.float32)
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    truth = np.array([row[3] for row in rows])
    found, curve = reliability(probabilities, truth), risk_coverage(probabilities, truth)
    assert 0 <= found.ece <= 1
    assert 0 <= found.brier <= 1
    assert found.log_loss >= 0
    assert sum(part.n for part in found.bins) == len(rows)
    assert 0 <= curve.aurc <= 1
    assert ((curve.risk >= 0) & (curve.risk <= 1 + 1e-9)).all()
    assert curve.risk[-1] == pytest.approx(1 - np.mean(probabilities.argmax(axis=1) == truth))
    everything = at_threshold(probabilities, truth, 0)
    assert everything.answered == len(rows)
    assert everything.accuracy == pytest.approx(1 - curve.risk[-1])
