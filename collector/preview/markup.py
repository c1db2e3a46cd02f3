"""The preview's HTML as a tree that is safe to walk, and the text of its elements."""

import re
from collections.abc import Collection

from selectolax.lexbor import LexborHTMLParser, LexborNode

from collector.errors import LayoutError

__all__ = ["HISTORY", "classes", "href", "parse_html", "plain_text"]

HISTORY = "section.tgme_channel_history"  # the element that holds a channel's posts
DEEPEST = 1000
MOST_COPIES = 2_000_000  # elements that a parser may add to a page
TAG = re.compile(r"<(?!br\b)(/?[A-Za-z][A-Za-z0-9-]*)")  # line breaks are many, and hold nothing
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
WORDLESS = frozenset({"script", "style", "template", "svg"})
QUOTE = "blockquote"


def parse_html(page: str) -> LexborHTMLParser:
    """Return the tree of a page.

    Raises LayoutError if parsing it would take hours or all memory: the parser's time grows with
    the square of the depth, and formatting that is left open is copied into each later element.
    """
    tags = page.count("<")
    if tags > DEEPEST:
        deepest, formatting = depth(page)
        if deepest > DEEPEST:
            raise LayoutError(f"its elements are nested more than {DEEPEST} deep")
        if formatting * tags > MOST_COPIES:
            raise LayoutError("it leaves too much formatting open")
    return LexborHTMLParser(page)


def depth(page: str) -> tuple[int, int]:
    """Return how many elements are open at most, and how many of them only format a text.

    A closing tag closes one element of its name only.
    """
    opened: dict[str, int] = {}
    level = deepest = formatting = most = 0
    for token in TAG.findall(page):
        tag = token.lower().removeprefix("/")
        before, step = opened.get(tag, 0), -1 if token[0] == "/" else 1
        if tag in VOID or before + step < 0:
            continue
        opened[tag] = before + step
        level += step
        deepest = max(deepest, level)
        if tag in FORMATTING:
            formatting += step
            most = max(most, formatting)
    return deepest, most


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
