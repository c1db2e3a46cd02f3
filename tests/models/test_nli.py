"""Stance and sentiment by natural-language inference, with small models made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerBase,
)

from collector.errors import ModelError
from models.hypotheses import CLAIM, MOOD, NAME, hypotheses
from models.labels import LABELS, SENTIMENT, STANCE, TARGET_SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.nli import NliClassifier, weigh
from models.passage import Passage

MakeNli = Callable[..., Path]
THREE = ("entailment", "neutral", "contradiction")
FAR = 30.0  # a logit that makes its softmax 1


@pytest.fixture
def make_nli(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> MakeNli:
    """Return a maker of untrained models, by default wide enough for whole hypotheses."""

    def make(labels: tuple[str, ...] = THREE, positions: int = 256) -> Path:
        torch.manual_seed(1)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=positions,
            initializer_range=0.3,
            pad_token_id=0,
            id2label=dict(enumerate(labels)),
        )
        BertForSequenceClassification(config).save_pretrained(tmp_path / "nli")
        tokenizer.save_pretrained(tmp_path / "nli")
        return tmp_path / "nli"

    return make


def said(*probabilities: tuple[float, ...]) -> np.ndarray:
    """Logits of one passage: of its hypothesis against, and of the one for."""
    return np.log(np.array([probabilities], dtype=np.float32))


@pytest.mark.parametrize(
    ("against", "favor", "expected"),
    [
        ((0.0, 1.0, 0.0), (0.0, 1.0, 0.0), (0, 1, 0)),
        ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0, 0, 1)),
        ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1, 0, 0)),
        ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0, 0.5, 0.5)),
        ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.5, 0, 0.5)),
        ((0.1, 0.6, 0.3), (0.5, 0.4, 0.1), (0.1, 0.5, 0.4)),
    ],
)
def test_each_hypothesis_has_half_a_vote(
    against: tuple[float, ...], favor: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    with np.errstate(divide="ignore"):
        logits = np.maximum(said(against, favor), -FAR)
    assert np.allclose(weigh(logits), [expected], atol=1e-6)


@pytest.mark.parametrize(
    ("against", "favor", "expected"),
    [
        (0.0, 0.0, (0, 1, 0)),
        (0.0, 1.0, (0, 0, 1)),
        (1.0, 0.0, (1, 0, 0)),
        (1.0, 1.0, (0, 1, 0)),
        (0.2, 0.9, (0.02, 0.26, 0.72)),
    ],
)
def test_without_contradiction_only_what_is_entailed_alone_counts(
    against: float, favor: float, expected: tuple[float, ...]
) -> None:
    with np.errstate(divide="ignore"):
        logits = np.maximum(said((against, 1 - against), (favor, 1 - favor)), -FAR)
    assert np.allclose(weigh(logits), [expected], atol=1e-6)


def test_no_passages_give_no_rows(make_nli: MakeNli) -> None:
    model = load_classifier(ModelName(str(make_nli()), kind="nli"), STANCE)
    assert model.predict([]).probabilities.shape == (0, 3)
    assert model.predict([]).truncated.shape == (0,)


def by_hand(directory: Path, text: str, pair: tuple[str, str]) -> np.ndarray:
    """Return the (2, outputs) logits of transformers itself, one input at a time."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForSequenceClassification.from_pretrained(directory).eval()
    rows = [model(**tokenizer(text, one, return_tensors="pt")).logits[0] for one in pair]
    return np.stack([row.detach().numpy() for row in rows])


@pytest.mark.parametrize(
    ("task", "passage", "about"),
    [
        (STANCE, Passage("да", "Ян", language="ru"), NAME),
        (STANCE, Passage("да", "Ян", claim=True, language="uk"), CLAIM),
        (TARGET_SENTIMENT, Passage("да", "Ян", language="de"), NAME),
        (SENTIMENT, Passage("да", language="ru"), MOOD),
    ],
)
def test_a_passage_is_asked_about_its_target_in_its_language(
    make_nli: MakeNli, task: str, passage: Passage, about: str
) -> None:
    directory = make_nli(("contradiction", "entailment", "neutral"))
    model = load_classifier(ModelName(str(directory), kind="nli"), task)
    pair = hypotheses(about, passage.target or "", passage.language)
    logits = by_hand(directory, passage.text, pair)[:, [1, 2, 0]]
    expected = weigh(logits[np.newaxis])
    assert np.allclose(model.predict([passage]).probabilities, expected, atol=1e-5)


@pytest.mark.parametrize("task", [STANCE, TARGET_SENTIMENT])
def test_a_task_about_a_target_needs_one(make_nli: MakeNli, task: str) -> None:
    model = load_classifier(ModelName(str(make_nli()), kind="nli"), task)
    message = f"{task} is about a target: name the target of every passage"
    with pytest.raises(ValueError, match=message):
        model.predict([Passage("Трамп", "Трамп"), Passage("Трамп")])
    with pytest.raises(ValueError, match=message):
        model.probabilities(["Трамп", "погода"], ["Трамп", None])


def test_an_unknown_language_is_recognised(make_nli: MakeNli) -> None:
    model = load_classifier(ModelName(str(make_nli()), kind="nli"), STANCE)
    text = "Трамп победил на выборах, санкции не работают"
    known = model.predict([Passage(text, "Трамп", language="ru")]).probabilities
    english = model.predict([Passage(text, "Трамп", language="en")]).probabilities
    assert np.allclose(model.predict([Passage(text, "Трамп")]).probabilities, known)
    assert not np.allclose(known, english)


def test_rows_sum_to_one_whatever_the_batch(make_nli: MakeNli) -> None:
    model = load_classifier(ModelName(str(make_nli()), kind="nli"), STANCE)
    texts = [f"{'погода ' * (number % 40)}Трамп {number}" for number in range(50)]
    together = model.probabilities(texts, ["Трамп"] * 50)
    alone = np.concatenate([model.probabilities([text], ["Трамп"]) for text in texts])
    assert together.dtype == np.float32
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)


def test_a_long_passage_is_read_beyond_its_beginning(make_nli: MakeNli) -> None:
    model = load_classifier(ModelName(str(make_nli(positions=128)), kind="nli"), SENTIMENT)
    start = "погода " * 300
    one, other = model.probabilities([f"{start}выборы", f"{start}санкции санкции санкции"])
    assert not np.allclose(one, other, atol=1e-6)


def test_a_model_of_two_classes_answers(make_nli: MakeNli) -> None:
    directory = make_nli(("not_entailment", "entailment"))
    model = load_classifier(ModelName(str(directory), kind="nli"), STANCE)
    assert isinstance(model, NliClassifier)
    assert np.allclose(model.probabilities(["Трамп"], ["Трамп"]).sum(axis=1), 1, atol=1e-5)


def test_a_model_that_always_entails_sees_no_side(make_nli: MakeNli) -> None:
    directory = make_nli(("entailment", "not_entailment"))
    weights = load_file(directory / "model.safetensors")
    weights["classifier.weight"].zero_()
    weights["classifier.bias"][0], weights["classifier.bias"][1] = FAR, 0
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    model = load_classifier(ModelName(str(directory), kind="nli"), STANCE)
    best = model.probabilities(["Трамп победил"], ["Трамп"]).argmax(axis=1)
    assert LABELS[STANCE][best[0]] == "neutral"


def test_labels_and_hypotheses_can_be_given(make_nli: MakeNli) -> None:
    directory = make_nli(("LABEL_0", "LABEL_1", "LABEL_2"))
    given = dict(zip(("LABEL_0", "LABEL_1", "LABEL_2"), THREE, strict=True))
    own = {"ru": {NAME: {"favor": "{target}: да", "against": "{target}: нет"}}}
    name = ModelName(str(directory), labels=given, kind="nli", hypotheses=own)
    passage = Passage("Трамп победил", "Трамп", language="ru")
    expected = weigh(by_hand(directory, passage.text, ("Трамп: нет", "Трамп: да"))[np.newaxis])
    result = load_classifier(name, STANCE).predict([passage]).probabilities
    assert np.allclose(result, expected, atol=1e-5)
    with pytest.raises(ModelError, match="cannot be mapped"):
        load_classifier(ModelName(str(directory), kind="nli"), STANCE)


def test_the_rule_is_a_distribution_for_any_logits() -> None:
    random = np.random.default_rng(1)
    for outputs in (2, 3):
        logits = random.normal(0, 8, (500, 2, outputs)).astype(np.float32)
        result = weigh(logits)
        assert (result >= 0).all()
        assert np.allclose(result.sum(axis=1), 1, atol=1e-5)
        turned = weigh(logits[:, ::-1])
        assert np.allclose(result, turned[:, ::-1], atol=1e-6)
