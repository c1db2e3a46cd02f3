"""What every way of running a model's forward pass has in common. No torch here."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

__all__ = ["Backend", "Inputs"]

Inputs = Mapping[str, NDArray[np.int64]]


class Backend(ABC):
    """Runs a model's forward pass over padded batches.

    `name` is torch, onnx or openvino; `precision` fp32, bf16, fp16 or int8; `version` the library's
    own. `outputs` is how many logits an input gets. What suits it: batches of at most
    `token_budget` padded tokens, padded to a multiple of `length_step`, `at_once` of them side by
    side in as many threads, and, where it has to be that, of exactly `fixed_rows` rows.
    """

    name: str
    precision: str
    device: str
    version: str
    outputs: int
    token_budget: int
    length_step: int = 16
    at_once: int = 1
    fixed_rows: int | None = None

    @property
    def description(self) -> str:
        """Which backend this is, for the record: what could change a score by a hair."""
        return f"{self.name} {self.version} {self.precision} on {self.device}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Enter before the first of many runs, to leave after the last."""
        yield

    @abstractmethod
    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return (n, outputs) logits for (n, length) token ids.

        `inputs` holds input_ids, attention_mask and, where the tokenizer makes them,
        token_type_ids.
        """
