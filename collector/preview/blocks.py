"""Turns one block of a page, a post or an album or a service message, into messages."""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from selectolax.lexbor import LexborNode

from collector.albums import LONGEST
from collector.errors import LayoutError
from collector.pages import Message
from collector.post import PREVIEW, Poll, Post
from collector.preview.counts import parse_count
from collector.preview.markup import classes, href, plain_text
from collector.preview.parts import QUESTION, Item, Parts, take_apart

__all__ = ["Block", "read_block"]

DATA_POST = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{2,31})/(?P<id>[0-9]{1,10})")
LINK = re.compile(
    r"https?://(?:www\.)?(?:t|telegram)\.me/(?:s/)?(?P<name>[A-Za-z0-9_]+)/(?P<id>[0-9]{1,10})"
    r"(?P<query>\?[^#]*)?(?:#.*)?"
)
EMOJI_ID = re.compile(r"[0-9]{1,20}")
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """A block: whose it is, by username and, if said, by bare id, and the messages in it.

    It is not `understood` if a post shows nothing that can be read, without a notice that says so.
    """

    name: str
    channel_id: int | None
    messages: list[Message] = field(default_factory=list)
    understood: bool = True


def read_block(node: LexborNode) -> Block:
    """Return what a `.tgme_widget_message` says.

    Raises LayoutError if it says no id or no date.
    """
    match = DATA_POST.fullmatch(node.attributes.get("data-post") or "")
    if match is None or not 0 < int(match["id"]) <= LARGEST_ID:
        raise LayoutError("a post without an id")
    number, name = int(match["id"]), match["name"]
    channel_id = channel_of(node.attributes.get("data-view") or "")
    date = date_of(node)
    if "service_message" in classes(node):
        return Block(name, channel_id, [Message(number, date, service=True)])
    if date is None:
        raise LayoutError(f"post {number} has no date")
    parts = take_apart(node)
    if parts.is_hidden:
        return Block(name, channel_id, [Message(number, date)], understood=parts.noticed)
    posts = members(to_post(number, date, parts, name), parts, name)
    return Block(name, channel_id, [Message(post.message_id, date, post) for post in posts])


def channel_of(view: str) -> int | None:
    """Return the bare id of the channel in `data-view`, by which t.me counts views.

    It is JSON in URL-safe base64: {"c": -CHANNEL, "p": POST, ...}; "p" ends with g for an album.
    """
    try:
        data = json.loads(base64.urlsafe_b64decode(view + "=" * (-len(view) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    channel = data.get("c") if isinstance(data, dict) else None
    return -channel if isinstance(channel, int) and -(2**52) < channel < 0 else None


def date_of(node: LexborNode) -> datetime | None:
    """Return when a message was published; a video holds another `<time>`."""
    found = node.css_first(".tgme_widget_message_date time[datetime]")
    if found is None and "service_message" in classes(node):
        found = node.css_first("time[datetime]")
    try:
        date = datetime.fromisoformat((found and found.attributes.get("datetime")) or "")
        return date.astimezone(UTC) if date.tzinfo else None
    except (ValueError, OverflowError):
        return None


def to_post(number: int, date: datetime, parts: Parts, name: str) -> Post:
    """Return the parts of a block as one post; what the preview does not show stays empty.

    Reactions it shows, so that no reactions are said to be none: {}.
    """
    views = parse_count(plain_text(parts.views)) if parts.views else None
    reactions, rounded = reactions_of(parts.reactions)
    return Post(
        message_id=number,
        date=date,
        text="\n".join(text for text in map(text_of, parts.texts) if text),
        poll=poll_of(parts.poll) if parts.poll else None,
        media=parts.items[0].kind if parts.items else None,
        views=views.number if views else None,
        views_rounded=bool(views and views.rounded),
        reactions=reactions,
        reactions_rounded=rounded,
        reply_to=reply_of(parts.reply, name),
        web_page_title=title_of(parts.link_preview),
        edited=parts.edited,
        source=PREVIEW,
        **forward_of(parts.forward),
    )


def text_of(element: LexborNode) -> str:
    """Return a post's text; a long one is in two elements of the same class, one in the other."""
    inner = [
        child
        for child in element.iter(include_text=False)
        if "tgme_widget_message_text" in classes(child)
    ]
    return plain_text(inner[0] if len(inner) == 1 else element)


def poll_of(element: LexborNode) -> Poll:
    """Return the words of a poll."""
    question = element.css_first(QUESTION)
    options = element.css(".tgme_widget_message_poll_option_text")
    return {
        "question": plain_text(question) if question is not None else "",
        "options": [plain_text(one) for one in options],
    }


def reactions_of(element: LexborNode | None) -> tuple[dict[str, int] | None, bool]:
    """Return the reactions, counted, and whether a count is rounded; None if one has no count.

    A count is the bare text after the emoji; a custom emoji has its id only, a paid reaction a
    class.
    """
    found: dict[str, int] = {}
    rounded = False
    for one in element.css(".tgme_reaction") if element else ():
        count = parse_count(one.text(deep=False))
        if count is None:
            return None, False
        name = reaction_name(one)
        found[name] = found.get(name, 0) + count.number
        rounded |= count.rounded
    return found, rounded


def reaction_name(element: LexborNode) -> str:
    """Return how a reaction is called in the archive."""
    if "tgme_reaction_paid" in classes(element):
        return "paid"
    custom = element.css_first("tg-emoji[emoji-id]")
    if custom is not None and EMOJI_ID.fullmatch(custom.attributes["emoji-id"] or ""):
        return f"custom:{custom.attributes['emoji-id']}"
    emoji = element.css_first("b")
    return (plain_text(emoji) if emoji is not None else "") or "unknown"


def reply_of(element: LexborNode | None, name: str) -> int | None:
    """Return the post of the same channel that a post answers."""
    match = LINK.fullmatch(href(element)) if element is not None else None
    if match is None or match["name"].lower() != name.lower():
        return None
    return id_of(match)


def id_of(match: re.Match[str]) -> int | None:
    """Return the message id in a link, None if it can be none."""
    number = int(match["id"])
    return number if 0 < number <= LARGEST_ID else None


def title_of(element: LexborNode | None) -> str | None:
    """Return the title of the page that a post links to."""
    title = element.css_first(".link_preview_title") if element is not None else None
    return (plain_text(title) or None) if title is not None else None


def forward_of(element: LexborNode | None) -> dict[str, Any]:
    """Return where a forwarded post comes from, as fields of `Post`; a hidden author has no link.

    The preview names the channel and not its id.
    """
    named = element.css_first(".tgme_widget_message_forwarded_from_name") if element else None
    if named is None:
        return {}
    match = LINK.fullmatch(href(named))
    return {
        "forward_name": plain_text(named).strip() or None,
        "forward_message_id": id_of(match) if match else None,
    }


def members(post: Post, parts: Parts, name: str) -> list[Post]:
    """Return a post, or the posts of an album: one for each message that its media link to.

    The preview shows an album as one block under its first id, with one caption, which is given
    to the first message, and one count of views and of reactions, which are too.
    """
    items = [(member_id(item, name), item) for item in parts.items]
    single = [(number, item) for number, item in items if number is not None]
    if len(single) < 2:  # noqa: PLR2004 (an album has two members)
        return [post]
    ids = [number for number, _ in single]
    first = post.message_id
    if ids[0] != first or ids != sorted(set(ids)) or ids[-1] > first + LONGEST:
        raise LayoutError(f"album {first} has members with ids that cannot be: {ids}")
    head = replace(post, media=single[0][1].kind, grouped_id=-first)
    rest = [
        Post(
            message_id=number,
            date=post.date,
            media=item.kind,
            grouped_id=-first,
            forward_name=post.forward_name,
            source=PREVIEW,
        )
        for number, item in single[1:]
    ]
    return [head, *rest]


def member_id(item: Item, name: str) -> int | None:
    """Return the message id that a part of an album links to, as NAME/ID?single."""
    match = LINK.fullmatch(item.link)
    if match is None or match["name"].lower() != name.lower():
        return None
    return id_of(match) if "single" in (match["query"] or "") else None
