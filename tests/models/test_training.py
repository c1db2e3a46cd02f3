"""Training: that it learns, what it writes, and that a seed fixes it."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.classifier import load_classifier
from models.dataset import LabelledRow
from models.embedded_shape import Shape
from models.evaluation import measure
from models.labels import LABELS, SENTIMENT, STANCE
from models.model_name import ModelName
from models.passage import Passage
from models.training import Recipe, hold_out, train

WORDS = {"negative": "ужасно", "neutral": "сегодня", "positive": "прекрасно"}
SIDES = {"against": "плох", "neutral": "там", "favor": "хорош"}
SHAPE = Shape(vocabulary=300, width=32, layers=1, heads=2, positions=32)
RECIPE = Recipe(
    shape=SHAPE, epochs=30, batch_size=16, learning_rate=3e-3, patience=30, max_length=32
)


def rows(count: int, *, start: int = 0) -> list[LabelledRow]:
    made = []
    for number in range(start, start + count):
        for label, word in WORDS.items():
            text = f"{word} номер {number}"
            made.append(LabelledRow(Passage(text), SENTIMENT, label, "ru"))
        for label, word in SIDES.items():
            text = f"Трамп {word} {number}"
            made.append(LabelledRow(Passage(text, "Трамп", ((0, 5),)), STANCE, label, "ru"))
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "model"
    measured = train(rows(30), rows(5, start=30), recipe=RECIPE, out=out)
    assert set(measured) == {"sentiment", "stance", "macro_f1"}
    return out


def test_a_model_trained_from_nothing_learns_both_tasks(trained: Path) -> None:
    unseen = rows(10, start=100)
    for task in (SENTIMENT, STANCE):
        part = [row for row in unseen if row.task == task]
        classifier = load_classifier(ModelName(str(trained)), task)
        best = classifier.predict([row.passage for row in part]).probabilities.argmax(axis=1)
        assert measure(part, [LABELS[task][column] for column in best]).macro_f1 > 0.9


def test_it_writes_an_ordinary_directory(trained: Path) -> None:
    settings = json.loads((trained / "config.json").read_text())
    assert settings["architectures"] == ["BertForSequenceClassification"]
    assert settings["id2label"]["3"] == "stance_against"
    assert {"model.safetensors", "tokenizer.json"} <= {path.name for path in trained.iterdir()}


def test_the_same_seed_gives_the_same_model_and_another_does_not(tmp_path: Path) -> None:
    few, stopping = rows(4), rows(2, start=4)
    texts = [row.passage.text for row in few if row.task == SENTIMENT]
    answers = []
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        recipe = Recipe(shape=SHAPE, epochs=1, batch_size=8, seed=seed, max_length=32)
        train(few, stopping, recipe=recipe, out=tmp_path / name)
        classifier = load_classifier(ModelName(str(tmp_path / name)), SENTIMENT)
        answers.append(classifier.probabilities(texts))
    assert np.array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2], atol=1e-4)


def test_a_trained_encoder_can_be_trained_further_on_one_task(
    trained: Path, tmp_path: Path
) -> None:
    stance = [row for row in rows(6) if row.task == STANCE]
    recipe = Recipe(base=str(trained), epochs=1, batch_size=8, max_length=32)
    measured = train(stance, stance, recipe=recipe, out=tmp_path / "further")
    assert set(measured) == {"stance", "macro_f1"}
    load_classifier(ModelName(str(tmp_path / "further")), STANCE)


def test_all_rows_of_a_text_are_held_out_together() -> None:
    given = [row for row in rows(200) for _ in range(2)]
    kept, held = hold_out(given, 0.1)
    assert len(kept) + len(held) == len(given)
    assert not {row.passage.text for row in kept} & {row.passage.text for row in held}
    assert 0.05 < len(held) / len(given) < 0.15
