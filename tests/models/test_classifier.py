"""What comes out of a classifier, and what happens when it cannot be loaded."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.special import softmax
from transformers import (
    AutoModel,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from collector.errors import ModelError
from models.calibration import Calibration, Fit, TaskFit
from models.classifier import Classifier
from models.engine.opening import open_forward
from models.engine.setting import TORCH_ON_CPU
from models.labels import LABELS, SENTIMENT, STANCE, TARGET_SENTIMENT, head_label
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

MakeModel = Callable[..., Path]


def test_probabilities_are_one_row_per_text_that_sums_to_one(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    result = classifier.probabilities(["Трамп победил", "", "погода " * 10])
    assert result.shape == (3, 3)
    assert result.dtype == np.float32
    assert np.allclose(result.sum(axis=1), 1, atol=1e-5)


def test_the_batch_a_text_is_in_does_not_change_its_score(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    texts = [f"{'погода ' * (number % 17)}выборы {number}" for number in range(300)]
    together = classifier.probabilities(texts)
    alone = np.concatenate([classifier.probabilities([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_stance_depends_on_the_target_and_on_where_it_is_marked(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), STANCE)
    text = "Трамп не снимет санкции"
    passages = [
        Passage(text, "Трамп", ((0, 5),)),
        Passage(text, "санкции", ((16, 23),)),
        Passage(text, "санкции"),
    ]
    rows = classifier.predict(passages).probabilities
    assert not np.allclose(rows[0], rows[1], atol=1e-5)
    assert not np.allclose(rows[1], rows[2], atol=1e-5)
    assert np.allclose(rows[0], classifier.probabilities([text], ["Трамп"])[0], atol=1e-5)


def passage(words: Sequence[str], named: Sequence[int] = ()) -> Passage:
    """Return words of one token each as a passage; those at `named` mention the target."""
    spans = tuple((2 * index, 2 * index + 1) for index in named)
    return Passage(" ".join(words), "т" if named else None, spans)


LETTERS = list("трампобедилсвыхазнкцют")
WORDS = [LETTERS[number * number % 31 % len(LETTERS)] for number in range(5_000)]


def test_a_long_post_is_read_to_its_end(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    # 64 positions, two of them for the ends; "." is one token whatever the vocabulary.
    whole, opinion = WORDS[:100], [*WORDS[:90], *"." * 10]
    logits, truncated = classifier.logits([passage(whole), passage(opinion)])
    assert not np.allclose(logits[0], logits[1], atol=1e-3)
    assert truncated.tolist() == [False, False]


def test_windows_of_a_long_post_weigh_as_many_tokens_as_they_add(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    words = WORDS[:100]
    pooled, _ = classifier.logits([passage(words)])
    windows, _ = classifier.logits([passage(words[:62]), passage(words[38:])])
    assert np.allclose(pooled[0], (62 * windows[0] + 38 * windows[1]) / 100, atol=1e-5)


def test_windows_around_mentions_weigh_as_many_as_they_hold(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), STANCE)
    pooled, truncated = classifier.logits([passage(WORDS[:200], [10, 100, 104])])
    # 60 tokens each, two of them marks around each mention; the second is centred on its mentions.
    parts = [passage(WORDS[:58], [10]), passage(WORDS[75:131], [25, 29])]
    windows, _ = classifier.logits(parts)
    assert np.allclose(pooled[0], (windows[0] + 2 * windows[1]) / 3, atol=1e-5)
    assert truncated.tolist() == [True]


def test_stance_is_read_around_a_mention_at_the_end_of_a_long_post(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), STANCE)
    other = [*WORDS[:4_980], *"." * 10, *WORDS[4_990:]]
    far = ["." for _ in WORDS[:4_000]] + WORDS[4_000:]
    asked = [passage(words, [4_995]) for words in (WORDS, other, far)]
    unmentioned = Passage(asked[0].text, "т")
    rows = classifier.predict([*asked, unmentioned]).probabilities
    assert not np.allclose(rows[0], rows[1], atol=1e-4)
    assert np.allclose(rows[0], rows[2], atol=1e-6)
    assert not np.allclose(rows[0], rows[3], atol=1e-4)


def test_a_post_is_truncated_when_any_of_it_is_in_no_window(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    passages = [Passage("." * count) for count in (0, 1, 62, 63, 500, 5_000, 100_000)]
    truncated = classifier.predict(passages).truncated.tolist()
    assert truncated == [False, False, False, False, False, True, True]


def test_a_target_longer_than_the_model_reads_is_cut_and_flagged(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), STANCE)
    predictions = classifier.predict([Passage("погода", "." * 500), Passage("погода", "Трамп")])
    assert predictions.truncated.tolist() == [True, False]
    assert np.allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_no_passages_give_no_rows(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    assert classifier.predict([]).probabilities.shape == (0, 3)


def test_calibration_follows_the_language_of_a_passage(make_model: MakeModel) -> None:
    forward = open_forward(name := ModelName(str(make_model())), TORCH_ON_CPU)
    fit = {"rows": 200, "nll": (1.0, 1.0), "ece": (0.1, 0.1)}
    languages = {"uk": Fit(temperature=4.0, **fit), "en": Fit(temperature=0.5, **fit)}
    tasks = {SENTIMENT: TaskFit(temperature=2.0, languages=languages, **fit)}
    classifier = Classifier(forward, SENTIMENT, name=name, calibration=Calibration(tasks))
    text = "the president said nothing"
    passages = [Passage(text, language="ru"), Passage(text, language="uk"), Passage(text)]
    rows = classifier.predict(passages).probabilities
    logits, _ = classifier.logits(passages)
    assert np.allclose(rows, softmax(logits / np.array([[2.0], [4.0], [0.5]]), axis=1), atol=1e-6)
    plain = Classifier(forward, SENTIMENT, name=name).predict(passages).probabilities
    assert np.allclose(plain, softmax(logits, axis=1), atol=1e-6)


def test_a_head_is_calibrated_whatever_task_it_answers(make_model: MakeModel) -> None:
    names = tuple(head_label(STANCE, label) for label in LABELS[STANCE])
    forward = open_forward(name := ModelName(str(make_model(labels=names))), TORCH_ON_CPU)
    fit = TaskFit(temperature=4.0, rows=200, nll=(1.0, 1.0), ece=(0.1, 0.1))
    asked = [Passage("Трамп победил", "Трамп", ((0, 5),))]
    for task in (STANCE, TARGET_SENTIMENT):
        calibration = Calibration({STANCE: fit})
        classifier = Classifier(forward, task, name=name, calibration=calibration)
        logits, _ = classifier.logits(asked)
        rows = classifier.predict(asked).probabilities
        assert np.allclose(rows, softmax(logits / 4, axis=1), atol=1e-6)


@pytest.mark.parametrize("task", [STANCE, TARGET_SENTIMENT])
def test_a_task_about_a_target_needs_one(make_model: MakeModel, task: str) -> None:
    classifier = load_classifier(ModelName(str(make_model())), task)
    asked = [Passage("Трамп", "Трамп", ((0, 5),)), Passage("Трамп")]
    message = f"{task} is about a target: name the target of every passage"
    for ask in (classifier.predict, classifier.logits):
        with pytest.raises(ValueError, match=message):
            ask(asked)
    with pytest.raises(ValueError, match=message):
        classifier.probabilities(["Трамп победил"])


def test_labels_are_put_in_our_order(make_model: MakeModel) -> None:
    ordered = make_model("same", labels=("negative", "neutral", "positive"))
    turned = make_model("turned", labels=("positive", "neutral", "negative"))
    shutil.copy(ordered / "model.safetensors", turned)
    one = load_classifier(ModelName(str(ordered)), SENTIMENT).probabilities(["выборы"])
    other = load_classifier(ModelName(str(turned)), SENTIMENT).probabilities(["выборы"])
    assert np.allclose(one, other[:, ::-1], atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (XLMRobertaForSequenceClassification, XLMRobertaConfig(max_position_embeddings=66)),
        (DebertaV2ForSequenceClassification, DebertaV2Config(relative_attention=True)),
        (ModernBertForSequenceClassification, ModernBertConfig()),
    ],
    ids=["xlm-roberta", "deberta-v2", "modernbert"],
)
def test_other_architectures_load_and_answer(
    kind: type, config: PreTrainedConfig, tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    torch.manual_seed(1)
    small: dict[str, float] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small |= {"pooler_hidden_size": 16, "intermediate_size": 32, "initializer_range": 0.3}
    tokens = {"vocab_size": len(tokenizer), "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    labels = {0: "AGAINST", 1: "NEUTRAL", 2: "FAVOR"}
    settings = {**config.to_dict(), **small, **tokens, "id2label": labels}
    settings.pop("layer_types", None)
    kind(type(config)(**settings)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    classifier = load_classifier(ModelName(str(tmp_path)), STANCE)
    long = "погода " * 600
    texts = ["Трамп победил", long, f"{long} Трамп победил", f"{long} Трамп . . ."]
    rows = classifier.probabilities(texts, ["Трамп", "погода", "Трамп", "Трамп"])
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(rows[2], rows[3], atol=1e-5)


def test_half_precision_weights_are_read(make_model: MakeModel) -> None:
    directory = make_model()
    weights = load_file(directory / "model.safetensors")
    half = {name: tensor.half() for name, tensor in weights.items()}
    save_file(half, directory / "model.safetensors", metadata={"format": "pt"})
    result = load_classifier(ModelName(str(directory)), SENTIMENT).probabilities(["выборы"])
    assert np.isfinite(result).all()


def test_a_directory_without_weights_is_one_clear_error(make_model: MakeModel) -> None:
    directory = make_model()
    (directory / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights in safetensors .*model.safetensors"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_pickled_weights_are_not_read(make_model: MakeModel) -> None:
    directory = make_model()
    weights = load_file(directory / "model.safetensors")
    torch.save(weights, directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights in safetensors"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_broken_weights_are_one_clear_error(make_model: MakeModel) -> None:
    directory = make_model()
    (directory / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_an_encoder_without_a_classifier_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    directory = make_model()
    encoder = tmp_path / "encoder"
    AutoModel.from_pretrained(directory).save_pretrained(encoder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(directory / name, encoder)
    settings = json.loads((encoder / "config.json").read_text())
    settings["id2label"] = {"0": "negative", "1": "neutral", "2": "positive"}
    (encoder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="is no classifier .*--base"):
        load_classifier(ModelName(str(encoder)), SENTIMENT)


def test_labels_that_cannot_be_mapped_are_refused(make_model: MakeModel) -> None:
    directory = make_model(labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(ModelError, match="cannot be mapped"):
        load_classifier(ModelName(str(directory)), SENTIMENT)
    override = {"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"}
    load_classifier(ModelName(str(directory), labels=override), SENTIMENT)


def test_weights_that_give_nan_are_refused(make_model: MakeModel) -> None:
    directory = make_model()
    weights = load_file(directory / "model.safetensors")
    weights["classifier.bias"] = torch.full((3,), float("nan"))
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="NaN"):
        load_classifier(ModelName(str(directory)), SENTIMENT).probabilities(["выборы"])


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="./no-such-model: no such directory"):
        load_classifier(ModelName("./no-such-model"), SENTIMENT)


def test_the_fingerprint_follows_the_weights_and_not_the_place(make_model: MakeModel) -> None:
    one, other = make_model("one"), make_model("other")
    assert ModelName(str(one)).fingerprint != ModelName(str(other)).fingerprint
    moved = one.rename(one.with_name("moved"))
    assert ModelName(str(moved)).fingerprint == ModelName(str(moved)).fingerprint
    shutil.copytree(moved, one)
    assert ModelName(str(one)).fingerprint == ModelName(str(moved)).fingerprint
