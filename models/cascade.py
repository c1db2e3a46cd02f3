"""Two models as one: the first labels everything, a larger one what the first is unsure of.

No torch here: reports need only what a cascade is called.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from collector.errors import ConfigError
from models.model_name import ModelName

__all__ = ["BELOW", "LEAST_CONFIDENCE", "AnyModel", "Cascade", "check_below", "require_two_models"]

BELOW = 0.7
LEAST_CONFIDENCE = 1 / 3  # the largest of three probabilities is never smaller


@dataclass(frozen=True)
class Cascade:
    """A model that hands what it labels with a confidence under `below` on to a second one.

    In an archive a cascade is a model of its own, with scores of its own, each of them a copy of
    one of the two. Raises ConfigError where both are the same model, or `below` is no confidence.
    """

    first: ModelName
    second: ModelName
    below: float = BELOW

    def __post_init__(self) -> None:
        check_below(self.below)
        require_two_models(self.first, self.second)

    @property
    def text(self) -> str:
        """The cascade as the reports name it: embedded, then owner/model under 0.7."""
        return f"{self.first.text}, then {self.second.text} under {self.below:g}"

    @property
    def revision(self) -> str | None:
        """The commits of those of the two that are of the hub."""
        return ", ".join(filter(None, (self.first.revision, self.second.revision))) or None

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change when anything changes that could change a score.

        Raises ModelError for a directory without weights.
        """
        parts = ["cascade", self.first.fingerprint, self.second.fingerprint, float(self.below)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


AnyModel: TypeAlias = ModelName | Cascade


def check_below(below: float) -> None:
    """Raise ConfigError unless some labels can have a smaller confidence and others a larger."""
    if not LEAST_CONFIDENCE < below <= 1:
        raise ConfigError(
            f"{below:g} is no confidence to escalate below: it has to be over "
            f"{LEAST_CONFIDENCE:.2f}, which the likeliest of three labels always reaches, and at "
            "most 1"
        )


def require_two_models(first: ModelName, second: ModelName) -> None:
    """Raise ConfigError where a model would hand on to itself, be it from another directory."""
    if first.fingerprint == second.fingerprint:
        raise ConfigError(
            f"{first.text} would escalate to the same model: name a larger one, or none"
        )
