"""Stance and sentiment without training, by a model of natural-language inference.

A post is the premise; two opposite hypotheses about it, against and for, are each compared with it
(Yin et al. 2019, "Benchmarking Zero-shot Text Classification: Datasets, Evaluation and Entailment
Approach"). How their answers become three probabilities is our own choice: see `weigh`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.encoding import Encoded
from models.engine.forward import Forward
from models.hypotheses import CLAIM, MOOD, NAME, hypotheses
from models.labeller import Asked, Labeller, Predictions
from models.labels import SENTIMENT, STANCE, nli_columns
from models.languages import language
from models.model_name import ModelName
from models.passage import Passage

__all__ = ["NliClassifier", "weigh"]


class NliClassifier(Labeller):
    """A model of natural-language inference that answers for one task.

    The hypotheses are in the language of the passage where there are such, else in English. Long
    passages are read in windows, the hypothesis in place of the target's name.
    """

    def __init__(self, forward: Forward, task: str, *, name: ModelName) -> None:
        super().__init__(forward, task, name=name)
        id2label = {int(index): label for index, label in (forward.config.id2label or {}).items()}
        self._columns = nli_columns(id2label, name.labels)

    def label(self, asked: Asked) -> Predictions:
        """Score encoded passages; see `Labeller.label`."""
        logits, truncated = self._pooled_logits(asked.encoded, self._columns)
        by_passage = logits.reshape(len(asked.passages), 2, len(self._columns))
        return Predictions(weigh(by_passage), truncated[::2] | truncated[1::2])

    def _encode(self, passages: Sequence[Passage]) -> Sequence[Encoded]:
        pairs = [
            Passage(asked.text, hypothesis, asked.mentions)
            for asked in passages
            for hypothesis in self._hypotheses(asked)
        ]
        return self._inputs(pairs, STANCE)

    def _hypotheses(self, asked: Passage) -> tuple[str, str]:
        about = CLAIM if asked.claim else NAME
        if self.task == SENTIMENT:
            about = MOOD
        code = asked.language or language(asked.text)
        return hypotheses(about, asked.target or "", code, self.name.hypotheses)


def weigh(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 3) probabilities of against, neutral, favor from what is said of both hypotheses.

    `logits` is (n, 2, 3): of the hypothesis against and the one for, each entailment, neutral,
    contradiction. Each hypothesis has half a vote: what entails it speaks for its side, what
    contradicts it for the other side, and what does neither for neutral.

    Or it is (n, 2, 2), entailment and its absence. Absence speaks for no side, as most posts entail
    neither hypothesis; then a side is taken where its hypothesis is entailed and the other is not,
    the two being taken as independent, and neutral is the rest.
    """
    said = softmax(logits.astype(np.float64), axis=2)
    against, favor = said[:, 0], said[:, 1]
    if logits.shape[2] == 2:  # noqa: PLR2004 (contradiction and entailment)
        sides = [against[:, 0] * favor[:, 1], favor[:, 0] * against[:, 1]]
    else:
        sides = [(against[:, 0] + favor[:, 2]) / 2, (favor[:, 0] + against[:, 2]) / 2]
    result = np.stack([sides[0], 1 - sides[0] - sides[1], sides[1]], axis=1)
    return result.clip(0, 1).astype(np.float32)
