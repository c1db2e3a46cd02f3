"""How users write times: `30d` and `5m` for durations, `2024-11-01` or `30d` ago for moments."""

import re
from datetime import UTC, datetime, timedelta

__all__ = ["parse_duration", "parse_moment"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,8})\s*([smhdw])", re.ASCII)
_LONGEST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta:
    """Return the duration of `90s`, `5m`, `12h`, `30d` or `4w`; 0 needs no unit.

    Raises ValueError if it is none, or longer than Telegram can have existed.
    """
    if text.strip() == "0":
        return timedelta(0)
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write 90s, 5m, 12h, 30d or 4w")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > _LONGEST:
        raise ValueError(f"{text!r} is too long a duration: {_LONGEST.days}d is the longest")
    return duration


def parse_moment(text: str) -> datetime:
    """Return the moment of an ISO date (its beginning), of a date and time, or so long ago.

    Without a time zone UTC is meant. Raises ValueError if it is none of these.
    """
    try:
        return datetime.now(UTC) - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the latter beside the years 1 and 9999
        raise ValueError(
            f"{text!r} is not a moment: write 2024-11-01, 2024-11-01T12:00+02:00, or 30d for ago"
        ) from error
