"""How the labels of a model map onto ours."""

import pytest

from collector.errors import ModelError
from models.labels import SENTIMENT, STANCE, TARGET_SENTIMENT, canonical, columns, head, nli_columns


@pytest.mark.parametrize(
    ("labels", "task", "expected"),
    [
        (["negative", "neutral", "positive"], SENTIMENT, (0, 1, 2)),
        (["POSITIVE", "NEUTRAL", "NEGATIVE"], SENTIMENT, (2, 1, 0)),
        (["neutral", "pos", "neg"], SENTIMENT, (2, 0, 1)),
        (["FAVOR", "AGAINST", "NONE"], STANCE, (1, 2, 0)),
        (["negative", "neutral", "positive"], STANCE, (0, 1, 2)),
        (["Негатив", "Нейтрально", "Позитив"], SENTIMENT, (0, 1, 2)),
        (["in_favor", "no-stance", "against"], STANCE, (2, 1, 0)),
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


@pytest.mark.parametrize(
    ("labels", "task", "expected"),
    [
        (["stance_against", "stance_neutral", "stance_favor"], STANCE, STANCE),
        (["Stance-Against", "STANCE_NEUTRAL", "stance favor"], TARGET_SENTIMENT, STANCE),
        (["target_sentiment_negative"], TARGET_SENTIMENT, TARGET_SENTIMENT),
        (["sentiment_negative"], SENTIMENT, SENTIMENT),
        (["against", "neutral", "favor"], TARGET_SENTIMENT, TARGET_SENTIMENT),
        (["LABEL_0", "stance_neutral"], TARGET_SENTIMENT, TARGET_SENTIMENT),
    ],
)
def test_the_head_that_answers_is_named(labels: list[str], task: str, expected: str) -> None:
    assert head(labels, task) == expected


def test_an_override_maps_labels_that_do_not_explain_themselves() -> None:
    given = {"LABEL_2": "against", "label_0": "favor", "LABEL_1": "neutral"}
    assert columns({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, STANCE, given) == (2, 1, 0)


@pytest.mark.parametrize(
    "labels",
    [["LABEL_0", "LABEL_1", "LABEL_2"], ["1 star", "2 stars", "3 stars"], ["-1", "0", "1"]]
    + [["negative", "neutral", "positive", "speech"], ["neg", "negative", "neutral"]],
)
def test_labels_that_cannot_be_mapped_are_refused_with_the_way_out(labels: list[str]) -> None:
    with pytest.raises(ModelError, match="cannot be mapped.*set labels ="):
        columns(dict(enumerate(labels)), SENTIMENT)


def test_a_model_without_a_neutral_label_is_refused() -> None:
    with pytest.raises(ModelError, match="take a side on every post"):
        columns({0: "NEGATIVE", 1: "POSITIVE"}, SENTIMENT)


def test_the_labels_of_an_nli_model_point_to_its_kind() -> None:
    with pytest.raises(ModelError, match='set kind = "nli"'):
        columns({0: "ENTAILMENT", 1: "NEUTRAL", 2: "CONTRADICTION"}, STANCE)


@pytest.mark.parametrize(
    "override",
    [{"LABEL_9": "against", "LABEL_1": "neutral", "LABEL_0": "favor"}, {"LABEL_0": "favor"}]
    + [{"LABEL_0": "favor", "LABEL_1": "favor", "LABEL_2": "neutral"}],
)
def test_a_wrong_override_is_refused(override: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="each once"):
        columns({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, STANCE, override)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["entailment", "neutral", "contradiction"], (0, 1, 2)),
        (["CONTRADICTION", "NEUTRAL", "ENTAILMENT"], (2, 1, 0)),
        (["entailment", "contradiction", "neutral"], (0, 2, 1)),
        (["not_entailment", "entailment"], (1, 0)),
        (["Contradict", "Entail"], (1, 0)),
    ],
)
def test_nli_labels_are_found(labels: list[str], expected: tuple[int, ...]) -> None:
    assert nli_columns(dict(enumerate(labels))) == expected


def test_nli_labels_can_be_given() -> None:
    given = {"LABEL_0": "contradiction", "LABEL_1": "neutral", "LABEL_2": "entailment"}
    numbered = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert nli_columns(numbered, given) == (2, 1, 0)
    with pytest.raises(ModelError, match="each once"):
        nli_columns(numbered, {"LABEL_0": "contradiction", "LABEL_9": "entailment"})


@pytest.mark.parametrize(
    "labels",
    [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "neutral", "positive"], ["entailment"]]
    + [["entailment", "entails", "neutral"], ["entailment", "neutral"]],
)
def test_a_model_that_is_no_nli_model_is_refused(labels: list[str]) -> None:
    with pytest.raises(ModelError, match="cannot be mapped.*labels = "):
        nli_columns(dict(enumerate(labels)))


@pytest.mark.parametrize(
    ("word", "task", "ours"),
    [
        ("FAVOUR", STANCE, "favor"),
        (" Pro ", STANCE, "favor"),
        ("anti", STANCE, "against"),
        ("none", STANCE, "neutral"),
        ("NEG", SENTIMENT, "negative"),
        ("in_favor", TARGET_SENTIMENT, "positive"),
        ("позитив", SENTIMENT, "positive"),
        ("проти", STANCE, "against"),
    ],
)
def test_well_known_words_mean_our_labels(word: str, task: str, ours: str) -> None:
    assert canonical(word, task) == ours


@pytest.mark.parametrize("word", ["", "1", "-1", "0", "5 stars", "mixed", "unrelated", "LABEL_1"])
def test_other_words_mean_none(word: str) -> None:
    assert canonical(word, STANCE) is None
