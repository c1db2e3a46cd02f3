"""Runs an exported model with OpenVINO on a CPU. No torch here."""

from importlib.metadata import version
from pathlib import Path
from threading import Lock, local

import numpy as np
import openvino
from joblib import cpu_count
from numpy.typing import NDArray

from collector.errors import ModelError
from models.engine.backend import Backend, Inputs

__all__ = ["OpenVinoBackend"]

# The first look at an array in a process looks NumPy up, and two threads that do so at once wait
# for each other for ever: one holds Python's lock, the other a lock of C++ (OpenVINO 2026.4). Not
# even Ctrl-C ends that. So it is done here, in one thread.
_ = openvino.Tensor(np.zeros(1, dtype=np.float32)).data

_ROWS = 16
# A model is compiled for each shape where that pays: 0.4 s each, a third faster, and once more
# the weights in memory.
_COMPILED_PER_SHAPE = 64 << 20  # bytes of the file, at most
_LENGTH_STEP = 32  # so few shapes that compiling them costs less than the padding
_TOKENS_PER_BATCH = 2_048
_NAMES = {"bf16": "bf16", "fp32": "f32"}  # of precisions, in its settings


class OpenVinoBackend(Backend):
    """An ONNX file with input_ids and so on as inputs, logits as its output.

    `threads` batches are computed side by side, as many as there are cores where that is None.
    `precision` is the file's, int8 or fp32; what is not int8 is computed in bf16 where the CPU does
    that. A small model takes batches of `fixed_rows` only. Raises ModelError when the file cannot
    be read.
    """

    name = "openvino"
    device = "cpu"
    version = version("openvino")

    def __init__(self, path: Path, *, precision: str = "int8", threads: int | None = None) -> None:
        self._core = openvino.Core()
        self.at_once = threads or cpu_count()
        try:
            self._model = self._core.read_model(path)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"{path} is no model that OpenVINO can read: {reason}") from error
        self._inputs = [field.any_name for field in self._model.inputs]
        self.outputs = int(self._model.outputs[0].partial_shape[-1].get_length())
        self._by_shape: dict[tuple[int, ...], openvino.CompiledModel] = {}
        self._compiling = Lock()
        self._requests = _Requests()
        fixed = path.stat().st_size <= _COMPILED_PER_SHAPE
        self.fixed_rows = _ROWS if fixed else None
        self.length_step = _LENGTH_STEP if fixed else Backend.length_step
        self.token_budget = _ROWS * 512 if fixed else _TOKENS_PER_BATCH
        able: list[str] = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._rest = "bf16" if "BF16" in able else "fp32"
        self.precision = self._rest if precision == "fp32" else precision

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return logits; see `Backend.run`."""
        given = {name: inputs[name] for name in self._inputs}
        request = self._request(inputs["input_ids"].shape)
        logits: NDArray[np.float32] = request.infer(given)[0].copy()
        return logits

    def _request(self, shape: tuple[int, ...]) -> openvino.InferRequest:
        """Return what runs inputs of a shape in this thread."""
        key = shape if self.fixed_rows else ()
        found = self._requests.by_shape
        if key not in found:
            found[key] = self._prepared(key).create_infer_request()
        return found[key]

    def _prepared(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        """Return the model compiled for a shape, for that alone where rows are fixed."""
        with self._compiling:
            if shape not in self._by_shape:
                self._by_shape[shape] = self._compiled(shape)
            return self._by_shape[shape]

    def _compiled(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        model = self._model
        if shape:
            model = model.clone()
            model.reshape({name: openvino.PartialShape(list(shape)) for name in self._inputs})
        settings = {
            "NUM_STREAMS": str(self.at_once),
            "INFERENCE_NUM_THREADS": str(self.at_once),
            "INFERENCE_PRECISION_HINT": _NAMES[self._rest],
        }
        return self._core.compile_model(model, "CPU", settings)


class _Requests(local):
    """What a thread runs the model with, by shape of the inputs: no two threads may share one."""

    def __init__(self) -> None:
        self.by_shape: dict[tuple[int, ...], openvino.InferRequest] = {}
