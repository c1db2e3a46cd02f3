"""How users may have a model run: no torch here, so that a configuration can be read without it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["TORCH_ON_CPU", "BackendName", "EngineSetting"]

BackendName = Literal["auto", "torch", "onnx", "openvino"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetting:
    """What runs a model, and where.

    `backend` auto is a GPU's torch where there is a GPU, else the fastest here by a measurement
    that is remembered. `device` is a torch device (cpu, cuda, cuda:1) or auto. `compiled` has torch
    compile the model. `threads` are those of one model on a CPU; all cores where it is None.
    `passages` tells how many wait, where that is known: for few of them auto does not measure.
    """

    backend: BackendName = "auto"
    device: str = "auto"
    compiled: bool = False
    threads: int | None = None
    passages: int | None = None


TORCH_ON_CPU = EngineSetting(backend="torch", device="cpu")  # exact, and the same everywhere
