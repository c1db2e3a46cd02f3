"""Turns passages into probabilities with any Hugging Face sequence classifier."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.encoding import Encoded
from models.engine.forward import Forward
from models.labeller import Asked, Labeller, Predictions
from models.labels import columns, head
from models.languages import language
from models.model_name import ModelName
from models.passage import Passage

__all__ = ["Classifier"]


class Classifier(Labeller):
    """A sequence classifier for one task.

    Its logits become probabilities by `calibration`, by plain softmax if there is none for the head
    that answers.
    """

    def __init__(
        self,
        forward: Forward,
        task: str,
        *,
        name: ModelName,
        calibration: Calibration | None = None,
    ) -> None:
        super().__init__(forward, task, name=name)
        self._calibration = calibration or Calibration()
        id2label = {int(index): label for index, label in (forward.config.id2label or {}).items()}
        self._columns = columns(id2label, task, name.labels)
        self._head = head([id2label[index] for index in self._columns], task)

    def label(self, asked: Asked) -> Predictions:
        """Score encoded passages; see `Labeller.label`."""
        logits, truncated = self._pooled_logits(asked.encoded, self._columns)
        languages = [self._language(passage) for passage in asked.passages]
        probabilities = self._calibration.probabilities(logits, self._head, languages)
        return Predictions(probabilities, truncated)

    def logits(self, passages: Sequence[Passage]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return (n, 3) logits, pooled and not calibrated, in the order of `LABELS`.

        The second is (n,), `Predictions.truncated`. Raises what `predict` does.
        """
        return self._pooled_logits(self.encode(passages).encoded, self._columns)

    def _encode(self, passages: Sequence[Passage]) -> Sequence[Encoded]:
        return self._inputs(passages, self.task)

    def _language(self, passage: Passage) -> str | None:
        if passage.language or not self._calibration.by_language:
            return passage.language
        return language(passage.text)
