"""What quality gates there are, and where their limits lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

__all__ = ["LABELLED_BY_HAND", "ChannelLimits", "Days", "Gate", "Gates", "OwnLimits"]

Days = tuple[date, date]  # the first, and the one after the last

LABELLED_BY_HAND = "gold"


class Gate(StrEnum):
    """What is watched over, by the name of the setting that holds the limit."""

    POSTS = "minimum_posts_per_day"
    AGE = "maximum_age"
    COVERAGE = "minimum_coverage"
    ABSTAINED = "maximum_abstained"
    LABELS = "maximum_label_shift"
    LANGUAGES = "maximum_language_shift"

    @property
    def words(self) -> str:
        """The gate in words."""
        return _WORDS[self]


_WORDS = {
    Gate.POSTS: "posts a day",
    Gate.AGE: "age of the newest post",
    Gate.COVERAGE: "coverage",
    Gate.ABSTAINED: "labels abstained",
    Gate.LABELS: "shift of labels (population stability index)",
    Gate.LANGUAGES: "shift of languages (population stability index)",
}


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """The limits of a channel; None is no gate."""

    posts_per_day: float | None = None
    age: timedelta | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """What counts for one channel (by username, id or title) instead of the common limits.

    One that is not `judged` is left out of the gates about channels.
    """

    name: str
    limits: ChannelLimits
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of a report; None is no gate.

    They are about the last `days` whole days, or with None about all that the report is about. A
    share of fewer than `minimum_labels` labels, and a mix of so few labels or posts, is not judged.
    Mixes are compared with those of the days `reference`, or, if that is LABELLED_BY_HAND, with
    those from the first to the last post that somebody has labelled by hand.
    """

    channels: ChannelLimits = ChannelLimits()
    own: Sequence[OwnLimits] = ()
    abstained: float | None = None
    label_shift: float | None = None
    language_shift: float | None = None
    minimum_labels: int = 100
    days: int | None = 7
    reference: Days | str | None = None

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        shares = (self.abstained, self.label_shift, self.language_shift)
        limits = (self.channels, *(own.limits for own in self.own if own.judged))
        return any(share is not None for share in shares) or any(
            each != ChannelLimits() for each in limits
        )
