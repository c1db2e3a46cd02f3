"""The section [models] of tgstance.toml: what may stand in it, and which models it means."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from collector.errors import ConfigError, ModelError
from models.cascade import BELOW, AnyModel, Cascade, check_below
from models.engine.setting import BackendName
from models.hypotheses import check_hypotheses
from models.labels import SENTIMENT, STANCE
from models.model_name import EMBEDDED, Kind, ModelName, Weights, is_path
from models.presets import ModelSetting, as_said, on_hub
from tgstance.section import Section, Text, check_path

__all__ = ["Models", "configured_model"]

_COMMIT = re.compile("[0-9a-f]{40}")

_ALONE = "escalate_below: there is no larger model: say escalate_to, too"

_DEVICE = r"^(auto|cpu|(cuda|xpu|mps)(:\d+)?)$"


def _name_alone(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _confidence(below: float) -> float:
    try:
        check_below(below)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return below


_Below = Annotated[float, AfterValidator(_confidence)]


class _Model(Section):
    name: Annotated[Text, AfterValidator(check_path)] = "embedded"
    revision: Text | None = None
    kind: Kind | None = None
    weights: Weights | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    hypotheses: dict[str, dict[str, dict[str, Text]]] = Field(default_factory=dict)


_Larger = Annotated[_Model, BeforeValidator(_name_alone)]


class _TaskModel(_Model):
    escalate_to: _Larger | None = None
    escalate_below: _Below | None = None


def _asks(task: str) -> Callable[[_TaskModel], _TaskModel]:
    """Return a check that a model's hypotheses are complete, and about what the task asks."""

    def check(model: _TaskModel) -> _TaskModel:
        try:
            check_hypotheses(model.hypotheses, task)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        if model.escalate_to:
            try:
                check_hypotheses(model.escalate_to.hypotheses, task)
            except ConfigError as error:
                raise ValueError(f"escalate_to.{error}") from error
        return model

    return check


_Labelling = Annotated[_TaskModel, BeforeValidator(_name_alone)]


class Models(Section):
    """What labels posts; `escalate_to` and `escalate_below` count where a task says nothing."""

    sentiment: Annotated[_Labelling, AfterValidator(_asks(SENTIMENT))] = _TaskModel()
    stance: Annotated[_Labelling, AfterValidator(_asks(STANCE))] = _TaskModel()
    escalate_to: _Larger | None = None
    escalate_below: _Below | None = None
    abstain_below: Annotated[float, Field(ge=0, le=1)] = 0.5
    backend: BackendName = "auto"
    device: Annotated[str, StringConstraints(pattern=_DEVICE)] = "auto"
    compile: bool = False

    @model_validator(mode="after")
    def _hypotheses_are_of_a_task(self) -> Self:
        if self.escalate_to and self.escalate_to.hypotheses:
            raise ValueError(
                "escalate_to: hypotheses are of one task: say stance.escalate_to or "
                "sentiment.escalate_to"
            )
        return self

    @model_validator(mode="after")
    def _no_threshold_is_alone(self) -> Self:
        tasks = {"sentiment": self.sentiment, "stance": self.stance}
        for name, task in tasks.items():
            if task.escalate_below is not None and not (task.escalate_to or self.escalate_to):
                raise ValueError(f"{name}.{_ALONE}")
        anywhere = self.escalate_to or any(task.escalate_to for task in tasks.values())
        if self.escalate_below is not None and not anywhere:
            raise ValueError(_ALONE)
        return self


def configured_model(models: Models, task: str, directory: Path) -> AnyModel:
    """Return the model for a task; relative paths are resolved against `directory`.

    Raises ConfigError, naming the setting, for what cannot be meant, and ModelError for a path that
    is no directory.
    """
    setting: _TaskModel = getattr(models, task)
    where = f"models.{task}"
    first = _named(setting, task, where, directory)
    if setting.escalate_to:
        larger, where = setting.escalate_to, f"{where}.escalate_to"
    elif models.escalate_to:
        larger, where = models.escalate_to, "models.escalate_to"
    else:
        return first
    second = _named(larger, task, where, directory)
    try:
        return Cascade(first, second, setting.escalate_below or models.escalate_below or BELOW)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _named(setting: _Model, task: str, where: str, directory: Path) -> ModelName:
    said = _said(setting, directory)
    here = said.name == EMBEDDED or is_path(said.name)
    try:
        name = as_said(said) if here else on_hub(said, task)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    if setting.hypotheses and name.kind != "nli":
        raise ConfigError(f'{where}: hypotheses are only for kind = "nli"')
    if not here and not _COMMIT.fullmatch(name.revision or ""):
        raise ConfigError(f"{where}: {_needs_commit(where, setting.name, name.text)}")
    return name


def _said(setting: _Model, directory: Path) -> ModelSetting:
    """Return what is said of a model, with its name as `_located` has it."""
    return ModelSetting(
        name=_located(setting, directory),
        revision=setting.revision,
        kind=setting.kind,
        weights=setting.weights,
        labels=setting.labels,
        hypotheses=setting.hypotheses,
    )


def _located(setting: _Model, directory: Path) -> str:
    """Return the whole path where the name is one, and the name where it is a hub model's.

    Raises ModelError for a path that is no directory.
    """
    path = directory / Path(setting.name).expanduser()
    is_hub_model = setting.revision or not path.is_dir()
    if setting.name == EMBEDDED or (is_hub_model and not is_path(setting.name)):
        return setting.name
    if not setting.revision and not path.is_dir():
        raise ModelError(f"model {setting.name}: no such directory ({path})")
    return str(path)


def _needs_commit(where: str, written: str, model: str) -> str:
    setting = where.rpartition(".")[2]
    return (
        f"{written} is no directory here, and a hub model needs its revision as the full hash of a "
        f"commit, so that its scores can be reproduced: "
        f'{setting} = {{ name = "{written}", revision = "COMMIT" }}; the hash is on the model\'s '
        f'page under "Files", "History", or from: git ls-remote https://huggingface.co/{model} HEAD'
    )
