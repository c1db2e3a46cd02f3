"""Values of fields as files give them, checked: each function says what is wrong with a value.

Files made by other programs give numbers as text or as floats (pandas does) and leave fields
empty; None, "" and NaN mean "not said".
"""

import math
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

__all__ = ["FieldError", "is_missing", "read_count", "read_date", "read_integer", "read_text"]

MAX_TEXT = 1_000_000  # characters; Telegram allows 4,096
MAX_INTEGER = 2**63 - 1
MAX_COUNT = 2**31 - 1
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
LATEST_UNIX = LATEST.timestamp()


class FieldError(ValueError):
    """A field's value cannot be what the field means."""


def is_missing(value: object) -> bool:
    """Tell whether a value means "not said"."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def read_text(value: object, name: str) -> str:
    """Return text exactly as it came; "" if missing. Raises FieldError if it cannot be stored."""
    if not isinstance(value, str):
        if is_missing(value):
            return ""
        raise FieldError(f"{name} is not text")
    if len(value) > MAX_TEXT:
        raise FieldError(f"{name} is over {MAX_TEXT:,} characters long")
    if "\0" in value:
        raise FieldError(f"{name} holds a NUL character or a byte that is not UTF-8")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldError(f"{name} holds half a character or a byte that is not UTF-8") from None
    return value


def read_integer(value: object, name: str) -> int | None:
    """Return a whole number of 64 bits, also from "12" and 12.0; None if missing."""
    number = value if type(value) is int else parse_integer(value, name)
    if number is not None and abs(number) > MAX_INTEGER:
        raise FieldError(f"{name} is too large")
    return number


def parse_integer(value: object, name: str) -> int | None:
    """Return a whole number from text or a float; None if missing."""
    if isinstance(value, str):
        value = value.strip()
    if is_missing(value):
        return None
    try:
        if isinstance(value, str) and value.lstrip("-").isdecimal():
            return int(value)
        if isinstance(value, str | float | Decimal):
            return whole(float(value))
    except (ValueError, OverflowError):
        pass
    raise FieldError(f"{name} is not a whole number: {shortened(value)}")


def whole(number: float) -> int | None:
    """Return a float without a fraction as an integer, NaN as None. Raises ValueError if none."""
    if math.isnan(number):
        return None
    if number != int(number):
        raise ValueError(number)
    return int(number)


def read_count(value: object, name: str) -> int | None:
    """Return a whole number from 0 to 2^31 - 1; None if missing."""
    number = read_integer(value, name)
    if number is not None and not 0 <= number <= MAX_COUNT:
        raise FieldError(f"{name} is out of range: {number}")
    return number


def read_date(value: object, name: str, zone: tzinfo) -> datetime | None:
    """Return a moment in UTC from ISO 8601 (naive: in `zone`) or Unix seconds; None if missing."""
    if isinstance(value, str):
        value = value.strip()
        if value and not value.lstrip("-").replace(".", "", 1).isdecimal():
            return read_iso(value, name, zone)
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise FieldError(no_date(value, name))
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        seconds = math.inf
    if not 0 <= seconds < LATEST_UNIX:
        raise FieldError(f"{name} is not between 1970 and 2100: {shortened(value)}")
    return datetime.fromtimestamp(seconds, UTC)


def read_iso(value: str, name: str, zone: tzinfo) -> datetime:
    """Return a moment in UTC from ISO 8601."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise FieldError(f"{name} is not between 1970 and 2100: {value}") from None
    except ValueError:
        raise FieldError(no_date(value, name)) from None
    if not EARLIEST <= moment < LATEST:
        raise FieldError(f"{name} is not between 1970 and 2100: {value}")
    return moment


def no_date(value: object, name: str) -> str:
    """Return what is wrong with a value that is no date."""
    return (
        f"{name} is {shortened(value)}, which is neither ISO 8601 (2025-01-31T12:00:00Z) "
        "nor seconds since 1970"
    )


def shortened(value: object) -> str:
    """Return a value for a message, not at length."""
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."  # noqa: PLR2004 (a line's worth)
