"""Runs a Hugging Face sequence classifier over encoded inputs of any number and length."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError

__all__ = ["Forward"]

# Padded tokens. Small batches are as fast on a CPU as large ones and need a third of the memory.
_TOKENS_PER_BATCH = 2_048
_LENGTH_STEP = 16  # few different shapes: what is prepared for each of them stays in memory
_MOST_TOKENS = 512


class Forward:
    """A sequence classifier and its tokenizer; `name` is what errors call the model.

    A tokenizer without a pad token reads one input at a time: slower, and right for every model.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str
    ) -> None:
        self.name = name
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._pads = tokenizer.pad_token_id is not None
        if self._pads:  # where a decoder finds its last token: before the padding
            model.config.pad_token_id = tokenizer.pad_token_id

    @cached_property
    def max_length(self) -> int:
        """The most tokens that the tokenizer and the positions allow, at most 512."""
        config = self._model.config
        positions = getattr(config, "max_position_embeddings", None) or _MOST_TOKENS
        if config.model_type in {"roberta", "xlm-roberta", "camembert"}:
            positions -= 2  # their position ids begin after the padding index
        return int(min(self._tokenizer.model_max_length, positions, _MOST_TOKENS))

    def logits(self, encoded: Sequence[BatchEncoding]) -> NDArray[np.float32]:
        """Return the (n, outputs) logits of n inputs of at most `max_length` tokens each.

        Inputs of similar length share a batch. Raises ModelError when a logit is no finite number.
        """
        result = np.zeros((len(encoded), self._model.config.num_labels), dtype=np.float32)
        for batch in _batches([len(ids["input_ids"]) for ids in encoded], together=self._pads):
            result[batch] = self._forward([encoded[index] for index in batch])
        if not np.isfinite(result).all():
            raise ModelError(f"model {self.name} answers with NaN: its weights are broken")
        return result

    def _forward(self, batch: Sequence[BatchEncoding]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits: torch.Tensor = self._model(**self._padded(batch)).logits
            answer: NDArray[np.float32] = logits.float().numpy()
        return answer

    def _padded(self, batch: Sequence[BatchEncoding]) -> BatchEncoding:
        if not self._pads:
            return BatchEncoding({key: [row] for key, row in batch[0].items()}, tensor_type="pt")
        step = None if self.max_length % _LENGTH_STEP else _LENGTH_STEP
        return self._tokenizer.pad(list(batch), return_tensors="pt", pad_to_multiple_of=step)


def _batches(lengths: Sequence[int], *, together: bool) -> Iterator[list[int]]:
    """Yield indices of inputs of similar length whose padded size stays within the budget."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        size = lengths[batch[0]] * (len(batch) + 1) if batch else 0
        if size > _TOKENS_PER_BATCH or (batch and not together):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
