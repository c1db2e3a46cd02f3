"""Writes a model as an ONNX file that gives the same logits."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from collector.errors import ModelError

__all__ = ["export"]

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_ROWS, _LENGTH = 2, 24  # of the example; torch takes a 1 for a size that never changes
_ONE_FILE = 1 << 30  # bytes; a file in ONNX's format has less than twice that


def export(model: PreTrainedModel, names: Sequence[str], path: Path) -> Path:
    """Write `model` in fp32 to `path`, for inputs of any number and length, and return the path.

    `names` are those of the inputs that its tokenizer makes. Weights too many for one file stand
    beside it. Raises ModelError where torch cannot export the model.
    """
    taken = signature(model.forward).parameters
    inputs = [name for name in _INPUTS if name in names and name in taken]
    inputs = list(dict.fromkeys(["input_ids", "attention_mask", *inputs]))
    large = sum(weight.numel() * 4 for weight in model.parameters()) > _ONE_FILE
    try:
        with _quiet(), torch.inference_mode():
            _program(model, inputs).save(path, external_data=large)
        _mend(path, large=large)
    except Exception as error:  # whatever torch raises at what it cannot follow
        raise ModelError(
            f"a model of type {model.config.model_type} cannot be exported to ONNX "
            f'({_reason(error)}): set backend = "torch"'
        ) from error
    return path


class _Logits(nn.Module):
    """The model as a function of its inputs in order, with nothing but logits as its result."""

    def __init__(self, model: PreTrainedModel, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model.eval().float()
        self.names = names

    def forward(self, *inputs: Tensor) -> Tensor:
        logits: Tensor = self.model(**dict(zip(self.names, inputs, strict=True))).logits
        return logits


def _program(model: PreTrainedModel, names: Sequence[str]) -> Any:  # noqa: ANN401 (has no public name)
    known = min(int(model.config.vocab_size), 1_000)
    ids = torch.arange(_ROWS * _LENGTH).reshape(_ROWS, _LENGTH) % known
    of = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    return torch.onnx.export(
        _Logits(model, names),
        tuple(of.get(name, torch.zeros_like(ids)) for name in names),
        dynamo=True,
        dynamic_shapes=(tuple(any_size for _ in names),),
        input_names=list(names),
        output_names=["logits"],
        verbose=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the user what the exporter says on the way: nothing can be done about it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _mend(path: Path, *, large: bool) -> None:
    """Transpose the keys of attention in one step, not in three; torch writes them as a batch."""
    model = onnx.load(path, load_external_data=not large)
    nodes = model.graph.node
    makers = {name: node for node in nodes for name in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in nodes:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in list(nodes):
        flat = makers.get(node.input[0]) if _permutes(node, [0, 2, 1]) else None
        after = users.get(node.output[0], [])
        if flat and flat.op_type == "Reshape" and [one.op_type for one in after] == ["Reshape"]:
            node.input[0] = flat.input[0]
            node.attribute[0].ints[:] = [0, 1, 3, 2]
            node.output[0] = after[0].output[0]
            nodes.remove(after[0])
    del model.graph.value_info[:]  # shapes of before
    onnx.save(model, path)


def _permutes(node: onnx.NodeProto, order: list[int]) -> bool:
    return node.op_type == "Transpose" and list(node.attribute[0].ints) == order


def _reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return " ".join((lines or [type(error).__name__])[0].split())[:200]
