"""Quantised models: how well they agree is checked, what disagrees is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.engine.agreement import agreement, heads
from models.engine.backend import Inputs
from models.engine.forward import Forward
from models.engine.onnx_cache import cache_key, find_exported
from models.engine.onnx_opening import check_installed, installed, open_exported, open_file
from models.engine.onnx_preparing import LARGEST_MARGIN, LEAST_AGREEMENT, prepare
from models.engine.opening import read_classifier
from models.engine.sample_texts import SAMPLES, sample_passages, sample_rows
from models.engine.torch_backend import TorchBackend
from models.model_name import ModelName


@pytest.fixture(scope="module")
def embedded() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    return read_classifier(ModelName())


@pytest.mark.slow  # it is exported whole
def test_the_embedded_model_in_int8_gives_the_same_labels(
    embedded: tuple[PreTrainedModel, PreTrainedTokenizerBase],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    backend = open_exported("onnx", "f00d", lambda: embedded, name="embedded", threads=1)
    assert backend.description == f"onnx {backend.version} int8 on cpu"
    found = find_exported(cache_key("onnx", "f00d"))
    assert found is not None
    assert found.verified.agreement >= LEAST_AGREEMENT
    assert 0 < found.verified.largest_difference < 0.1
    assert sorted(path.name for path in found.path.parent.iterdir()) == [
        "int8.onnx",
        "verified.json",
    ]
    model, tokenizer = embedded
    rows = sample_rows(tokenizer, 256)
    logits = [
        Forward(one, model.config, tokenizer, name="embedded").logits(rows)
        for one in (backend, TorchBackend(model))
    ]
    groups = heads(list(model.config.id2label.values()))
    assert groups == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert agreement(*logits, groups).same == found.verified.agreement
    again = open_exported("onnx", "f00d", not_again, name="embedded", threads=1)
    assert np.array_equal(again.run(inputs := as_batch(rows[0])), backend.run(inputs))


def not_again() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    raise AssertionError("what is cached is loaded once more")


def as_batch(row: object) -> Inputs:
    return {key: np.array([value], dtype=np.int64) for key, value in dict(row).items()}  # type: ignore[call-overload]


@pytest.mark.slow
def test_one_that_8_bits_cannot_hold_is_left_as_it_is(
    outlying: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    verified = prepare("onnx", outlying, tokenizer, tmp_path, name="mine")
    assert verified.precision == "fp32"
    assert verified.agreement >= LEAST_AGREEMENT
    assert verified.margin <= LARGEST_MARGIN
    assert [path.name for path in tmp_path.iterdir()] == [verified.file]
    backend = open_file("onnx", tmp_path / verified.file, precision="fp32", threads=1)
    assert backend.description == f"onnx {backend.version} fp32 on cpu"


@pytest.mark.slow
def test_one_that_int8_would_change_is_made_more_exact(
    small: Callable[[str], PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.setattr("models.engine.onnx_preparing.LARGEST_MARGIN", np.inf)
    plain = prepare("onnx", small("bert"), tokenizer, tmp_path / "a", name="mine")
    assert plain.precision == "int8"
    monkeypatch.setattr("models.engine.onnx_preparing.LARGEST_MARGIN", plain.margin * 0.99)
    (tmp_path / "b").mkdir()
    blocks = prepare("onnx", small("bert"), tokenizer, tmp_path / "b", name="mine")
    assert blocks.precision == "int8 in blocks"
    assert blocks.margin < plain.margin
    assert "node_" not in capfd.readouterr().err  # the library tells of each otherwise


@pytest.mark.slow
def test_one_that_answers_differently_in_any_form_is_refused_with_the_numbers(
    small: Callable[[str], PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.engine.onnx_preparing.LARGEST_MARGIN", -1.0)
    with pytest.raises(
        ModelError,
        match=r"^model mine loses too much with onnx \(int8 gives \d+\.\d% of torch's labels.*fp32 "
        r'gives.*are needed\): set backend = "torch"$',
    ):
        prepare("onnx", small("bert"), tokenizer, tmp_path, name="mine")


@pytest.mark.slow
def test_openvino_runs_it_in_more_bits_instead(
    outlying: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
) -> None:
    verified = prepare("openvino", outlying, tokenizer, tmp_path, name="mine")
    assert verified.precision == "fp32"
    assert verified.agreement >= LEAST_AGREEMENT
    backend = open_file("openvino", tmp_path / verified.file, precision="fp32", threads=1)
    assert backend.precision in {"bf16", "fp32"}


def test_broken_weights_are_no_matter_of_precision(
    small: Callable[[str], PreTrainedModel], tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model = small("bert")
    with torch.no_grad():
        model.classifier.weight[0, 0] = torch.nan
    with pytest.raises(ModelError, match="model mine answers with NaN"):
        prepare("onnx", model, tokenizer, tmp_path, name="mine")
    assert not list(tmp_path.iterdir())


def test_a_model_too_large_is_not_exported_unasked(
    small: Callable[[str], PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="model mine is too large"):
        open_exported(
            "onnx", "b16", lambda: (small("bert"), tokenizer), name="mine", most_parameters=100
        )
    assert find_exported(cache_key("onnx", "b16")) is None


def test_a_backend_that_is_not_installed_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert installed() == ["onnx", "openvino"]
    monkeypatch.setattr(
        "models.engine.onnx_opening.find_spec", lambda name: name != "openvino" or None
    )
    assert installed() == ["onnx"]
    with pytest.raises(ModelError, match=r'needs openvino: pip install "tgstance\[openvino\]"$'):
        check_installed("openvino")


def test_margins_tell_of_changes_that_turn_no_label() -> None:
    first = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]], dtype=np.float32)
    second = np.array([[3.0, 1.5, 0.0], [0.0, 2.0, 0.5]], dtype=np.float32)
    found = agreement(first, second, [[0, 1, 2]])
    assert (found.same, found.margin) == (1, 0.5)
    assert agreement(first, first, [[0, 1, 2]]).margin == 0


def test_heads_are_told_apart_by_their_names() -> None:
    assert heads(["negative", "neutral", "positive"]) == [[0, 1, 2]]
    assert heads(["stance_against", "stance_favor", "other"]) == [[0, 1, 2]]


def test_agreement_counts_labels_of_all_heads() -> None:
    one = np.log(np.array([[0.8, 0.2, 0.5, 0.5], [0.6, 0.4, 0.9, 0.1]], dtype=np.float32))
    other = np.log(np.array([[0.3, 0.7, 0.6, 0.4], [0.6, 0.4, 0.9, 0.1]], dtype=np.float32))
    found = agreement(one, other, [[0, 1], [2, 3]])
    assert found.same == 0.75
    assert found.largest == pytest.approx(0.5, abs=1e-5)


def test_the_samples_name_their_targets() -> None:
    passages = sample_passages()
    assert len(passages) == SAMPLES == len({(p.text, p.target) for p in passages})
    for passage in passages:
        (start, end), *_ = passage.mentions
        assert passage.text[start:end] == passage.target
