"""A picture of the size of a slide: its title, notes, colours, and how it is saved.

No figure touches pyplot, which keeps state and looks for a screen.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.channel import Channel

__all__ = [
    "AGAINST",
    "FAINT",
    "FAVOR",
    "INK",
    "MIDDLE",
    "channel_name",
    "drawable",
    "save",
    "slide",
    "style",
]  # fmt: skip

# Okabe and Ito's colours, which people with any colour vision tell apart.
FAVOR, AGAINST = "#0072B2", "#D55E00"
INK, MIDDLE, FAINT = "#222222", "#555555", "#b5b5b5"

_INCHES, _DOTS_PER_INCH = (13.333, 7.5), 150  # 16:9, as slides are
_LINE = 0.031  # height of a line of notes, as a share of the picture's
_LONGEST_TITLE, _LONGEST_LINE = 70, 165  # characters that fit
_FONT = "DejaVu Sans"  # comes with matplotlib; has Cyrillic
_STYLE: Any = {  # its keys are matplotlib's
    "axes.edgecolor": MIDDLE,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "font.family": [_FONT],
    "font.size": 10,
    "hatch.color": FAINT,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",  # looks the same where the font is not installed
    "svg.hashsalt": "tgstance",  # the same report makes the same file
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollars
    "text.usetex": False,
    "xtick.color": MIDDLE,
    "ytick.color": INK,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in the style of these pictures; matplotlib's settings are then as before."""
    with mpl.rc_context(_STYLE):
        yield


def slide(title: str, subtitle: str, notes: Sequence[str]) -> Figure:
    """Return a figure with its texts, which leaves the room between them for axes."""
    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    figure.text(
        0.015, 0.975, drawable(title, _LONGEST_TITLE), va="top", fontsize=20, fontweight="bold"
    )
    figure.text(0.015, 0.915, drawable(subtitle, _LONGEST_LINE), va="top", fontsize=12.5)
    bottom = 0.015 + _LINE * len(notes)
    for line, note in enumerate(notes):
        height = bottom - _LINE * (line + 1)
        text = drawable(note, _LONGEST_LINE)
        figure.text(0.015, height, text, va="bottom", fontsize=10.5, color=MIDDLE)
    figure.set_layout_engine("constrained", rect=(0.01, bottom + 0.015, 0.98, 0.845 - bottom))
    return figure


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.png and `stem`.svg, the same bytes for the same figure."""
    figure.savefig(f"{stem}.png", metadata={"Software": None})
    figure.savefig(f"{stem}.svg", metadata={"Date": None, "Creator": None})


def drawable(text: str, longest: int) -> str:
    """Return a text in one line of characters that the font has, shortened to `longest`.

    Letters and digits that it lacks become boxes; other signs that it lacks, such as emoji, and
    marks of direction are left out.
    """
    line = " ".join("".join(map(_drawable, text)).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def channel_name(channel: Channel, longest: int) -> str:
    """Return the first of a channel's title, username and id of which anything can be drawn."""
    names = (channel.name, channel.handle, channel.number)
    return next(filter(None, (drawable(name, longest) for name in names)))


def _drawable(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category == "Cf":
        return ""
    if ord(character) in _drawn_characters():
        return character
    return "▯" if category[0] in "LN" else ""


@cache
def _drawn_characters() -> frozenset[int]:
    font = font_manager.get_font(font_manager.findfont(_FONT))
    return frozenset(font.get_charmap())
