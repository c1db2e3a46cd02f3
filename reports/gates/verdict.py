"""What a quality gate has found, and how it is told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from reports.channel import Channel
from reports.gates.limits import Gate
from reports.gates.window import Window

__all__ = ["Verdict", "failing", "in_order", "table_rows"]

_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate has found about a channel, about a target, or about all posts.

    `passed` is None where it could not be judged; `note` says why, or what the value rests on.
    `window` is the days that it is about, where it is about days. Ages are in days.
    """

    gate: Gate
    value: float | None
    limit: float
    passed: bool | None
    note: str
    channel: Channel | None = None
    target: str = ""
    window: Window | None = None

    def with_note(self, note: str) -> Self:
        """Return it with a note."""
        return replace(self, note=note)

    def judged(self, value: float, passed: bool, note: str) -> Self:
        """Return it with what was found."""
        return replace(self, value=value, passed=passed, note=note)

    @property
    def about(self) -> str:
        """The channel or target; empty where the gate is about all posts."""
        if self.channel is None:
            return self.target
        return self.channel.handle or self.channel.name

    @property
    def name(self) -> str:
        """The gate and what it is about."""
        return f"{self.gate} {self.about}".strip()

    @property
    def bound(self) -> str:
        """The limit in words."""
        at = "at least" if self.gate in {Gate.POSTS, Gate.COVERAGE} else "at most"
        return f"{at} {self._said(self.limit)}"

    @property
    def shown(self) -> str:
        """The value in words; empty where there is none."""
        return "" if self.value is None else self._said(self.value)

    @property
    def line(self) -> str:
        """All of it in one line."""
        days = self.window.shown if self.window else ""
        found = ", ".join(filter(None, (self.shown, self.bound, days)))
        return f"{self.name}: {found}: {self.note}"

    def _said(self, value: float) -> str:
        match self.gate:
            case Gate.COVERAGE | Gate.ABSTAINED:
                return f"{100 * value:.{_DECIMALS}g} %"
            case Gate.AGE:
                return _duration(value)
            case Gate.POSTS:
                return f"{value:.{_DECIMALS}g} a day"
        return f"{value:.{_DECIMALS}g}"


def failing(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return those that have not passed."""
    return [verdict for verdict in verdicts if verdict.passed is False]


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the failing first, then those that could not be judged, then those that passed."""
    ranks = {False: 0, None: 1, True: 2}
    return sorted(verdicts, key=lambda verdict: ranks[verdict.passed])


def table_rows(verdicts: Iterable[Verdict], run_id: str) -> Iterator[Sequence[object]]:
    """Return rows in the columns of `gates.csv`."""
    for verdict in verdicts:
        channel, window = verdict.channel or Channel("", "", ""), verdict.window
        yield (
            *(str(verdict.gate), channel.id, channel.username, channel.title, verdict.target),
            *((window.start, window.end) if window else (None, None)),
            *(verdict.value, verdict.limit, verdict.passed, verdict.note, run_id),
        )


def _duration(days: float) -> str:
    """Write a duration as settings do, in the largest unit that leaves one figure before a dot."""
    for unit, length in (("d", 1.0), ("h", 24.0), ("m", 1440.0)):
        if days * length >= 1:
            return f"{days * length:.{_DECIMALS}g}{unit}"
    return f"{days * 86400:.0f}s"
