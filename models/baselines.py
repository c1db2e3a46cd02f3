"""The trivial baselines that every figure of a classifier stands beside."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from collector.errors import InputError
from models.dataset import LabelledRow

__all__ = ["TfidfBaseline", "fit_baselines", "majority"]

_TEXT, _TARGET = 0, 1
_MOST_FEATURES = 100_000


def majority(rows: Sequence[LabelledRow]) -> list[str]:
    """Label every row with the commonest label of `rows`."""
    commonest = Counter(row.label for row in rows).most_common(1)[0][0]
    return [commonest] * len(rows)


class TfidfBaseline:
    """Logistic regression on word and character n-grams of the text and the target's name."""

    def __init__(self, training: Sequence[LabelledRow]) -> None:
        """Learn from rows of one task, which must have two labels or more."""
        self._pipeline = _pipeline()
        self._pipeline.fit(_features(training), [row.label for row in training])

    def predict(self, rows: Sequence[LabelledRow]) -> list[str]:
        """Return the label of each of `rows`."""
        return [str(label) for label in self._pipeline.predict(_features(rows))]


def fit_baselines(training: Sequence[LabelledRow]) -> dict[str, TfidfBaseline]:
    """Train one baseline for each task of `training`.

    Raises InputError for a task of too few rows, or of one label only.
    """
    return {task: _fit(task, training) for task in sorted({row.task for row in training})}


def _fit(task: str, training: Sequence[LabelledRow]) -> TfidfBaseline:
    rows = [row for row in training if row.task == task]
    if len({row.label for row in rows}) < 2:  # noqa: PLR2004 (two labels)
        raise InputError(f"the rows of {task} to train the baseline on all have one label")
    try:
        return TfidfBaseline(rows)
    except ValueError as error:  # how scikit-learn says that no n-gram occurs often enough
        raise InputError(f"too few rows of {task} to train the baseline on: {error}") from error


def _pipeline() -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        min_df=3,
        sublinear_tf=True,
        max_features=_MOST_FEATURES,
    )
    names = TfidfVectorizer(token_pattern=r"\w+")
    features = ColumnTransformer(
        [("words", words, _TEXT), ("characters", characters, _TEXT), ("names", names, _TARGET)]
    )
    model = LogisticRegression(class_weight="balanced", C=4, max_iter=300)
    return make_pipeline(features, model)


def _features(rows: Sequence[LabelledRow]) -> NDArray[np.object_]:
    """Return (n, 2): the text, and the target's name or a word that stands for none."""
    features = np.empty((len(rows), 2), dtype=object)
    features[:, _TEXT] = [row.passage.text for row in rows]
    features[:, _TARGET] = [row.passage.target or "none" for row in rows]
    return features
