"""The curve of a cascade: its points are what cascades of those thresholds would say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.cascade_curve import SHARES, cascade_curve
from models.dataset import LabelledRow
from models.labels import LABELS
from models.measures import measure
from models.passage import Passage

_STANCES = LABELS["stance"]


def rows(truth: NDArray[np.int64]) -> list[LabelledRow]:
    return [
        LabelledRow(Passage(f"text {n}", "Трамп"), "stance", _STANCES[column], "ru")
        for n, column in enumerate(truth)
    ]


def spread(labels: NDArray[np.int64], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities whose largest is `confidence`, at these labels."""
    result = np.repeat((1 - confidence[:, None]) / 2, 3, axis=1)
    result[np.arange(len(labels)), labels] = confidence
    return result.astype(np.float32)


def test_the_curve_rises_where_the_second_is_right_about_what_the_first_is_unsure_of() -> None:
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 3, 1000)
    confidence = chance.uniform(0.4, 1, 1000).astype(np.float32)
    right = chance.uniform(0, 1, 1000) < confidence
    said = np.where(right, truth, (truth + 1) % 3)
    curve = cascade_curve(rows(truth), spread(said, confidence), spread(truth, confidence))
    shares = [point.share for point in curve.points]
    assert shares == pytest.approx(SHARES, abs=0.006)
    accuracies = [point.accuracy for point in curve.points]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] == np.mean(right)
    assert accuracies[-1] == 1
    gains = np.diff(accuracies) / np.diff(shares)
    assert gains[0] > 2 * gains[-1]  # what the first is least sure of is worth the most
    bounds = curve.points[3].intervals["accuracy"]
    assert bounds is not None
    assert bounds.low < accuracies[3] < bounds.high
    gain = curve.points[3].intervals["gain"]
    assert gain is not None
    assert 0 < gain.low < curve.points[3].gain < gain.high
    assert gain.high - gain.low < bounds.high - bounds.low  # on the same posts, so it is surer
    assert curve.points[0].gain == 0
    for point in curve.points[1:-1]:
        assert len(f"{point.below:.9g}") <= len("0.1234")


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(1, 40))
def test_each_point_is_what_a_cascade_of_its_threshold_says(data: st.DataObject, n: int) -> None:
    columns = st.lists(st.integers(0, 2), min_size=n, max_size=n).map(np.array)
    sure = st.lists(st.floats(0.375, 1, width=32), min_size=n, max_size=n)
    truth, one, two = (data.draw(columns) for _ in range(3))
    confidence = np.array(data.draw(sure), dtype=np.float32)
    first, second = spread(one, confidence), spread(two, confidence)
    curve = cascade_curve(rows(truth), first, second)
    assert curve.n == n
    escalated = [point.escalated for point in curve.points]
    assert escalated == sorted(set(escalated))
    assert (escalated[0], escalated[-1]) == (0, n)
    for point in curve.points:
        under = [point.below is None or float(value) < point.below for value in first.max(axis=1)]
        labels = np.where(under, second.argmax(axis=1), first.argmax(axis=1))
        expected = measure(truth, labels, _STANCES)
        assert (point.escalated, point.share) == (sum(under), sum(under) / n)
        assert (point.accuracy, point.macro_f1) == (expected.accuracy, expected.macro_f1)


def test_rows_of_one_confidence_are_never_parted() -> None:
    truth = np.array([0, 1, 2] * 10)
    first = spread(truth, np.full(30, 0.5, dtype=np.float32))
    points = cascade_curve(rows(truth), first, first).points
    assert [(point.below, point.share) for point in points] == [(0.0, 0), (None, 1)]
