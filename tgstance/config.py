"""Reads tgstance.toml and checks every setting in it."""

import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from collector.errors import ConfigError, ModelError
from models.hypotheses import check_hypotheses
from models.labels import SENTIMENT, STANCE
from models.model_name import EMBEDDED, Kind, ModelName, Weights, is_path
from models.presets import ModelSetting, as_said, on_hub
from models.targets import Target
from reports.formats.kinds import Format
from reports.page.facts import Event
from reports.selection import Period, Words
from tgstance.moments import parse_duration, parse_moment

__all__ = ["LARGEST_API_ID", "Config", "default_config", "load_config"]

LARGEST_API_ID = 2**31 - 1

_COMMIT = re.compile("[0-9a-f]{40}")

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Archive(_Section):
    location: _Text = "tgstance.sqlite"


class _Model(_Section):
    name: _Text = "embedded"
    revision: _Text | None = None
    kind: Kind | None = None
    weights: Weights | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    hypotheses: dict[str, dict[str, dict[str, _Text]]] = Field(default_factory=dict)


def _name_alone(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _asks(task: str) -> Callable[[_Model], _Model]:
    """Return a check that a model's hypotheses are complete, and about what the task asks."""

    def check(model: _Model) -> _Model:
        try:
            check_hypotheses(model.hypotheses, task)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return model

    return check


_ModelSetting = Annotated[_Model, BeforeValidator(_name_alone)]


class _Models(_Section):
    sentiment: Annotated[_ModelSetting, AfterValidator(_asks(SENTIMENT))] = _Model()
    stance: Annotated[_ModelSetting, AfterValidator(_asks(STANCE))] = _Model()
    abstain_below: Annotated[float, Field(ge=0, le=1)] = 0.5


def _is(parse: Callable[[str], object], *words: str) -> Callable[[str], str]:
    """Return a check that a text can be parsed or is one of some words; it stays a text."""

    def check(text: str) -> str:
        if text not in words:
            parse(text)
        return text

    return check


class _Telegram(_Section):
    api_id: Annotated[int, Field(gt=0, le=LARGEST_API_ID)] | None = None
    api_hash: SecretStr | None = None
    session: Path | None = None


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


_Moment = Annotated[_Text, BeforeValidator(_as_text), AfterValidator(_is(parse_moment, "all"))]
_Duration = Annotated[_Text, AfterValidator(_is(parse_duration))]


class _Collect(_Section):
    channels: tuple[_Text, ...] = ()
    since: _Moment = "30d"
    recent: _Duration = "7d"
    pace: Annotated[float, Field(ge=0, le=3600)] = 0.5
    at_once: Annotated[int, Field(ge=1, le=20)] = 3
    max_wait: _Duration = "5m"
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    attempts: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _channels_are_channels(self) -> Self:
        from collector.telegram.naming import parse_channels

        try:
            parse_channels(self.channels)
        except ConfigError as error:
            raise ValueError(f"channels: {error}") from error
        return self


class _Event(_Section):
    date: date
    label: _Text


class _Report(_Section):
    directory: Path = Path("reports")
    period: Period = Period.WEEK
    minimum: Annotated[int, Field(ge=1)] = 10
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = (Format.CSV,)
    include: Words = Words.ALL
    events: tuple[_Event, ...] = ()


class _Annotate(_Section):
    codebook: Path = Path("codebook.md")


_Group = Annotated[tuple[_Text, ...], Field(min_length=1)]


class _Target(_Section):
    name: _Text
    aliases: tuple[_Text, ...] = ()
    exact: tuple[_Text, ...] = ()
    requires: Annotated[tuple[_Group, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _name_or_claim(self) -> Self:
        if self.requires and (self.aliases or self.exact):
            raise ValueError("a claim has requires, a name has aliases: give one of them")
        wordless = [text for text in self._all_aliases() if not any(map(str.isalnum, text))]
        if wordless:
            raise ValueError(f"{wordless[0]!r} has no letter or digit to look for")
        return self

    def _all_aliases(self) -> list[str]:
        names = [] if self.requires else [self.name, *self.aliases, *self.exact]
        return [*names, *(word for group in self.requires or () for word in group)]


class _File(_Section):
    archive: _Archive = _Archive()
    telegram: _Telegram = _Telegram()
    collect: _Collect = _Collect()
    models: _Models = _Models()
    report: _Report = _Report()
    annotate: _Annotate = _Annotate()
    targets: tuple[_Target, ...] = ()

    @model_validator(mode="after")
    def _distinct_targets(self) -> Self:
        names = [target.name.casefold() for target in self.targets]
        twice = [target.name for target in self.targets if names.count(target.name.casefold()) > 1]
        if twice:
            raise ValueError(f"two targets are named {twice[0]!r}")
        return self


class Config:
    """A checked configuration; relative paths are resolved against its file's directory."""

    def __init__(self, file: _File, directory: Path) -> None:
        self._file = file
        self._directory = directory
        self.targets = tuple(
            Target(target.name, target.aliases, target.exact, target.requires or ())
            for target in file.targets
        )
        self.abstain_below = file.models.abstain_below
        self.period = file.report.period
        self.minimum = file.report.minimum
        self.formats = file.report.formats
        self.include = file.report.include
        self.events = tuple(Event(event.date, event.label) for event in file.report.events)
        self.collect = file.collect
        self.api_id = file.telegram.api_id
        self.api_hash = file.telegram.api_hash

    @property
    def archive(self) -> str | Path:
        """Where the archive is: a URL, or a path."""
        location = self._file.archive.location
        return location if "://" in location else self._directory / Path(location).expanduser()

    @property
    def report_directory(self) -> Path:
        """Where reports go."""
        return self._directory / self._file.report.directory.expanduser()

    @property
    def codebook(self) -> Path:
        """What coders are told."""
        return self._directory / self._file.annotate.codebook.expanduser()

    @property
    def session_file(self) -> Path:
        """Where the Telegram session is kept: by default in the user's data directory."""
        if self._file.telegram.session is None:
            return user_data_path("tgstance") / "telegram.session"
        return self._directory / self._file.telegram.session.expanduser()

    @property
    def sentiment_model(self) -> ModelName:
        """The model for sentiment."""
        return self._model(self._file.models.sentiment, SENTIMENT)

    @property
    def stance_model(self) -> ModelName:
        """The model for stance."""
        return self._model(self._file.models.stance, STANCE)

    def as_json(self) -> dict[str, Any]:
        """Return the settings as they are recorded with each run: without what is secret."""
        values: dict[str, Any] = self._file.model_dump(mode="json")
        values["archive"]["location"] = _without_password(self._file.archive.location)
        return values

    def select_targets(self, names: tuple[str, ...]) -> tuple[Target, ...]:
        """Return the targets called `names`, or all where no name is given.

        Raises ConfigError for a name that no target has.
        """
        by_name = {target.name.casefold(): target for target in self.targets}
        for name in names:
            if name.casefold() not in by_name:
                known = ", ".join(target.name for target in self.targets) or "none"
                raise ConfigError(f"no target {name!r} in the configuration (there are: {known})")
        chosen = dict.fromkeys(by_name[name.casefold()] for name in names)
        return tuple(chosen) or self.targets

    def _model(self, setting: _Model, task: str) -> ModelName:
        said = ModelSetting(**{**dict(setting), "name": self._located(setting)})
        here = said.name == EMBEDDED or is_path(said.name)
        try:
            name = as_said(said) if here else on_hub(said, task)
        except ConfigError as error:
            raise ConfigError(f"models.{task}: {error}") from error
        if setting.hypotheses and name.kind != "nli":
            raise ConfigError(f'models.{task}: hypotheses are only for kind = "nli"')
        if not here and not _COMMIT.fullmatch(name.revision or ""):
            raise ConfigError(f"models.{task}: {_needs_commit(task, setting.name, name.text)}")
        return name

    def _located(self, setting: _Model) -> str:
        """Return the whole path where the name is one, and the name where it is a hub model's.

        Raises ModelError for a path that is no directory.
        """
        path = self._directory / Path(setting.name).expanduser()
        is_hub_model = setting.revision or not path.is_dir()
        if setting.name == EMBEDDED or (is_hub_model and not is_path(setting.name)):
            return setting.name
        if not setting.revision and not path.is_dir():
            raise ModelError(f"model {setting.name}: no such directory ({path})")
        return str(path)


def _needs_commit(task: str, written: str, model: str) -> str:
    return (
        f"{written} is no directory here, and a hub model needs its revision as the full hash of a "
        f"commit, so that its scores can be reproduced: "
        f'{task} = {{ name = "{written}", revision = "COMMIT" }}; the hash is on the model\'s page '
        f'under "Files", "History", or from: git ls-remote https://huggingface.co/{model} HEAD'
    )


def load_config(path: Path) -> Config:
    """Read and check the configuration file at `path`.

    Raises ConfigError, naming the setting, when it cannot be read or is not right.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Config(_File.model_validate(values), path.resolve().parent)
    except FileNotFoundError as error:
        raise ConfigError(
            f"no configuration at {path}: write one with `tgstance init`, or name it with --config"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error)}") from error


def default_config(path: Path) -> Config:
    """Return the configuration that an empty file at `path` would be."""
    return Config(_File(), path.resolve().parent)


def _without_password(location: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(location).render_as_string() if "://" in location else location
    except ArgumentError:  # this run's archive is named on the command line
        return ""


_IN_TOML = {
    "tuple_type": "should be a list: [...]",
    "string_type": 'should be a text: "..."',
    "model_type": "should be a table of settings",
    "model_attributes_type": "should be a table of settings",
}


def _explain(error: ValidationError) -> str:
    """Name each wrong setting and what is wrong with it, in one line."""
    found = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        message = _IN_TOML.get(problem["type"], message)
        if problem["type"] == "extra_forbidden":
            message = "there is no such setting"
        found.append(f"{where}: {message}" if where else message)
    return "; ".join(found)
