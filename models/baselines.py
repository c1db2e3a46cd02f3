"""The trivial baselines that every figure of a classifier stands beside."""

from collections import Counter
from collections.abc import Sequence

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from models.dataset import LabelledRow

__all__ = ["majority", "tfidf_logistic_regression"]

_TEXT, _TARGET = 0, 1
_MOST_FEATURES = 100_000


def majority(rows: Sequence[LabelledRow]) -> list[str]:
    """Label every row with the commonest label of `rows`."""
    commonest = Counter(row.label for row in rows).most_common(1)[0][0]
    return [commonest] * len(rows)


def tfidf_logistic_regression(
    training: Sequence[LabelledRow], rows: Sequence[LabelledRow]
) -> list[str]:
    """Label `rows` of one task by word and character n-grams of the text and the target's name."""
    pipeline = _pipeline()
    pipeline.fit([_features(row) for row in training], [row.label for row in training])
    return [str(label) for label in pipeline.predict([_features(row) for row in rows])]


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


def _features(row: LabelledRow) -> list[str]:
    return [row.passage.text, row.passage.target or "none"]
