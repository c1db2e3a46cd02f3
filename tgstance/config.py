"""Reads tgstance.toml and checks every setting in it."""

import re
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from collector.errors import ConfigError
from models.cascade import AnyModel
from models.engine.setting import BackendName, EngineSetting
from models.labels import SENTIMENT, STANCE
from models.targets import Target
from reports.formats.kinds import Format
from reports.page.facts import Event
from reports.selection import Period, Words
from tgstance.collect_setting import Collect
from tgstance.gates_setting import GatesSection
from tgstance.models_setting import Models, configured_model
from tgstance.section import Section, Text, UserPath, check_path

__all__ = ["LARGEST_API_ID", "Config", "default_config", "load_config", "read_values"]

LARGEST_API_ID = 2**31 - 1
_LARGEST_FILE = 2**20  # bytes
# Of a key of so many parts tomllib takes the square of their number.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){20}""")
_LONGEST_REASON = 1000  # characters of what is wrong


class _Archive(Section):
    location: Annotated[Text, AfterValidator(check_path)] = "tgstance.sqlite"


class _Telegram(Section):
    api_id: Annotated[int, Field(gt=0, le=LARGEST_API_ID)] | None = None
    api_hash: SecretStr | None = None
    session: UserPath | None = None


class _Event(Section):
    date: date
    label: Text


class _Report(Section):
    directory: UserPath = Path("reports")
    period: Period = Period.WEEK
    minimum: Annotated[int, Field(ge=1)] = 10
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = (Format.CSV,)
    include: Words = Words.ALL
    posts: bool = False
    events: tuple[_Event, ...] = ()


class _Annotate(Section):
    codebook: UserPath = Path("codebook.md")


_Group = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Target(Section):
    name: Text
    aliases: tuple[Text, ...] = ()
    exact: tuple[Text, ...] = ()
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


class _File(Section):
    archive: _Archive = _Archive()
    telegram: _Telegram = _Telegram()
    collect: Collect = Collect()
    models: Models = Models()
    report: _Report = _Report()
    gates: GatesSection = GatesSection()
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
        self.posts = file.report.posts
        self.events = tuple(Event(event.date, event.label) for event in file.report.events)
        self.gates = file.gates.gates()
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

    @cached_property
    def sentiment_model(self) -> AnyModel:
        """The model for sentiment; raises what `configured_model` does."""
        return configured_model(self._file.models, SENTIMENT, self._directory)

    @cached_property
    def stance_model(self) -> AnyModel:
        """The model for stance; raises what `configured_model` does."""
        return configured_model(self._file.models, STANCE, self._directory)

    def engine(
        self, backend: BackendName | None = None, device: str | None = None
    ) -> EngineSetting:
        """Return what runs the models: as asked for, else as configured."""
        set_up = self._file.models
        return EngineSetting(
            backend=backend or set_up.backend,
            device=device or set_up.device,
            compiled=set_up.compile,
        )

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


def load_config(path: Path) -> Config:
    """Read and check the configuration file at `path`.

    Raises ConfigError, naming the setting, when it cannot be read or is not right.
    """
    try:
        return Config(_File.model_validate(read_values(path)), path.resolve().parent)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error)[:_LONGEST_REASON]}") from error


def read_values(path: Path) -> dict[str, Any]:
    """Return what a TOML file says, unchecked.

    Raises ConfigError when it cannot be read, is no TOML or is made to take for ever.
    """
    try:
        return tomllib.loads(_text_of(path))
    except FileNotFoundError as error:
        raise ConfigError(
            f"no configuration at {path}: write one with `tgstance init`, or name it with --config"
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: cannot be read: it is nested too deep") from error
    except (OSError, ValueError) as error:  # also of numbers too long to be read
        raise ConfigError(f"{path}: cannot be read: {str(error)[:_LONGEST_REASON]}") from error


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{path}: is over 1 MB, which is no configuration")
    text = data.decode("utf-8-sig").replace("\r\n", "\n")
    if found := _LONG_KEY.search(text):
        raise ConfigError(f"{path}: {found[0][:40]!r} has more parts than any setting")
    return text


def default_config(path: Path) -> Config:
    """Return the configuration that an empty file at `path` would be."""
    return Config(_File(), path.resolve().parent)


def _without_password(location: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        # A server takes a password among the options too, at the end of the URL.
        return str(make_url(location).set(query={})) if "://" in location else location
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
