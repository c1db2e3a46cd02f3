"""The section [gates] of tgstance.toml: what the data behind a report has to be like."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from reports.gates.limits import LABELLED_BY_HAND, ChannelLimits, Days, Gates, OwnLimits
from tgstance.moments import parse_duration
from tgstance.section import Section, Text

__all__ = ["GatesSection"]

_WHOLE_REPORT = "report"
_DAY = timedelta(days=1)


def _is_age(text: str) -> str:
    if not parse_duration(text):
        raise ValueError("is longer than 0: write 12h, 3d or the like")
    return text


def _is_window(text: str) -> str:
    if text != _WHOLE_REPORT and (not (length := parse_duration(text)) or length % _DAY):
        raise ValueError(f'{text!r} is not whole days: write "7d", or "{_WHOLE_REPORT}" for all')
    return text


def _as_reference(value: object) -> object:
    """Return two days, in order, or the word for those that were labelled by hand."""
    if value is None or value == LABELLED_BY_HAND:
        return value
    days = [_as_day(part) for part in value] if isinstance(value, list | tuple) else []
    if len(days) == 2 and days[0] and days[1] and days[0] < days[1]:  # noqa: PLR2004 (from, until)
        return tuple(days)
    raise ValueError(
        'is ["2025-01-01", "2025-03-01"], a first day and a later one that is not among them, or '
        f'"{LABELLED_BY_HAND}"'
    )


def _as_day(value: object) -> date | None:
    try:
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        return value if is_day else date.fromisoformat(str(value))  # type: ignore[return-value]
    except ValueError:
        return None


_Share = Annotated[float, Field(ge=0, le=1)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Index = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Reference = Annotated[Days | Literal["gold"] | None, BeforeValidator(_as_reference)]


class _ChannelLimits(Section):
    """The limits that a channel may have for itself."""

    minimum_posts_per_day: _Amount | None = None
    maximum_age: Annotated[Text, AfterValidator(_is_age)] | None = None
    minimum_coverage: _Share | None = None

    def limits(self) -> ChannelLimits:
        age = parse_duration(self.maximum_age) if self.maximum_age else None
        return ChannelLimits(self.minimum_posts_per_day, age, self.minimum_coverage)


class _Channel(_ChannelLimits):
    name: Text
    judged: bool = True


class GatesSection(_ChannelLimits):
    """The gates; each is off unless it has a limit."""

    window: Annotated[Text, AfterValidator(_is_window)] = "7d"
    maximum_abstained: _Share | None = None
    minimum_labels: Annotated[int, Field(ge=1)] = 100
    maximum_label_shift: _Index | None = None
    maximum_language_shift: _Index | None = None
    reference: _Reference = None
    channel: tuple[_Channel, ...] = ()

    @model_validator(mode="after")
    def _has_a_reference(self) -> Self:
        for name in ("maximum_label_shift", "maximum_language_shift"):
            if getattr(self, name) is not None and self.reference is None:
                raise ValueError(
                    f'{name} needs days to compare with: reference = ["2025-01-01", "2025-03-01"]'
                )
        return self

    @model_validator(mode="after")
    def _distinct_channels(self) -> Self:
        names = [channel.name.removeprefix("@").casefold() for channel in self.channel]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"channel: {twice[0]!r} is there twice")
        return self

    def gates(self) -> Gates | None:
        """Return the gates; None if there is no limit at all."""
        own = [OwnLimits(each.name, each.limits(), each.judged) for each in self.channel]
        common = self.limits()
        gates = Gates(
            channels=common,
            own=own,
            abstained=self.maximum_abstained,
            label_shift=self.maximum_label_shift,
            language_shift=self.maximum_language_shift,
            minimum_labels=self.minimum_labels,
            days=None if self.window == _WHOLE_REPORT else parse_duration(self.window).days,
            reference=self.reference,
        )
        return gates if gates.limited else None
