"""Runs a model with torch, on a CPU or a GPU."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from models.engine.backend import Backend, Inputs

__all__ = ["Precision", "TorchBackend"]

Precision = Literal["fp32", "bf16", "fp16"]

_TYPES: Mapping[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
# Padded tokens. Small batches are as fast on a CPU as large ones and need a third of the memory.
_TOKENS_ON_CPU = 2_048
_TOKENS_ON_GPU = 65_536


class TorchBackend(Backend):
    """A sequence classifier as it is, on a torch device such as cpu, cuda or cuda:1.

    On a CPU `threads` batches are computed side by side.
    """

    name = "torch"
    version = torch.__version__

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        device: str = "cpu",
        precision: Precision = "fp32",
        compiled: bool = False,
        threads: int = 1,
    ) -> None:
        self.device = device
        self.precision = precision
        self.outputs = len(model.config.id2label or ())
        self.token_budget = _TOKENS_ON_CPU if device == "cpu" else _TOKENS_ON_GPU
        self.at_once = threads if device == "cpu" else 1
        self._model: Any = model.eval().to(device=device, dtype=_TYPES[precision])
        if compiled:
            self._model = torch.compile(self._model, dynamic=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have each batch computed by one thread: two batches on two cores wait for nothing."""
        before = torch.get_num_threads()
        torch.set_num_threads(1 if self.at_once > 1 else before)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return logits; see `Backend.run`."""
        tensors = {key: torch.from_numpy(rows).to(self.device) for key, rows in inputs.items()}
        with torch.inference_mode():
            logits: NDArray[np.float32] = self._model(**tensors).logits.float().cpu().numpy()
        return logits
