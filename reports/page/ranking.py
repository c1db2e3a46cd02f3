"""The ranking of channels by net stance, and the map of channels and targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.channel import Channel
from reports.page.estimates import Estimate

__all__ = ["HeatRow", "Ranking", "heat_map", "rankings", "shade"]

_SHADES = 4  # on each side of zero


@dataclass(frozen=True, slots=True)
class Ranking:
    """The channels toward one target, the most favourable first, and those without a figure."""

    target: str
    shown: Sequence[Estimate]
    suppressed: Sequence[Estimate]

    @property
    def in_favor(self) -> int:
        """How many intervals lie above zero."""
        return sum(row.shown is not None and row.shown.low > 0 for row in self.shown)

    @property
    def against(self) -> int:
        """How many intervals lie below zero."""
        return sum(row.shown is not None and row.shown.high < 0 for row in self.shown)


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A channel and its figures in the order of the targets."""

    channel: Channel
    cells: Sequence[Estimate]


def rankings(rows: Sequence[Estimate], targets: Sequence[str]) -> list[Ranking]:
    """Return a ranking for each target, from one row per channel and target."""
    return [_ranking(target, [row for row in rows if row.target == target]) for target in targets]


def _ranking(target: str, rows: Sequence[Estimate]) -> Ranking:
    shown = [(row.shown.value, row) for row in rows if row.shown is not None]
    return Ranking(
        target,
        [row for _, row in sorted(shown, key=lambda pair: (-pair[0], pair[1].channel))],
        sorted((row for row in rows if row.shown is None), key=lambda row: row.channel),
    )


def heat_map(rows: Sequence[Estimate], targets: Sequence[str]) -> list[HeatRow]:
    """Return a row for each channel, by name, from one estimate per channel and target."""
    by_channel: dict[Channel, dict[str, Estimate]] = {}
    for row in rows:
        by_channel.setdefault(row.channel, {})[row.target] = row
    return [_heat_row(channel, by_channel[channel], targets) for channel in sorted(by_channel)]


def _heat_row(channel: Channel, cells: Mapping[str, Estimate], targets: Sequence[str]) -> HeatRow:
    return HeatRow(channel, [cells[target] for target in targets])


def shade(value: float, limit: float) -> int:
    """Return the step of the diverging scale, from -4 to 4, for a figure from -limit to limit."""
    return max(-_SHADES, min(_SHADES, round(value / limit * _SHADES)))
