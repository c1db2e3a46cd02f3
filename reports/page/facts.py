"""What the page says beside its figures: who made it, when, with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reports.gates.verdict import Verdict

__all__ = ["Event", "PageFacts"]


@dataclass(frozen=True, slots=True)
class Event:
    """A day, in UTC, that the lines over time mark, and what happened then."""

    date: date
    label: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says beside its figures.

    `created` has a time zone. `versions` are those of the programs by name. `agreement` is a whole
    sentence on how well the coders of the gold labels agreed, `model_errors` one on why shares
    without correction may mislead; each is None where there is nothing to say. `gates` is what the
    quality gates have found, if there are any.
    """

    created: datetime
    run_id: str
    versions: Mapping[str, str]
    events: Sequence[Event] = ()
    agreement: str | None = None
    model_errors: str | None = None
    gates: Sequence[Verdict] = ()
