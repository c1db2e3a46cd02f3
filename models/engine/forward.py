"""Puts tokenised inputs of any number and length through a backend, in batches that suit it."""

from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedConfig, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.engine.backend import Backend
from models.engine.batching import Row, batches, pad
from models.engine.timings import Timings

__all__ = ["Forward", "longest_input"]

_MOST_TOKENS = 512


def longest_input(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the most tokens that the tokenizer and the model's positions allow, at most 512."""
    positions = getattr(config, "max_position_embeddings", None) or _MOST_TOKENS
    if config.model_type in {"roberta", "xlm-roberta", "camembert"}:
        positions -= 2  # their position ids begin after the padding index
    return int(min(tokenizer.model_max_length, positions, _MOST_TOKENS))


class Forward:
    """A model on a backend, and its tokenizer; `name` is what errors call the model.

    A tokenizer without a pad token reads one input at a time: slower, and right for every model.
    """

    def __init__(
        self,
        backend: Backend,
        config: PreTrainedConfig,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
    ) -> None:
        self.backend = backend
        self.config = config
        self.tokenizer = tokenizer
        self.name = name
        self.max_length = longest_input(config, tokenizer)
        self._stopped = False
        self._pool = ThreadPoolExecutor(backend.at_once, "batch")

    def stop(self) -> None:
        """Have what runs in other threads end after the batch in hand, with CancelledError."""
        self._stopped = True

    def logits(self, rows: Sequence[Row], timings: Timings | None = None) -> NDArray[np.float32]:
        """Return the (n, outputs) logits of n inputs of at most `max_length` tokens each.

        Raises ModelError when a logit is no finite number.
        """
        timings = timings or Timings()
        result = np.zeros((len(rows), self.backend.outputs), dtype=np.float32)
        lengths = [len(row["input_ids"]) for row in rows]

        def run(batch: list[int]) -> int:
            if self._stopped:
                raise CancelledError
            inputs = self._padded([rows[index] for index in batch])
            result[batch] = self.backend.run(inputs)[: len(batch)]
            return inputs["input_ids"].size

        planned = batches(lengths, self.backend.token_budget, most_rows=self._most_rows)
        with timings.timed("model"), self.backend.running():
            timings.padded_tokens += sum(self._pool.map(run, planned))
        timings.inputs += len(rows)
        timings.tokens += sum(lengths)
        if not np.isfinite(result).all():
            raise ModelError(f"model {self.name} answers with NaN: its weights are broken")
        return result

    @property
    def _most_rows(self) -> int | None:
        return 1 if self.tokenizer.pad_token_id is None else self.backend.fixed_rows

    def _padded(self, rows: Sequence[Row]) -> dict[str, NDArray[np.int64]]:
        if self.tokenizer.pad_token_id is None:
            return pad(rows, self.tokenizer, multiple_of=1, longest=self.max_length)
        missing = (self.backend.fixed_rows or len(rows)) - len(rows)
        return pad(
            [*rows, *[rows[-1]] * missing],
            self.tokenizer,
            multiple_of=self.backend.length_step,
            longest=self.max_length,
        )
