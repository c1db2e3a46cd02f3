"""What comes out of a classifier, and what happens when it cannot be loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
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
from models.classifier import load_classifier
from models.labels import SENTIMENT, STANCE
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


def test_only_a_text_that_does_not_fit_is_flagged(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), SENTIMENT)
    # 64 positions, two of them for the ends; "." is one token whatever the vocabulary.
    passages = [Passage("." * count) for count in (1, 61, 62, 63, 500)]
    assert classifier.predict(passages).truncated.tolist() == [False, False, False, True, True]


def test_a_target_longer_than_the_model_reads_is_cut_and_flagged(make_model: MakeModel) -> None:
    classifier = load_classifier(ModelName(str(make_model())), STANCE)
    predictions = classifier.predict([Passage("погода", "." * 500), Passage("погода", "Трамп")])
    assert predictions.truncated.tolist() == [True, False]
    assert np.allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-5)


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
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small["pooler_hidden_size"] = 16
    tokens = {"vocab_size": len(tokenizer), "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    labels = {0: "AGAINST", 1: "NEUTRAL", 2: "FAVOR"}
    settings = {**config.to_dict(), **small, **tokens, "intermediate_size": 32, "id2label": labels}
    settings.pop("layer_types", None)
    kind(type(config)(**settings)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    classifier = load_classifier(ModelName(str(tmp_path)), STANCE)
    rows = classifier.probabilities(["Трамп победил", "погода " * 200], ["Трамп", "погода"])
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


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
    with pytest.raises(ModelError, match="cannot be loaded .*model.safetensors"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_pickled_weights_are_not_read(make_model: MakeModel) -> None:
    directory = make_model()
    weights = load_file(directory / "model.safetensors")
    torch.save(weights, directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
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
