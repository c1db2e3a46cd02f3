"""Which ranges of tokens a model reads of a text that it cannot take at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["MOST_WINDOWS", "Window", "around", "leave_out", "over"]

MOST_WINDOWS = 16
_SHARED = 8  # neighbours share an eighth of a window, and look as far for the start of a word

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens `start` to `end` (exclusive) of a text, and how much their reading counts."""

    start: int
    end: int
    weight: int


def over(length: int, room: int, begins_word: Callable[[int], bool]) -> list[Window]:
    """Return windows of at most `room` tokens, one after another, over `length` tokens.

    Each begins a little before the end of the one before, if possible with a word, and weighs as
    many tokens as it adds to those. Of more than `MOST_WINDOWS`, an even spread stays: among them
    the first and the last.
    """
    ranges = [(0, min(room, length))]
    while ranges[-1][1] < length:
        start = _next_start(ranges[-1][1], length, room, begins_word)
        ranges.append((start, min(start + room, length)))
    windows, read = [], 0
    for start, end in _spread(ranges):
        windows.append(Window(start, end, max(end - max(start, read), 1)))
        read = end
    return windows


def _next_start(end: int, length: int, room: int, begins_word: Callable[[int], bool]) -> int:
    shared = room // _SHARED
    latest = end - shared
    earliest = length - room
    if latest < earliest:
        return next(filter(begins_word, range(latest, latest - shared, -1)), latest)
    # The last window is filled up with what comes before it.
    return next(filter(begins_word, range(earliest, min(earliest + shared, latest) + 1)), earliest)


def around(
    mentions: Sequence[tuple[int, int]],
    length: int,
    room: int,
    begins_word: Callable[[int], bool],
) -> list[Window]:
    """Return windows of at most `room` tokens, each around mentions, out of `length` tokens.

    `mentions` are (start, end) in tokens, in order and apart. Those within half a window of each
    other share one and stand in its middle; it weighs as many as they are, so that each mention
    counts once. A window cuts no other mention, and cuts its own only where that does not fit.
    Of more than `MOST_WINDOWS`, an even spread stays.
    """
    inside = {at for start, end in mentions for at in range(start + 1, end)}

    def begins(at: int) -> bool:
        return at not in inside and begins_word(at)

    windows = []
    for group in _spread(_groups(mentions, room // 2)):
        first, last = group[0][0], group[-1][1]
        spare = max(room - (last - first), 0)
        start = max(min(first - spare // 2, length - room), 0)
        while start in inside and start < first:
            start += 1
        if start:
            start = next(filter(begins, range(start, min(start + room // _SHARED, first))), start)
        end = min(start + room, length)
        while end in inside and end > last:
            end -= 1
        windows.append(Window(start, end, len(group)))
    return windows


def _groups(mentions: Sequence[tuple[int, int]], reach: int) -> list[list[tuple[int, int]]]:
    groups: list[list[tuple[int, int]]] = []
    for mention in mentions:
        if groups and mention[1] - groups[-1][0][0] <= reach:
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _spread(items: Sequence[_Item]) -> Sequence[_Item]:
    if len(items) <= MOST_WINDOWS:
        return items
    step = (len(items) - 1) / (MOST_WINDOWS - 1)
    return [items[round(number * step)] for number in range(MOST_WINDOWS)]


def leave_out(windows: Sequence[Window], length: int) -> bool:
    """Tell whether any of `length` tokens is in no window."""
    read = 0
    for window in sorted(windows, key=lambda window: window.start):
        if window.start > read:
            return True
        read = max(read, window.end)
    return read < length
