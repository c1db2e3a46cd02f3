"""Turns passages into probabilities with any Hugging Face sequence classifier."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models import reading
from models.encoding import encode, is_cut
from models.labels import columns
from models.model_name import ModelName
from models.passage import Passage
from models.pretrained import read_pretrained
from models.targets import Target, TargetMatcher

__all__ = ["Classifier", "Predictions", "load_classifier"]

# Padded tokens. Small batches are as fast on a CPU as large ones and need a third of the memory.
_TOKENS_PER_BATCH = 2_048
_LENGTH_STEP = 16  # few different shapes: what is prepared for each of them stays in memory


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of n passages.

    `probabilities` is (n, 3): against, neutral, favor or negative, neutral, positive; rows sum
    to 1. `truncated` is (n,): whether the end of the passage was left out.
    """

    probabilities: NDArray[np.float32]
    truncated: NDArray[np.bool_]


class Classifier:
    """A sequence classifier for one task."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        task: str,
        *,
        name: ModelName,
    ) -> None:
        self.name = name
        self.task = task
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._columns = list(
            columns(
                {int(index): label for index, label in (model.config.id2label or {}).items()},
                task,
                name.labels,
            )
        )

    def probabilities(
        self, texts: Sequence[str], targets: Sequence[str | None] | None = None
    ) -> NDArray[np.float32]:
        """Return (n, 3) probabilities for texts, each with its target unless the task is sentiment.

        A target is looked for in its text by its own name; `predict` takes known mentions.
        """
        named = targets or [None] * len(texts)
        passages = [_passage(text, name) for text, name in zip(texts, named, strict=True)]
        return self.predict(passages).probabilities

    def predict(self, passages: Sequence[Passage]) -> Predictions:
        """Score passages of any length and number; similar lengths share a batch."""
        limit = self._max_length
        encoded = [encode(self._tokenizer, passage, self.task, limit) for passage in passages]
        probabilities = np.zeros((len(passages), 3), dtype=np.float32)
        for batch in _batches([len(ids["input_ids"]) for ids in encoded]):
            probabilities[batch] = self._forward([encoded[index] for index in batch])
        cut = np.array([is_cut(ids, limit) for ids in encoded], dtype=np.bool_)
        return Predictions(probabilities, cut)

    def _forward(self, batch: list[BatchEncoding]) -> NDArray[np.float32]:
        step = None if self._max_length % _LENGTH_STEP else _LENGTH_STEP
        padded = self._tokenizer.pad(batch, return_tensors="pt", pad_to_multiple_of=step)
        with torch.inference_mode():
            logits = self._model(**padded).logits[:, self._columns].float()
        if not torch.isfinite(logits).all():
            raise ModelError(f"model {self.name.text} answers with NaN: its weights are broken")
        result: NDArray[np.float32] = logits.softmax(dim=1).numpy()
        return result

    @cached_property
    def _max_length(self) -> int:
        """The most tokens that the tokenizer and the positions allow, at most 512."""
        config = self._model.config
        positions = getattr(config, "max_position_embeddings", None) or 512
        if config.model_type in {"roberta", "xlm-roberta", "camembert"}:
            positions -= 2  # their position ids begin after the padding index
        return int(min(self._tokenizer.model_max_length, positions, 512))


def load_classifier(name: ModelName, task: str) -> Classifier:
    """Load the model called `name` for `task`.

    Raises ModelError, with the way out, when there is no such model, it has no weights in
    safetensors, no classification head, or labels that cannot be mapped.
    """
    model, tokenizer, missing = read_pretrained(name)
    if missing:
        raise ModelError(
            f"model {name.text} is no classifier (no weights for {', '.join(missing[:3])}): "
            f"fine-tune it first with tgstance train --base {name.text}"
        )
    return Classifier(model, tokenizer, task, name=name)


def _passage(text: str, name: str | None) -> Passage:
    plain = reading.read(text)
    if name is None:
        return Passage(plain)
    return Passage(plain, name, tuple(*TargetMatcher([Target(name)]).find(plain).values()))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield indices of passages of similar length whose padded size stays within the budget."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batch and lengths[batch[0]] * (len(batch) + 1) > _TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
