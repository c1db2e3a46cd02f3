"""When a scheduled run begins and how long it may take, in the words of each scheduler."""

import math
import re
from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Timing", "parse_clock", "parse_interval", "shortly"]

_DAY_MIN = 24 * 60
_HOUR_MIN = 60
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_LONGEST_DELAY_S = 300
_MARGIN = timedelta(minutes=15)  # from the deadline to the end of a batch, and the report
_RETRY_MIN = 5
_LIMIT_MIN = 30
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """A run every `interval_min` minutes, the first of a day `start_min` minutes after midnight.

    `interval_min` divides an hour or is hours that divide a day. `deadline` is None for none.
    """

    interval_min: int
    start_min: int = 0
    deadline: timedelta | None = None

    @property
    def calendar(self) -> str:
        """An OnCalendar expression of systemd (systemd.time(7))."""
        hours, minutes = divmod(self.interval_min, _HOUR_MIN)
        if hours == 0:
            return f"*-*-* *:00/{minutes}:00"
        if self.interval_min == _DAY_MIN:
            return "*-*-* {:02}:{:02}:00".format(*divmod(self.start_min, _HOUR_MIN))
        return f"*-*-* {'*' if hours == 1 else f'00/{hours}'}:00:00"

    @property
    def crontab(self) -> str:
        """The five fields with which a line for cron begins (crontab in section 5)."""
        hours, minutes = divmod(self.interval_min, _HOUR_MIN)
        if hours == 0:
            return f"*/{minutes} * * * *"
        if self.interval_min == _DAY_MIN:
            hour, minute = divmod(self.start_min, _HOUR_MIN)
            return f"{minute} {hour} * * *"
        return f"0 {'*' if hours == 1 else f'*/{hours}'} * * *"

    @property
    def delay_s(self) -> int:
        """By how many seconds a start may be put off, so that machines do not start at once."""
        return min(_LONGEST_DELAY_S, self.interval_min * 60 // 10)

    @property
    def limit_s(self) -> int | None:
        """After how many seconds a run that has not ended at its deadline is ended."""
        return None if self.deadline is None else round((self.deadline + _MARGIN).total_seconds())

    @property
    def retry_min(self) -> int:
        """Minutes from a failure to the next try."""
        return _RETRY_MIN

    @property
    def start_limit(self) -> tuple[int, int]:
        """How many starts are allowed in how many minutes: the regular ones, and retries."""
        return math.ceil(_LIMIT_MIN / self.interval_min) + 1 + _RETRIES, _LIMIT_MIN


def parse_interval(interval: timedelta) -> int:
    """Return the minutes of an interval that every scheduler can express.

    Raises ValueError if it neither divides an hour nor is hours that divide a day.
    """
    minutes, rest = divmod(interval.total_seconds(), 60)
    divides = minutes and (
        _HOUR_MIN % minutes == 0 or (minutes % _HOUR_MIN == 0 and _DAY_MIN % minutes == 0)
    )
    if rest or not divides:
        raise ValueError(
            "runs cannot be that far apart: write 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, "
            "12h or 1d"
        )
    return int(minutes)


def parse_clock(text: str) -> int:
    """Return the minutes from midnight to a time of day such as 06:00.

    Raises ValueError if it is none.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time of day: write 06:00")
    return int(match[1]) * _HOUR_MIN + int(match[2])


def shortly(duration: timedelta) -> str:
    """Return a duration of whole seconds as options take it, in the largest unit that fits."""
    seconds = round(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
