"""How the labels of a model map onto ours."""

import pytest

from collector.errors import ModelError
from models.labels import SENTIMENT, STANCE, TARGET_SENTIMENT, columns


@pytest.mark.parametrize(
    ("labels", "task", "expected"),
    [
        (["negative", "neutral", "positive"], SENTIMENT, (0, 1, 2)),
        (["POSITIVE", "NEUTRAL", "NEGATIVE"], SENTIMENT, (2, 1, 0)),
        (["neutral", "pos", "neg"], SENTIMENT, (2, 0, 1)),
        (["FAVOR", "AGAINST", "NONE"], STANCE, (1, 2, 0)),
        (["negative", "neutral", "positive"], STANCE, (0, 1, 2)),
    ],
)
def test_labels_that_explain_themselves_are_mapped(
    labels: list[str], task: str, expected: tuple[int, int, int]
) -> None:
    assert columns(dict(enumerate(labels)), task) == expected


def test_a_model_of_several_heads_answers_for_each_task() -> None:
    names = ["stance_favor", "stance_neutral", "stance_against"]
    names += ["sentiment_negative", "sentiment_neutral", "sentiment_positive"]
    heads = dict(enumerate(names))
    assert columns(heads, STANCE) == (2, 1, 0)
    assert columns(heads, SENTIMENT) == (3, 4, 5)
    assert columns(heads, TARGET_SENTIMENT) == (2, 1, 0)


def test_an_override_maps_labels_that_do_not_explain_themselves() -> None:
    given = {"LABEL_2": "against", "label_0": "favor", "LABEL_1": "neutral"}
    assert columns({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, STANCE, given) == (2, 1, 0)


@pytest.mark.parametrize(
    "labels",
    [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "positive"], ["1 star", "2 stars", "3 stars"]]
    + [["negative", "neutral", "positive", "speech"], ["neg", "negative", "neutral"]],
)
def test_labels_that_cannot_be_mapped_are_refused_with_the_way_out(labels: list[str]) -> None:
    with pytest.raises(ModelError, match="cannot be mapped.*set labels ="):
        columns(dict(enumerate(labels)), SENTIMENT)


@pytest.mark.parametrize(
    "override",
    [{"LABEL_9": "against", "LABEL_1": "neutral", "LABEL_0": "favor"}, {"LABEL_0": "favor"}]
    + [{"LABEL_0": "favor", "LABEL_1": "favor", "LABEL_2": "neutral"}],
)
def test_a_wrong_override_is_refused(override: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="each once"):
        columns({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, STANCE, override)
