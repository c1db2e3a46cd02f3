"""A model measured beside the baselines, and the baselines themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from collector.errors import InputError, ModelError
from models.baselines import TfidfBaseline, fit_baselines, majority
from models.dataset import LabelledRow
from models.evaluation import MAJORITY, MODEL, TFIDF, evaluate, measure_predictions
from models.labeller import Labeller, Predictions
from models.labels import LABELS, SENTIMENT, STANCE, head_label
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

WORDS = {"positive": "мне нравится погода", "negative": "ненавижу погоду", "neutral": "это среда"}


def row(text: str, label: str, target: str | None = None, post_id: str = "") -> LabelledRow:
    task = STANCE if target else SENTIMENT
    return LabelledRow(Passage(text, target), task, label, "ru", post_id=post_id)


def sentiment_rows(count: int) -> list[LabelledRow]:
    return [row(f"{text} {n}", label) for n in range(count) for label, text in WORDS.items()]


def certain(columns: list[int]) -> Predictions:
    """What a model says that is sure of these columns."""
    return Predictions(np.eye(3, dtype=np.float32)[columns], np.zeros(len(columns), dtype=np.bool_))


def test_the_majority_baseline() -> None:
    rows = [row("x", "neutral"), row("x", "neutral"), row("x", "positive")]
    assert majority(rows) == ["neutral"] * 3


def test_tfidf_learns_words() -> None:
    rows = [row("нравится", "positive"), row("ненавижу", "negative"), row("среда", "neutral")]
    assert TfidfBaseline(sentiment_rows(20)).predict(rows) == [given.label for given in rows]


def test_baselines_are_trained_once_for_each_task() -> None:
    stances = [row(f"Трамп {n}", label, "Трамп") for n in range(9) for label in LABELS[STANCE]]
    assert set(fit_baselines([*sentiment_rows(9), *stances])) == {SENTIMENT, STANCE}
    assert fit_baselines([]) == {}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("x", "neutral")] * 9, "the rows of sentiment .* all have one label"),
        ([row("x", "neutral"), row("y", "positive")], "too few rows of sentiment"),
    ],
)
def test_rows_that_no_baseline_can_learn_from_are_named(
    rows: list[LabelledRow], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        fit_baselines(rows)


def test_a_model_is_measured_for_each_task_beside_the_baselines(
    make_model: Callable[..., Path],
) -> None:
    name = ModelName(str(make_model()))
    stances = [row("Трамп победил", label, "Трамп") for label in LABELS[STANCE]]
    told: list[int] = []
    found = evaluate(
        [*sentiment_rows(5), *stances],
        lambda task: load_classifier(name, task),
        fit_baselines(sentiment_rows(20)),
        on_rows=told.append,
    )
    assert list(found) == [SENTIMENT, STANCE]
    assert sum(told) == 18
    assert set(found[SENTIMENT].labellings) == {MODEL, MAJORITY, TFIDF}
    assert set(found[STANCE].labellings) == {MODEL, MAJORITY}
    assert found[SENTIMENT].labellings[TFIDF].measures.macro_f1 == 1
    assert found[STANCE].posts == 1
    assert found[STANCE].labellings[MODEL].intervals["macro_f1"] is None


def test_a_task_that_the_model_cannot_do_is_skipped_unless_it_is_the_only_one(
    make_model: Callable[..., Path],
) -> None:
    labels = tuple(head_label(SENTIMENT, label) for label in LABELS[SENTIMENT])
    name = ModelName(str(make_model(labels=labels)))
    stances = [row("Трамп хорош", "favor", "Трамп")] * 3
    skipped: dict[str, ModelError] = {}

    def load(task: str) -> Labeller:
        return load_classifier(name, task)

    def skip(task: str, error: ModelError) -> None:
        skipped[task] = error

    assert list(evaluate([*stances, *sentiment_rows(2)], load, on_skipped=skip)) == [SENTIMENT]
    assert list(skipped) == [STANCE]
    with pytest.raises(ModelError):
        evaluate([*stances, *sentiment_rows(2)], load)
    with pytest.raises(ModelError):
        evaluate(stances, load, on_skipped=skip)


def test_a_model_that_is_right_is_ahead_by_what_the_baseline_lacks() -> None:
    rows = sentiment_rows(10)
    truth = [LABELS[SENTIMENT].index(given.label) for given in rows]
    baseline = TfidfBaseline([row(f"слово {n}", "neutral") for n in range(9)] + sentiment_rows(1))
    found = measure_predictions(rows, certain(truth), baseline)
    assert found.labellings[MODEL].measures.macro_f1 == 1
    assert found.over_tfidf is not None
    lacking = 1 - found.labellings[TFIDF].measures.macro_f1
    assert found.over_tfidf.macro_f1 == pytest.approx(lacking)
    bounds = found.over_tfidf.interval
    assert bounds is not None
    assert bounds.low <= lacking <= bounds.high
    assert found.reliability.ece == 0


def test_opposite_stances_and_targets_that_do_not_occur_are_counted() -> None:
    rows = [
        LabelledRow(Passage("НАТО и ЕС", "НАТО", ((0, 4),)), STANCE, "favor", "ru", post_id="1"),
        LabelledRow(Passage("НАТО и ЕС", "ЕС", ((7, 9),)), STANCE, "against", "ru", post_id="1"),
        LabelledRow(Passage("Погода", "ЕС"), STANCE, "neutral", "ru"),
        LabelledRow(Passage("Погода", "ЕС плох", claim=True), STANCE, "neutral", "ru"),
    ]
    found = measure_predictions(rows, certain([2, 0, 1, 1]), abstain_below=0.5)
    opposite = found.labellings[MODEL].opposite_stances
    assert opposite is not None
    assert (opposite.n, opposite.right) == (1, 1)
    assert found.without_mention == 1
    assert found.answered is not None
    assert found.answered.answered == 4


def test_everything_measured_can_be_written_as_json() -> None:
    rows = sentiment_rows(3)
    found = measure_predictions(rows, certain([0] * 9), TfidfBaseline(sentiment_rows(20)))
    written = json.loads(json.dumps(found.as_json()))
    assert written["n"] == written["posts"] == 9
    assert written["accuracy"] == pytest.approx(1 / 3)
    assert written["tfidf_lr"]["macro_f1"] == 1
    assert written["official"]["value"] == written["macro_f1"]
    assert written["answered"] is None
    assert written["confusion"] == [[3, 0, 0], [3, 0, 0], [3, 0, 0]]
