"""What a report is to hold and where it goes, as the command line says it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.formats.kinds import Format
from tgstance.selecting import Asked, selected

if TYPE_CHECKING:
    from reports.selection import Selection
    from tgstance.config import Config

__all__ = ["Formats", "ReportOptions", "report_selection"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions(Asked):
    """What a report is to hold; what is not given comes from the configuration."""

    period: str | None = None
    out: Path | None = None
    format: tuple[tuple[Format, ...], ...] = ()
    posts: bool = False
    excel: bool = False
    plots: Path | None = None

    def formats(self, configured: Iterable[Format]) -> tuple[Format, ...]:
        """Return each format that is asked for once."""
        asked = [form for forms in self.format for form in forms]
        return tuple(dict.fromkeys(asked or configured))


def report_selection(config: "Config", options: ReportOptions, run_id: str) -> "Selection":
    """Return what the report is about. Raises ConfigError for a target that there is not."""
    from reports.selection import Period

    period = Period(options.period) if options.period else config.period
    return replace(selected(config, options), period=period, run_id=run_id)
