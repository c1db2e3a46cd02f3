"""The section [collect] of tgstance.toml: which channels, how far back, from where and how fast."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collector.errors import ConfigError
from tgstance.moments import parse_duration, parse_moment
from tgstance.section import Section, Text
from tgstance.sources import Source

__all__ = ["Collect", "WantedChannel"]


def _is(parse: Callable[[str], object], *words: str) -> Callable[[str], str]:
    """Return a check that a text can be parsed or is one of some words; it stays a text."""

    def check(text: str) -> str:
        if text not in words:
            parse(text)
        return text

    return check


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _name_alone(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_Moment = Annotated[Text, BeforeValidator(_as_text), AfterValidator(_is(parse_moment, "all"))]
_Duration = Annotated[Text, AfterValidator(_is(parse_duration))]
_Seconds = Annotated[float, Field(ge=0, le=3600)]


class WantedChannel(Section):
    """A channel to collect, and where from if not from where all are."""

    name: Text
    source: Source | None = None


class Collect(Section):
    """What `tgstance collect` does unless its options say otherwise."""

    channels: tuple[Annotated[WantedChannel, BeforeValidator(_name_alone)], ...] = ()
    source: Source = Source.AUTO
    since: _Moment = "30d"
    recent: _Duration = "7d"
    pace: _Seconds = 0.5
    preview_pace: _Seconds = 1.0
    at_once: Annotated[int, Field(ge=1, le=20)] = 3
    max_wait: _Duration = "5m"
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    attempts: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _channels_are_channels(self) -> Self:
        from collector.naming import ChannelName, parse_channel

        sources: dict[ChannelName, Source | None] = {}
        for channel in self.channels:
            try:
                name = parse_channel(channel.name)
            except ConfigError as error:
                raise ValueError(f"channels: {error}") from error
            if sources.setdefault(name, channel.source) != channel.source:
                raise ValueError(f"channels: {name} is there twice, with different sources")
        return self
