"""Runs an exported model with ONNX Runtime on a CPU. No torch here."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from joblib import cpu_count
from numpy.typing import NDArray

from collector.errors import ModelError
from models.engine.backend import Backend, Inputs

__all__ = ["OnnxBackend"]

_ONLY_ERRORS = 3
# As fast as larger batches, and what is computed in between stays in the cache of a core.
_TOKENS_PER_BATCH = 1_024
# The fused kernel takes six times as long as an addition and a normalisation (ONNX Runtime 1.32).
_SLOWER = ["SkipLayerNormFusion"]


class OnnxBackend(Backend):
    """An ONNX file with input_ids and so on as inputs, logits as its output, on `threads` threads.

    All cores where that is None. Raises ModelError when the file cannot be read.
    """

    name = "onnx"
    device = "cpu"
    version = version("onnxruntime")
    token_budget = _TOKENS_PER_BATCH

    def __init__(self, path: Path, *, precision: str = "int8", threads: int | None = None) -> None:
        self.precision = precision
        self.at_once = threads or cpu_count()  # one thread each, which wait for nothing
        self._session = _session(path, 1)
        self._inputs = [field.name for field in self._session.get_inputs()]
        self.outputs = int(self._session.get_outputs()[0].shape[-1])

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return logits; see `Backend.run`."""
        (logits,) = self._session.run(None, {name: inputs[name] for name in self._inputs})
        result: NDArray[np.float32] = logits
        return result


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ONLY_ERRORS
    options.enable_mem_pattern = False  # a plan is kept for every shape, and shapes are many
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
        )
    except Exception as error:  # its errors derive from nothing else
        reason = " ".join(str(error).split())
        raise ModelError(f"{path} is no model that ONNX Runtime can read: {reason}") from error
