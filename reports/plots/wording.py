"""What titles and notes of the pictures say."""

from collections.abc import Sequence
from datetime import date, timedelta

from reports.page.estimates import Estimate

__all__ = ["correction_note", "day", "left_out_note", "signed", "span", "total"]

_MINUS = "\u2212"


def signed(value: float) -> str:
    """Write a net share with its sign and two decimals."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}".replace("-", _MINUS) if rounded else "0.00"


def day(value: date) -> str:
    """Write a day as in 5 Nov 2025."""
    return f"{value.day} {value:%b %Y}"


def span(rows: Sequence[Estimate]) -> str:
    """Write the first and the last day that rows are about."""
    first = min(row.since for row in rows)
    last = max(row.until for row in rows) - timedelta(days=1)
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def total(rows: Sequence[Estimate]) -> str:
    """Write how many labelled posts rows rest on."""
    return f"n = {sum(row.labelled for row in rows):,} labelled posts"


def correction_note(rows: Sequence[Estimate]) -> str:
    """Say whether the figures are corrected for the model's errors."""
    corrected = [row for row in rows if row.corrected]
    if not corrected:
        return "Counts of the model's labels, not corrected for its errors."
    gold = max(row.gold for row in corrected)
    note = f"Corrected for the model's errors with up to {gold:,} labels given by hand"
    if len(corrected) < len(rows):
        return f"{note}; where that could not be, figures count the model's labels."
    return f"{note}."


def left_out_note(suppressed: int, beyond: int, shown: int) -> str | None:
    """Say which channels are not in the picture; None where all are."""
    notes = []
    if beyond:
        notes.append(
            f"Shown are the {shown} channels with the most labelled posts, {beyond} more are not."
        )
    if suppressed:
        channels = "1 channel has" if suppressed == 1 else f"{suppressed} channels have"
        notes.append(f"Left out: {channels} too few labelled posts.")
    return " ".join(notes) or None
