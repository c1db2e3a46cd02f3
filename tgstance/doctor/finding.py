"""What a check finds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

__all__ = ["Finding", "SkippedError", "State", "Verdict", "listed", "ok", "warning", "wrong"]

_SHOWN = 5


class State(StrEnum):
    """How it stands with what was checked; SKIPPED where that could not be told."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, in one line, and for all that is not well what mends it."""

    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of the check of this name."""

    check: str
    state: State
    found: str
    fix: str

    def as_json(self) -> dict[str, str]:
        """Return the finding as it is written with --json."""
        return asdict(self)


class SkippedError(Exception):
    """Something cannot be checked; `fix` says what has to be mended first."""

    def __init__(self, found: str, fix: str = "") -> None:
        super().__init__(found)
        self.fix = fix


def ok(found: str) -> Verdict:
    """Return that all is well."""
    return Verdict(State.OK, found)


def warning(found: str, fix: str) -> Verdict:
    """Return that something is not as it should be, and nothing is wrong yet."""
    return Verdict(State.WARNING, found, fix)


def wrong(found: str, fix: str) -> Verdict:
    """Return that something is wrong."""
    return Verdict(State.WRONG, found, fix)


def listed(parts: Sequence[str]) -> str:
    """Return the first few of some parts in one line, and how many more there are."""
    more = len(parts) - _SHOWN
    return "; ".join(parts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
