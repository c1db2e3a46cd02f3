"""Teaches an encoder what sentences mean: it learns to give a sentence encoder's vectors.

Reimers and Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
Distillation", with the cosine in place of the squared error, for the teacher's vectors are of
length 1. Beside it the encoder goes on guessing masked tokens, or else it forgets single words.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerBase, set_seed

from collector.errors import InputError
from models.pretraining import PretrainingPace, run_stage
from models.sentence_teacher import VECTOR_WIDTH, SentenceTeacher
from models.target_encoder import TargetEncoderForMaskedLM

__all__ = ["Lesson", "distil", "pieces", "prepare_lesson"]

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_SHORTEST, _JOINED, _LONGEST = 13, 200, 400  # characters of a piece
_AT_ONCE = 20_000  # pieces between two reports of the teacher
_LENGTH = 128  # tokens of a sequence
_BATCH = 6_144  # tokens of a step
_MASKED = 0.1
_SENTENCE_WEIGHT, _MASKED_WEIGHT = 6.0, 0.5  # of the two losses


@dataclass(frozen=True, slots=True)
class Lesson:
    """Pieces of texts, and the teacher's vectors of them, (pieces, 512)."""

    pieces: Sequence[str]
    vectors: NDArray[np.float16]


def prepare_lesson(texts: Sequence[str], on_taught: Callable[[int, int], None]) -> Lesson:
    """Cut texts into pieces and ask the teacher for their vectors.

    `on_taught` is told how many pieces are done, and of how many. Raises ModelError where the
    teacher is not installed, InputError where no text is long enough for a sentence.
    """
    teacher = SentenceTeacher()
    found = list(dict.fromkeys(piece for text in texts for piece in pieces(text)))
    if not found:
        raise InputError("no text is long enough to learn sentence vectors from: give --text")
    vectors = np.empty((len(found), VECTOR_WIDTH), dtype=np.float16)
    for start in range(0, len(found), _AT_ONCE):
        end = min(start + _AT_ONCE, len(found))
        vectors[start:end] = teacher.vectors(found[start:end])
        on_taught(end, len(found))
    return Lesson(found, vectors)


def pieces(text: str) -> list[str]:
    """Cut a text where sentences or lines end, and join short sentences to some 200 characters.

    What is longer than 400 characters is cut off there; a piece of less than 13 is left out.
    """
    joined: list[str] = []
    for sentence in filter(None, map(str.strip, _SENTENCE_END.split(text))):
        if joined and len(joined[-1]) + len(sentence) <= _JOINED:
            joined[-1] += f" {sentence}"
        else:
            joined.append(sentence)
    return [piece[:_LONGEST] for piece in joined if len(piece) >= _SHORTEST]


def distil(
    encoder: TargetEncoderForMaskedLM,
    tokenizer: PreTrainedTokenizerBase,
    lesson: Lesson,
    *,
    pace: PretrainingPace,
    on_epoch: Callable[[float, float], None],
) -> None:
    """Train `encoder` in place to give the lesson's vectors, through a layer that is then left.

    Each epoch's mean cosine distance from the teacher is told: 0 is the teacher's answer, and 1
    has nothing to do with it. Raises ModelError when the loss is no number any more.
    """
    set_seed(pace.seed)
    student = _Student(encoder)
    run_stage(
        student,
        _Batches(lesson, tokenizer, pace.seed),
        _Masked(tokenizer),
        batch_size=1,
        pace=pace,
        on_epoch=lambda epoch, _loss: on_epoch(epoch, student.mean_distance()),
    )


class _Student(nn.Module):
    """An encoder under a linear layer that reads the first token, the mean and the maximum."""

    def __init__(self, encoder: TargetEncoderForMaskedLM) -> None:
        super().__init__()
        self.encoder = encoder
        self.answer = nn.Linear(3 * encoder.config.hidden_size, VECTOR_WIDTH)
        self._distances: list[Tensor] = []

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, vectors: Tensor
    ) -> dict[str, Tensor]:
        """Return the `loss` for ids, mask and labels (n, length) and vectors (n, 512)."""
        guessed = self.encoder(input_ids, attention_mask, labels=labels)
        answer = self.answer(_pooled(guessed.hidden_states[-1], attention_mask))
        distance = 1 - functional.cosine_similarity(answer.float(), vectors.float()).mean()
        self._distances.append(distance.detach())
        loss = _SENTENCE_WEIGHT * distance
        if len(guessed.logits):  # few short pieces may have no masked token
            loss = loss + _MASKED_WEIGHT * guessed.loss
        return {"loss": loss}

    def mean_distance(self) -> float:
        """Return the mean over the steps since this was last asked."""
        mean = float(torch.stack(self._distances).mean())
        self._distances.clear()
        return mean


def _pooled(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return (n, 3 width) of states (n, length, width): first, mean and maximum of the tokens."""
    is_token = mask[..., None].bool()
    mean = (hidden * is_token).sum(dim=1) / is_token.sum(dim=1)
    largest = hidden.masked_fill(~is_token, torch.finfo(hidden.dtype).min).amax(dim=1)
    return torch.cat([hidden[:, 0], mean, largest], dim=-1)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Token ids of pieces of about one length, and the teacher's vectors of them."""

    ids: Sequence[Sequence[int]]
    vectors: NDArray[np.float16]


class _Batches(Dataset[_Batch]):
    """A lesson in steps of at most so many tokens, shorter pieces with shorter ones."""

    def __init__(self, lesson: Lesson, tokenizer: PreTrainedTokenizerBase, seed: int) -> None:
        longest = min(_LENGTH, tokenizer.model_max_length)
        self._ids = tokenizer(
            list(lesson.pieces), truncation=True, max_length=longest, verbose=False
        )["input_ids"]
        self._vectors = lesson.vectors
        self._batches = list(_by_length([len(ids) for ids in self._ids], seed))

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> _Batch:
        chosen = self._batches[index]
        return _Batch([self._ids[number] for number in chosen], self._vectors[chosen])


def _by_length(lengths: Sequence[int], seed: int) -> Iterator[list[int]]:
    """Yield the numbers of sequences in batches; which of one length stand together is chance."""
    shuffled = np.random.default_rng(seed).permutation(len(lengths))
    batch: list[int] = []
    for number in sorted(shuffled.tolist(), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > _BATCH:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


class _Masked:
    """Makes the tensors of a step: one batch, or one per graphics card."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._mask = DataCollatorForLanguageModeling(
            tokenizer, mlm_probability=_MASKED, mask_replace_prob=1.0, random_replace_prob=0.0
        )

    def __call__(self, batches: Sequence[_Batch]) -> dict[str, Any]:
        masked = self._mask([{"input_ids": ids} for batch in batches for ids in batch.ids])
        vectors = np.concatenate([batch.vectors for batch in batches])
        return {**masked, "vectors": torch.from_numpy(vectors)}
