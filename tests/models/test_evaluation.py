"""Measures and baselines."""

import pytest
from sklearn.metrics import f1_score

from models.baselines import majority, tfidf_logistic_regression
from models.dataset import LabelledRow
from models.evaluation import measure
from models.labels import SENTIMENT, STANCE
from models.passage import Passage


def row(text: str, label: str, target: str | None = None) -> LabelledRow:
    return LabelledRow(Passage(text, target), STANCE if target else SENTIMENT, label, "ru")


def test_measures_by_hand() -> None:
    labels = ["negative", "negative", "neutral", "positive"]
    measures = measure(
        [row("x", label) for label in labels], ["negative", "neutral", "neutral", "neutral"]
    )
    assert measures.n == 4
    assert measures.accuracy == 0.5
    assert measures.f1 == pytest.approx({"negative": 2 / 3, "neutral": 0.5, "positive": 0})
    assert measures.macro_f1 == pytest.approx((2 / 3 + 0.5) / 3)
    assert measures.polar_f1 == pytest.approx(1 / 3)


def test_a_class_that_is_absent_counts_as_nought() -> None:
    rows = [row("x", "neutral"), row("x", "positive")]
    assert measure(rows, ["neutral", "positive"]).macro_f1 == pytest.approx(2 / 3)


def test_the_majority_baseline() -> None:
    rows = [row("x", "neutral"), row("x", "neutral"), row("x", "positive")]
    assert majority(rows) == ["neutral"] * 3


def test_tfidf_learns_words_and_targets() -> None:
    training = [row(f"мне нравится погода {n}", "positive") for n in range(20)]
    training += [row(f"ненавижу такую погоду {n}", "negative") for n in range(20)]
    training += [row(f"сегодня среда {n}", "neutral") for n in range(20)]
    rows = [row("нравится", "positive"), row("ненавижу", "negative"), row("среда", "neutral")]
    predicted = tfidf_logistic_regression(training, rows)
    truth = [given.label for given in rows]
    assert f1_score(truth, predicted, average="macro") == 1
