"""Labelled rows that any model can learn from, and what a model trained on them says."""

from pathlib import Path

from models.classifier import Classifier
from models.dataset import LabelledRow
from models.labels import SENTIMENT, STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

WORDS = {"negative": "ужасно", "neutral": "сегодня", "positive": "прекрасно"}
SIDES = {"against": "плох", "neutral": "там", "favor": "хорош"}


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


def classifier(directory: Path, task: str) -> Classifier:
    loaded = load_classifier(ModelName(str(directory)), task)
    assert isinstance(loaded, Classifier)
    return loaded
