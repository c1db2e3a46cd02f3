"""What the options --since, --until, --channel and --target take, and how they are checked."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import click

from collector.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from models.cascade import AnyModel
    from reports.selection import ScoredBy, Selection
    from tgstance.config import Config

__all__ = ["NAMES", "Asked", "Day", "check_channels", "check_days", "selected"]


class _Names(click.types.StringParamType):
    """Names that may hold spaces: several of them in the environment are parted by semicolons."""

    envvar_list_splitter = ";"


NAMES = _Names()


class Day(click.ParamType[date]):
    """A day, written as 2025-11-05."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> date:
        """Return the day; fail with one line for anything else."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date like 2025-11-05", parameter, context)


def check_days(since: date | None, until: date | None) -> None:
    """Raise ConfigError unless `since` is before `until`, or one of them is not given."""
    if since and until and since >= until:
        raise ConfigError(f"--since {since} is not before --until {until}, which is exclusive")


def check_channels(connection: "Connection", selection: "Selection") -> None:
    """Raise ConfigError for a channel that the archive does not hold."""
    _, unknown = selection.channel_ids(connection)
    if unknown:
        raise ConfigError(
            f"no channel {unknown[0]!r} in the archive (see `tgstance status` for those there are)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options say; what they leave open comes from the configuration."""

    since: date | None = None
    until: date | None = None
    channel: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    include: str | None = None


def selected(config: "Config", asked: Asked) -> "Selection":
    """Return what is asked for, over all of its time.

    Raises ConfigError for a target that there is not.
    """
    from reports.selection import Period, Selection, Words

    return Selection(
        period=Period.ALL,
        targets=config.select_targets(asked.target),
        stance=_scored_by(config.stance_model),
        sentiment=_scored_by(config.sentiment_model),
        since=asked.since,
        until=asked.until,
        channels=asked.channel,
        abstain_below=config.abstain_below,
        minimum=config.minimum,
        include=Words(asked.include) if asked.include else config.include,
    )


def _scored_by(model: "AnyModel") -> "ScoredBy":
    from reports.selection import ScoredBy

    return ScoredBy(model.text, model.fingerprint)
