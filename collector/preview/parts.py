"""Takes a post's block apart: which element of it is what, whatever it is wrapped in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from collector.preview.markup import WORDLESS, classes, href

__all__ = ["QUESTION", "Item", "Parts", "take_apart"]

NOTICE = "message_media_not_supported"
TEXT = "tgme_widget_message_text"
QUESTION = ".tgme_widget_message_poll_question"
META = "tgme_widget_message_meta"


class Item(NamedTuple):
    """One thing that is shown: its kind in the archive's words, None if unknown, and its link."""

    kind: str | None
    link: str


@dataclass(slots=True)
class Parts:
    """The elements of a block that say something; those of an answered post or a link are not.

    `noticed`: a notice says that there is more than the preview shows; `unknown`: there are words
    in an element that nobody has heard of.
    """

    texts: list[LexborNode] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    poll: LexborNode | None = None
    link_preview: LexborNode | None = None
    forward: LexborNode | None = None
    reply: LexborNode | None = None
    reactions: LexborNode | None = None
    views: LexborNode | None = None
    edited: bool = False
    noticed: bool = False
    unknown: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether nothing is shown that can be read: a notice instead, or something unheard of."""
        shown = self.texts or self.items or self.poll or self.link_preview
        return not shown or (self.unknown and not self.texts)


def take_apart(block: LexborNode) -> Parts:
    """Return the parts of a `.tgme_widget_message`."""
    parts = Parts()
    waiting = elements_in(block.css_first(".tgme_widget_message_bubble") or block)
    while waiting:
        node = waiting.pop()
        if node.tag in WORDLESS:
            continue
        role = next((ROLES[name] for name in classes(node) if name in ROLES), None)
        if role is not None:
            role(parts, node)
        else:
            parts.unknown |= bool(node.text(deep=False, strip=True))
            waiting += elements_in(node)
    return parts


def elements_in(node: LexborNode) -> list[LexborNode]:
    """Return the elements right in an element, the first one last."""
    return list(node.iter(include_text=False))[::-1]


def text(parts: Parts, node: LexborNode) -> None:
    """Take a text, unless it is that of an answered post."""
    if "js-message_reply_text" not in classes(node):
        parts.texts.append(node)


def footer(parts: Parts, node: LexborNode) -> None:
    """Take the views and the word "edited", whose time is not told."""
    parts.views = node.css_first(".tgme_widget_message_views") or parts.views
    meta = node if META in classes(node) else node.css_first(f".{META}")
    if meta is not None:
        parts.edited |= "edited" in meta.text(deep=False)


def of_kind(kind: str | None) -> Callable[[Parts, LexborNode], None]:
    """Return what takes an item of a kind."""
    return lambda parts, node: parts.items.append(Item(kind, link_of(node)))


def video(parts: Parts, node: LexborNode) -> None:
    """Take a video, or an animation: that has no button to play it and no duration.

    Of what is too big for the preview these are missing, too, and then it is not known which.
    """
    duration = node.css_first(".message_video_duration")
    plays = node.css_first(".message_video_play") is not None
    if plays or (duration is not None and duration.text(strip=True)):
        parts.items.append(Item("video", link_of(node)))
    else:
        unsure = "not_supported" in classes(node)
        parts.items.append(Item(None if unsure else "animation", link_of(node)))


def document(parts: Parts, node: LexborNode) -> None:
    """Take a file or a piece of music."""
    audio = node.css_first(".audio") is not None
    parts.items.append(Item("audio" if audio else "document", link_of(node)))


def link_of(node: LexborNode) -> str:
    """Return the link of an item, which it is or has."""
    address = href(node) or node.attributes.get("data-href")
    inner = node.css_first("a[href]")
    return address or (href(inner) if inner is not None else "")


def poll(parts: Parts, node: LexborNode) -> None:
    """Take a poll, if it asks something."""
    if node.css_first(QUESTION) is None:
        parts.unknown = True
        return
    parts.poll = node
    parts.items.append(Item("poll", ""))


def keep(name: str) -> Callable[[Parts, LexborNode], None]:
    """Return what takes the element of which there is one."""
    return lambda parts, node: setattr(parts, name, node)


def notice(parts: Parts, _node: LexborNode) -> None:
    """Note that there is more than is shown."""
    parts.noticed = True


def leave(_parts: Parts, _node: LexborNode) -> None:
    """Leave out what says nothing of the post."""


ROLES: dict[str, Callable[[Parts, LexborNode], None]] = {
    TEXT: text,
    META: footer,
    NOTICE: notice,
    "message_media_not_supported_wrap": notice,
    "tgme_widget_message_author": leave,
    "tgme_widget_message_bubble_tail": leave,
    "tgme_widget_message_contact_wrap": of_kind("contact"),
    "tgme_widget_message_document_wrap": document,
    "tgme_widget_message_footer": footer,
    "tgme_widget_message_forwarded_from": keep("forward"),
    "tgme_widget_message_from_author": leave,
    "tgme_widget_message_game": of_kind("game"),
    "tgme_widget_message_info": footer,
    "tgme_widget_message_inline_keyboard": leave,
    "tgme_widget_message_invoice": of_kind("invoice"),
    "tgme_widget_message_link_preview": keep("link_preview"),
    "tgme_widget_message_location_wrap": of_kind("location"),
    "tgme_widget_message_photo_wrap": of_kind("photo"),
    "tgme_widget_message_poll": poll,
    "tgme_widget_message_reactions": keep("reactions"),
    "tgme_widget_message_reply": keep("reply"),
    "tgme_widget_message_reply_template": leave,
    "tgme_widget_message_roundvideo_player": of_kind("video_message"),
    "tgme_widget_message_sticker": of_kind("sticker"),
    "tgme_widget_message_sticker_wrap": of_kind("sticker"),
    "tgme_widget_message_tgsticker": of_kind("sticker"),
    "tgme_widget_message_user": leave,
    "tgme_widget_message_videosticker": of_kind("sticker"),
    "tgme_widget_message_video_player": video,
    "tgme_widget_message_views": keep("views"),
    "tgme_widget_message_voice_player": of_kind("voice_message"),
}
