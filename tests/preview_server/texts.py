"""Texts as the preview writes them: escaped, with links, emoji and formatting as elements."""

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

__all__ = ["emoji", "escaped", "formatted", "shortened"]

EMOJI = r"[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
PIECE = re.compile(rf"(?P<url>https?://[^\s<]+)|(?P<tag>#\w+)|(?P<emoji>{EMOJI})|(?P<line>\n)")
UNITS = ((1_000_000, "M"), (1000, "K"))
Entity = tuple[int, int, str]


def escaped(text: str) -> str:
    """Return text as t.me escapes it: more than it has to."""
    safe = html.escape(text).replace("!", "&#33;").replace("$", "&#036;")
    return safe.replace("\r", "&#13;").replace("\xa0", "&nbsp;")


def formatted(text: str, entities: Sequence[Entity] = ()) -> str:
    """Return text with elements for its links, emoji, lines, and for entities that do not cross."""
    if not entities:
        return "".join(pieces(text))
    (start, end, tag), *rest = sorted(entities, key=lambda one: (one[0], -one[1]))
    inner = [(a - start, b - start, name) for a, b, name in rest if b <= end]
    after = [(a - end, b - end, name) for a, b, name in rest if a >= end]
    name = tag.split()[0]
    element = f"<{tag}>{formatted(text[start:end], inner)}</{name}>"
    return formatted(text[:start]) + element + formatted(text[end:], after)


def pieces(text: str) -> list[str]:
    """Return the parts of a text that has no formatting."""
    found, done = [], 0
    for match in PIECE.finditer(text):
        found += [escaped(text[done : match.start()]), element(match)]
        done = match.end()
    return [*found, escaped(text[done:])]


def element(match: re.Match[str]) -> str:
    """Return the element for a link, a hashtag, an emoji or the end of a line."""
    text = match.group()
    if match["line"]:
        return "<br/>"
    if match["url"]:
        return f'<a href="{escaped(text)}" target="_blank" rel="noopener">{escaped(text)}</a>'
    if match["tag"]:
        return f'<a href="?q={quote(text)}">{escaped(text)}</a>'
    return emoji(text)


def emoji(text: str) -> str:
    """Return an emoji as the picture and the character behind it."""
    code = text.encode().hex().upper()
    style = f"background-image:url('//telegram.org/img/emoji/40/{code}.png')"
    return f'<i class="emoji" style="{style}"><b>{text}</b></i>'


def shortened(count: int) -> str:
    """Return a count with three digits: 4.85K, 12.3K, 1.1M."""
    for unit, letter in UNITS:
        if count >= unit:
            decimals = max(0, 3 - len(str(count // unit)))
            whole, rest = divmod(count * 10**decimals // unit, 10**decimals)
            digits = f"{rest:0{decimals}d}".rstrip("0") if decimals else ""
            return f"{whole}.{digits}{letter}" if digits else f"{whole}{letter}"
    return str(count)
