"""Tells whether most of a post is somebody else's words: by quotation marks and quoting lines."""

import re
from collections import defaultdict

import numpy as np

__all__ = ["is_mostly_quoted"]

# One mark may close what several others opened: „so“, „so”, “so”.
_CLOSES = {"»": ("«",), "“": ("„",), "”": ("“", "„")}
_OPENS = frozenset("«„“")
_MARKS = frozenset('«»„“”"')
_QUOTING_LINE = re.compile("^>.*$", re.MULTILINE)


def is_mostly_quoted(text: str) -> bool:
    """Tell whether more than half of what `text` says is quoted.

    Quoted is what stands between the marks «», „“, „”, “” or "" of one kind, over several lines
    too, and lines that begin with >. A mark without its partner quotes nothing. White space and the
    marks themselves are not counted.
    """
    if not text:
        return False
    counted = np.array([not (char.isspace() or char in _MARKS) for char in text])
    return 2 * int(counted[_quoted(text)].sum()) > int(counted.sum())


def _quoted(text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each character whether it is quoted."""
    rises = np.zeros(len(text) + 1, dtype=np.int64)
    for start, end in [*_between_marks(text), *(m.span() for m in _QUOTING_LINE.finditer(text))]:
        rises[start] += 1
        rises[end] -= 1
    return rises[:-1].cumsum() > 0


def _between_marks(text: str) -> list[tuple[int, int]]:
    """Return where marks of one kind open and close, nested ones too."""
    opened: dict[str, list[int]] = defaultdict(list)
    found = []
    for place, mark in enumerate(text):
        if mark not in _MARKS:
            continue
        opener = _closed_by(mark, text, place, opened)
        if opener:
            found.append((opened[opener].pop(), place + 1))
        elif mark in _OPENS or mark == '"':
            opened[mark].append(place)
    return found


def _closed_by(mark: str, text: str, place: int, opened: dict[str, list[int]]) -> str | None:
    """Return the open mark that `mark` closes, if it closes one."""
    if mark == '"':
        # A straight mark opens where a word begins, and else closes what is open.
        begins = not text[place - 1 : place].isalnum() and text[place + 1 : place + 2].isalnum()
        return mark if opened[mark] and not begins else None
    open_ones = [opener for opener in _CLOSES.get(mark, ()) if opened[opener]]
    return max(open_ones, key=lambda opener: opened[opener][-1], default=None)
