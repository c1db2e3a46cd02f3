"""Calibration: makes a model's confidence mean how often it is right.

Logits are divided by a temperature before the softmax (Guo et al. 2017, "On Calibration of Modern
Neural Networks", section 4.2), one per task and, where the rows suffice, per language. That never
changes which label is the likeliest. `models.calibrating` fits them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from scipy.special import softmax

from collector.errors import ModelError
from models.labels import LABELS

__all__ = ["FILE_NAME", "Calibration", "Fit", "TaskFit", "read_calibration", "write_calibration"]

FILE_NAME = "calibration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A temperature, and what it did on the `rows` held-out rows that it was fitted on.

    `nll` is the mean negative log-likelihood in nats, `ece` the expected calibration error from 0
    to 1, each (before, after).
    """

    temperature: float = Field(gt=0, allow_inf_nan=False)
    rows: int
    nll: tuple[float, float]
    ece: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFit(Fit):
    """The temperature of a task; `languages` have their own (by ISO 639-1 code)."""

    languages: Mapping[str, Fit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The temperatures of a model, by task. Without any, probabilities are the model's own."""

    tasks: Mapping[str, TaskFit] = field(default_factory=dict)

    @property
    def by_language(self) -> bool:
        """Whether any temperature depends on the language."""
        return any(task.languages for task in self.tasks.values())

    def probabilities(
        self, logits: NDArray[np.float32], task: str, languages: Sequence[str | None]
    ) -> NDArray[np.float32]:
        """Return the (n, 3) probabilities for (n, 3) logits of n passages in these languages."""
        temperatures = np.array([self._temperature(task, language) for language in languages])
        scaled = logits.astype(np.float64) / temperatures.reshape(-1, 1)
        result: NDArray[np.float32] = softmax(scaled, axis=1).astype(np.float32)
        return result

    def _temperature(self, task: str, language: str | None) -> float:
        fitted = self.tasks.get(task)
        if fitted is None:
            return 1.0
        return fitted.languages.get(language or "", fitted).temperature


class _File(BaseModel):
    """What a file must hold: a misspelt name would read as a model without calibration."""

    model_config = ConfigDict(extra="forbid")

    tasks: Mapping[Annotated[str, Field(pattern=f"^({'|'.join(LABELS)})$")], TaskFit]


def read_calibration(directory: Path) -> Calibration | None:
    """Return what lies beside a model; None if nothing does.

    Raises ModelError when the file cannot be used.
    """
    path = directory / FILE_NAME
    try:
        return Calibration(_File.model_validate_json(path.read_bytes()).tasks)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"{path} is broken: restore it, or remove it to use the model uncalibrated "
            f"({_reason(error)})"
        ) from error


def write_calibration(calibration: Calibration, directory: Path) -> None:
    """Write `calibration.json` into a model's directory."""
    text = TypeAdapter(Calibration).dump_json(calibration, indent=2)
    (directory / FILE_NAME).write_bytes(text + b"\n")


def _reason(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    problem = error.errors(include_url=False)[0]
    return ": ".join([*(str(part) for part in problem["loc"]), problem["msg"]])
