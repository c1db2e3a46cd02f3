"""What a report is to hold and where it goes, as the command line says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.formats.kinds import Format

if TYPE_CHECKING:
    from reports.selection import Selection
    from tgstance.config import Config

__all__ = ["Formats", "ReportOptions", "selected"]


class Formats(click.ParamType[tuple[Format, ...]]):
    """Formats parted by commas."""

    name = "FORMATS"

    def convert(
        self, value: object, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[Format, ...]:
        """Return the formats; fail with one line for a word that is none."""
        words = value if isinstance(value, tuple) else str(value).split(",")
        return tuple(self._format(str(word), parameter, context) for word in words)

    def _format(
        self, word: str, parameter: click.Parameter | None, context: click.Context | None
    ) -> Format:
        try:
            return Format(word.strip().lower())
        except ValueError:
            self.fail(f"{word!r} is none of {', '.join(Format)}", parameter, context)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report is to hold; what is not given comes from the configuration."""

    period: str | None = None
    since: date | None = None
    until: date | None = None
    target: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    include: str | None = None
    out: Path | None = None
    format: tuple[tuple[Format, ...], ...] = ()
    posts: bool = False
    excel: bool = False
    plots: Path | None = None

    def formats(self, configured: Iterable[Format]) -> tuple[Format, ...]:
        """Return each format that is asked for once."""
        asked = [form for forms in self.format for form in forms]
        return tuple(dict.fromkeys(asked or configured))


def selected(config: "Config", options: ReportOptions, run_id: str) -> "Selection":
    """Return what the report is about. Raises ConfigError for a target that there is not."""
    from reports.selection import Period, Selection, Words
    from tgstance.selecting import scored_by

    return Selection(
        period=Period(options.period) if options.period else config.period,
        targets=config.select_targets(options.target),
        stance=scored_by(config.stance_model),
        sentiment=scored_by(config.sentiment_model),
        since=options.since,
        until=options.until,
        channels=options.channel,
        abstain_below=config.abstain_below,
        minimum=config.minimum,
        run_id=run_id,
        include=Words(options.include) if options.include else config.include,
    )
