"""The preview's HTML as a tree that is safe to walk, and the text of its elements."""

import re
from collections import Counter
from collections.abc import Collection

from selectolax.lexbor import LexborHTMLParser, LexborNode

from collector.errors import LayoutError

__all__ = ["HISTORY", "classes", "href", "parse_html", "plain_text"]

HISTORY = "section.tgme_channel_history"  # the element that holds a channel's posts
MANY_TAGS = 20_000  # pages with fewer cannot be nested deeply enough to matter
DEEPEST = 1000
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
VOID = frozenset(
    {"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "source", "wbr"}
)
WORDLESS = frozenset({"script", "style", "template", "svg"})
QUOTE = "blockquote"


def parse_html(page: str) -> LexborHTMLParser:
    """Return the tree of a page.

    Raises LayoutError if it is nested so deeply that parsing it would take hours: the parser's
    time grows with the square of the depth.
    """
    if page.count("<") > MANY_TAGS and depth(page) > DEEPEST:
        raise LayoutError(f"its elements are nested more than {DEEPEST} deep")
    return LexborHTMLParser(page)


def depth(page: str) -> int:
    """Return how deeply elements are nested at most; a closing tag closes one of its name only."""
    opened: Counter[str] = Counter()
    level = deepest = 0
    for closing, name in TAG.findall(page):
        tag = name.lower()
        if closing and opened[tag]:
            opened[tag] -= 1
            level -= 1
        elif not closing and tag not in VOID:
            opened[tag] += 1
            level += 1
            deepest = max(deepest, level)
    return deepest


def classes(node: LexborNode) -> Collection[str]:
    """Return the classes of an element."""
    return (node.attributes.get("class") or "").split()


def href(node: LexborNode) -> str:
    """Return the address of a link, "" if it has none."""
    return node.attributes.get("href") or ""


def plain_text(element: LexborNode) -> str:
    """Return the text of an element as Telegram's API gives it, without entities.

    A `<br>` is a line break, a quotation stands on lines of its own, an emoji is the character
    behind its picture, and all other elements are their text. Nothing is stripped.
    """
    lines = Lines()
    last = element.mem_id
    node = element.child
    while node is not None:
        inner = None
        if node.is_text_node:
            lines.add(node.text_content or "")
        elif (tag := node.tag) == "br":
            lines.add("\n")
        elif tag not in WORDLESS:
            inner = node.child
            if tag == QUOTE:
                lines.end()
        node = inner if inner is not None else following(node, last, lines)
    return "".join(lines.parts)


def following(node: LexborNode, last: int, lines: "Lines") -> LexborNode | None:
    """Return the node after a node and all in it; None after the last of an element."""
    while node.next is None:
        parent = node.parent
        if parent is None or parent.mem_id == last:
            return None
        if parent.tag == QUOTE:
            lines.due = True
        node = parent
    if node.tag == QUOTE:
        lines.due = True
    return node.next


class Lines:
    """Parts of a text, with the line breaks that quotations need and that pages leave out."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.due = False

    def add(self, part: str) -> None:
        """Add a part."""
        if self.due and part and not part.startswith("\n"):
            self.parts.append("\n")
        if part:
            self.due = False
            self.parts.append(part)

    def end(self) -> None:
        """End the line, if one is begun."""
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")
        self.due = False
