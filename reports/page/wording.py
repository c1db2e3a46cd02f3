"""How the page writes numbers, days and texts of strangers."""

from datetime import date
from typing import Any

from markupsafe import Markup

from reports.page.estimates import Estimate, Net

__all__ = ["FILTERS", "harmless", "telegram_link"]

_NO_BREAK_SPACE = "\u00a0"
_MINUS = "\u2212"
# NUL and its like are no characters of HTML; a direction set in one place must not reach the next.
_CONTROLS = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (9, 10)}
_CONTROLS |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "")
_CONTROLS[0x0D] = ""


def harmless(value: Any) -> Any:  # noqa: ANN401 (whatever a template shows)
    """Return a text without control characters, lone surrogates and marks of direction.

    Escaping is not done here: the templates escape whatever is not Markup.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return value.encode("utf-8", "replace").decode("utf-8").translate(_CONTROLS)


def telegram_link(address: str | None) -> str | None:
    """Return an address that leads to Telegram's own site over https, None for any other."""
    if not address or not address.startswith("https://t.me/"):
        return None
    # Browsers drop line ends and tabs from addresses, and might read other signs as a host.
    return address if address.isascii() and address.isprintable() and " " not in address else None


def signed(value: float) -> str:
    """Write a net share with its sign and two decimals."""
    rounded = round(value, 2)
    sign = "+" if rounded > 0 else _MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):.2f}"


def interval(net: Net) -> str:
    """Write the ends of an interval."""
    return f"{signed(net.low)}{_NO_BREAK_SPACE}to{_NO_BREAK_SPACE}{signed(net.high)}"


def thousands(value: float) -> str:
    """Write a number without decimals, its thousands apart."""
    return f"{value:,.0f}".replace(",", _NO_BREAK_SPACE)


def counted(number: int, noun: str) -> str:
    """Write a number of things: 1 post, 2 posts."""
    return f"{thousands(number)} {noun}{'' if number == 1 else 's'}"


def percent(share: float | None) -> str:
    """Write a share in percent, which is 100 only where nothing is missing."""
    if share is None:
        return "not known"
    shown = 100 if share >= 1 else min(99, round(100 * share))
    return f"{shown}{_NO_BREAK_SPACE}%"


def day(value: date) -> str:
    """Write a day as in 5 November 2025."""
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """Write a day as in 5 Nov 2025."""
    return f"{value.day} {value:%b %Y}"


def counts(row: Estimate, minus: str = "against", plus: str = "for") -> str:
    """Say what a figure rests on, in the words for the labels on both sides of neutral."""
    net = row.shown
    figure = f"net {signed(net.value)} ({interval(net)}); " if net else ""
    return (
        f"{figure}{row.plus} {plus}, {row.neutral} neutral, {row.minus} {minus}, "
        f"{row.abstained} abstained"
    )


FILTERS = {
    filter_.__name__: filter_
    for filter_ in (
        counted,
        counts,
        day,
        interval,
        percent,
        short_day,
        signed,
        telegram_link,
        thousands,
    )
}
