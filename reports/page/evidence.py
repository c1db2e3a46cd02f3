"""The posts that each figure of the page opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from models.labels import LABELS, SENTIMENT, STANCE
from reports.channel import Channel
from reports.page.channel_facts import channel_keys
from reports.page.estimates import Estimate
from reports.selection import Selection
from reports.strongest import ABSTAINED, StrongPost, strongest

__all__ = ["Evidence", "Quote", "evidence"]

_EACH = 3  # posts of each label
_AT_ONCE = 400  # characters of a post that show without opening it
# All texts together stay under about 1.2 million characters, 2.2 MB of Cyrillic: each may have its
# even share of them, but no more than a post of Telegram can have.
_ALL_TEXTS = 1_200_000
_LONGEST = 4_096

_HEADINGS = {
    STANCE: ("Against", "For"),
    SENTIMENT: ("Negative", "Positive"),
}

Key = tuple[Channel, str]


@dataclass(frozen=True, slots=True)
class Quote:
    """A post with its text in parts: what shows at once, the rest, and how many are left out."""

    post: StrongPost
    beginning: str
    rest: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The posts behind one figure, by heading; `anchor` is where the page shows them."""

    anchor: str
    estimate: Estimate
    quotes: Mapping[str, Sequence[Quote]]


def evidence(
    connection: Connection, selection: Selection, task: str, rows: Sequence[Estimate]
) -> dict[Key, Evidence]:
    """Return the evidence of those figures that have some, by channel and target."""
    estimates = {(row.channel, row.target): row for row in rows}
    wanted = {row.channel for row in rows}
    names = channel_keys(connection)
    keys = [number for number, channel in names.items() if channel in wanted]
    found: dict[Key, list[StrongPost]] = {}
    for post in strongest(connection, selection, task, keys, _EACH):
        found.setdefault((names[post.channel_key], post.target), []).append(post)
    room = min(_LONGEST, _ALL_TEXTS // max(1, sum(map(len, found.values()))))
    return {
        key: Evidence(f"{task}-{number}", row, _by_heading(found[key], task, room))
        for number, (key, row) in enumerate(estimates.items(), 1)
        if key in found
    }


def _by_heading(posts: Sequence[StrongPost], task: str, room: int) -> dict[str, list[Quote]]:
    minus, _, plus = LABELS[task]
    against, in_favor = _HEADINGS[task]
    headings = {plus: in_favor, minus: against, ABSTAINED: "Abstained"}
    return {
        heading: [_quote(post, room) for post in posts if post.label == label][:_EACH]
        for label, heading in headings.items()
    }


def _quote(post: StrongPost, room: int) -> Quote:
    text = post.text.strip()
    kept = text[:room].rstrip() if len(text) > room else text
    end = _end_of_word(kept, min(_AT_ONCE, room))
    return Quote(post, kept[:end], kept[end:], len(text) - len(kept))


def _end_of_word(text: str, most: int) -> int:
    """Return where to part a text: after a word, unless the last one is very long."""
    if len(text) <= most:
        return len(text)
    space = max(text.rfind(" ", 0, most), text.rfind("\n", 0, most))
    return space if space > most * 3 // 4 else most
