"""Exporting: the file gives torch's logits for inputs of any number and length."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from collector.errors import ModelError
from models.engine.backend import Inputs
from models.engine.onnx_backend import OnnxBackend
from models.engine.onnx_export import export
from models.engine.openvino_backend import OpenVinoBackend

NAMES = ("input_ids", "token_type_ids", "attention_mask")
SHAPES = [(1, 9), (3, 40), (2, 100), (16, 32)]


@pytest.fixture(scope="module")
def bert(small: Callable[[str], PreTrainedModel], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(small("bert"), NAMES, tmp_path_factory.mktemp("bert") / "model.onnx")


@pytest.mark.slow  # each export takes some seconds
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2", "modernbert"])
def test_the_file_answers_as_torch_does(
    kind: str,
    small: Callable[[str], PreTrainedModel],
    random_inputs: Callable[[int, int], Inputs],
    logits_in_torch: Callable[[PreTrainedModel, Inputs], np.ndarray],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = small(kind)
    path = export(model, NAMES, tmp_path / "model.onnx")
    assert capfd.readouterr() == ("", "")
    onnx = OnnxBackend(path, precision="fp32", threads=1)
    openvino = OpenVinoBackend(path, precision="fp32", threads=1)
    for shape in SHAPES:
        inputs = random_inputs(*shape)
        expected = logits_in_torch(model, inputs)
        assert np.allclose(onnx.run(inputs), expected, atol=1e-4)
        assert np.allclose(openvino.run(inputs), expected, atol=0.3)  # it computes in 16 bits


def test_memory_does_not_grow_with_the_number_of_shapes(
    bert: Path, random_inputs: Callable[[int, int], Inputs]
) -> None:
    backend = OnnxBackend(bert, precision="fp32", threads=1)
    shapes = [(rows, length) for rows in range(1, 33) for length in range(8, 128, 8)]
    backend.run(random_inputs(*shapes[-1]))
    before = resident()
    for shape in shapes:
        backend.run(random_inputs(*shape))
    assert resident() - before < 50_000_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_what_torch_cannot_follow_is_said_in_one_line(
    small: Callable[[str], PreTrainedModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small("bert")

    def forward(input_ids: torch.Tensor, **_: torch.Tensor) -> torch.Tensor:
        return input_ids if input_ids.sum().item() > 3 else -input_ids

    monkeypatch.setattr(model.bert.embeddings, "forward", forward)
    with pytest.raises(ModelError, match='of type bert cannot be exported.*set backend = "torch"$'):
        export(model, NAMES, tmp_path / "model.onnx")


@pytest.mark.parametrize("backend", [OnnxBackend, OpenVinoBackend])
def test_a_file_that_is_no_model(
    backend: type[OnnxBackend | OpenVinoBackend], tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"half of one")
    with pytest.raises(ModelError, match="model.onnx is no model that") as caught:
        backend(path)
    assert "\n" not in str(caught.value)
