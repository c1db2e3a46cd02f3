"""What models of every kind have in common: passages go in, probabilities of three labels come out.

A passage longer than the model takes is read in windows, 16 at most. Sentiment: windows over all of
it, each weighing as many tokens as it adds. Stance: windows around the mentions of the target, each
weighing as many mentions as it is there for; without mentions, as sentiment. The weighted mean of
their logits counts.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models import reading
from models.encoding import Encoded, encode_windows
from models.engine.forward import Forward
from models.engine.timings import Timings
from models.labels import SENTIMENT
from models.model_name import ModelName
from models.passage import Passage
from models.targets import Target, TargetMatcher

__all__ = ["Asked", "Labeller", "Predictions"]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of n passages.

    `probabilities` is (n, 3): against, neutral, favor or negative, neutral, positive; rows sum
    to 1. `truncated` is (n,): whether any of the text, or of the target's name, was left out.
    """

    probabilities: NDArray[np.float32]
    truncated: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """Passages ready for the model: each as one or more inputs."""

    passages: Sequence[Passage]
    encoded: Sequence[Encoded]


class Labeller(ABC):
    """A model that labels passages for one task. `timings` tells what it has done so far."""

    def __init__(self, forward: Forward, task: str, *, name: ModelName) -> None:
        self.name = name
        self.task = task
        self.timings = Timings()
        self._forward = forward

    @property
    def backend(self) -> str:
        """What the model runs on: for the record."""
        return self._forward.backend.description

    def stop(self) -> None:
        """Have `label` in another thread end soon, with CancelledError."""
        self._forward.stop()

    def predict(self, passages: Sequence[Passage]) -> Predictions:
        """Score passages of any length and number.

        Raises ValueError when one lacks the target that the task is about, ModelError when the
        model gives NaN.
        """
        return self.label(self.encode(passages))

    def encode(self, passages: Sequence[Passage]) -> Asked:
        """Tokenise passages; may run in another thread than `label`. Raises what `predict` does."""
        if self.task != SENTIMENT and not all(passage.target for passage in passages):
            raise ValueError(f"{self.task} is about a target: name the target of every passage")
        self.timings.passages += len(passages)
        with self.timings.timed("tokenise"):
            return Asked(passages, self._encode(passages))

    @abstractmethod
    def label(self, asked: Asked) -> Predictions:
        """Score what `encode` made of passages. Raises what `predict` does."""

    @abstractmethod
    def _encode(self, passages: Sequence[Passage]) -> Sequence[Encoded]:
        """Return the inputs that the model reads."""

    def probabilities(
        self, texts: Sequence[str], targets: Sequence[str | None] | None = None
    ) -> NDArray[np.float32]:
        """Return (n, 3) probabilities for texts, each with its target unless the task is sentiment.

        A target is looked for in its text by its own name; `predict` takes known mentions. Raises
        what `predict` does.
        """
        named = targets or [None] * len(texts)
        passages = [_passage(text, name) for text, name in zip(texts, named, strict=True)]
        return self.predict(passages).probabilities

    def _inputs(self, passages: Sequence[Passage], task: str) -> list[Encoded]:
        forward = self._forward
        return encode_windows(forward.tokenizer, passages, task, forward.max_length)

    def _pooled_logits(
        self, encoded: Sequence[Encoded], columns: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return these outputs of the model, (n, columns), and (n,) whether any text is unread."""
        windows = list(chain.from_iterable(one.windows for one in encoded))
        weights = np.array([w for one in encoded for w in one.weights], dtype=np.float32)
        of_passage = np.repeat(np.arange(len(encoded)), [len(one.windows) for one in encoded])
        pooled = np.zeros((len(encoded), len(columns)), dtype=np.float32)
        logits = self._forward.logits(windows, self.timings)[:, list(columns)]
        np.add.at(pooled, of_passage, logits * weights[:, None])
        return pooled, np.array([one.truncated for one in encoded], dtype=np.bool_)


def _passage(text: str, name: str | None) -> Passage:
    plain = reading.read(text)
    if name is None:
        return Passage(plain)
    return Passage(plain, name, tuple(*TargetMatcher([Target(name)]).find(plain).values()))
