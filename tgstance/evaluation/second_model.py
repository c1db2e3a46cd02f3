"""The options that name the second model of a cascade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from collector.errors import ConfigError
from tgstance.label_option import cascade_label_option

if TYPE_CHECKING:
    from models.model_name import Kind, ModelName, Weights

__all__ = ["SecondModel", "second_model_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--cascade",
        metavar="SECOND",
        help="Also measure the cascade in which this model labels what --model is unsure of, for "
        "growing shares of FILE. A directory, hub id or short name of a well-known model.",
    ),
    click.option("--cascade-revision", help="Revision of a hub model."),
    click.option(
        "--cascade-kind", type=click.Choice(["classifier", "nli"]), help="As --kind, of SECOND."
    ),
    click.option(
        "--cascade-weights",
        type=click.Choice(["safetensors", "bin"]),
        help="As --weights, of SECOND.",
    ),
    cascade_label_option,
)


def second_model_options(command: _Command) -> _Command:
    """Give a command the options whose values `SecondModel` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondModel:
    """What the options say of the second model; None is "not given"."""

    cascade: str | None
    cascade_revision: str | None
    cascade_kind: "Kind | None"
    cascade_weights: "Weights | None"
    cascade_labels: Mapping[str, str]

    def beside(self, first: "ModelName") -> "ModelName | None":
        """Return the model that `first` hands on to, None where none is asked for.

        Raises ConfigError where that is the same model, or only something about it is said.
        """
        from models.cascade import require_two_models
        from models.presets import ModelSetting, resolve

        if self.cascade is None:
            self._require_nothing()
            return None
        second = resolve(
            ModelSetting(
                name=self.cascade,
                revision=self.cascade_revision,
                kind=self.cascade_kind,
                weights=self.cascade_weights,
                labels=self.cascade_labels,
            )
        )
        require_two_models(first, second)
        return second

    def _require_nothing(self) -> None:
        said = {
            "--cascade-revision": self.cascade_revision,
            "--cascade-kind": self.cascade_kind,
            "--cascade-weights": self.cascade_weights,
            "--cascade-label": self.cascade_labels,
        }
        for option, value in said.items():
            if value:
                raise ConfigError(f"{option} is about a second model: name it with --cascade")
