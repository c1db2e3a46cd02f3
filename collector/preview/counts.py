"""Counts as the preview shows them: exact below 1,000, then with three digits and a letter."""

import re
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Count", "parse_count"]

COUNT = re.compile(r"(?P<number>[0-9]{1,12}(?:[.,][0-9]{1,3})?)(?P<unit>[KMB]?)")
UNITS = {"": 1, "K": 1000, "M": 1_000_000, "B": 1_000_000_000}
LARGEST = 2**31 - 1


class Count(NamedTuple):
    """A count, and whether it was rounded."""

    number: int
    rounded: bool


def parse_count(text: str) -> Count | None:
    """Return the count that "44", "4.85K", "1.1M" or "12 345" means; None if it means none."""
    match = COUNT.fullmatch("".join(text.split()))
    if match is None:
        return None
    unit = match["unit"]
    number = Decimal(match["number"].replace(",", "." if unit else "")) * UNITS[unit]
    if number != int(number) or number > LARGEST:
        return None
    return Count(int(number), bool(unit))
