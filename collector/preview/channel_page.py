"""Reads a page of a channel: who it is, and some twenty posts."""

from dataclasses import dataclass
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser, LexborNode

from collector.errors import LayoutError
from collector.pages import Message, Page
from collector.post import Channel, content
from collector.preview.blocks import Block, read_block
from collector.preview.counts import parse_count
from collector.preview.markup import HISTORY, parse_html, plain_text

__all__ = ["ChannelPage", "read_channel_page"]

BLOCK = ".tgme_widget_message_wrap"
NOT_MESSAGES = ".tme_no_messages_found, .tme_messages_more"
FEW = 2  # posts of a kind that nobody has heard of; as many and no other post: another layout
DAMAGE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class ChannelPage:
    """A channel as its preview shows it, and a page of its messages."""

    channel: Channel
    page: Page


def read_channel_page(body: bytes, username: str) -> ChannelPage:
    """Return what the page t.me/s/USERNAME says; `username` in any case.

    Raises LayoutError if anything about it is not as it should be: another channel's posts, ids
    out of order or twice, a post without a date, broken encoding, an unknown layout.
    """
    text = body.decode(errors="replace")
    tree = parse_html(text)
    history = tree.css_first(HISTORY)
    if history is None:
        raise LayoutError("the page is no channel's preview")
    blocks = [read_block(node) for node in message_nodes(history)]
    check_understood(blocks)
    messages = [message for block in blocks for message in block.messages]
    check_order(messages)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        check_whole(messages, error)
    return ChannelPage(channel_of(tree, blocks, username), Page(messages))


def message_nodes(history: LexborNode) -> list[LexborNode]:
    """Return the elements of messages; around each is a wrapper, and some wrap no message."""
    found = []
    for wrapper in history.css(BLOCK):
        node = wrapper.css_first(".tgme_widget_message[data-post]")
        if node is not None:
            found.append(node)
        elif wrapper.css_first(NOT_MESSAGES) is None:
            raise LayoutError("a block without a message")
    if not found and history.text(strip=True) and history.css_first(NOT_MESSAGES) is None:
        raise LayoutError("there are no blocks of messages")
    return found


def check_understood(blocks: list[Block]) -> None:
    """Raise LayoutError if there are posts and none of them can be read."""
    posts = [block for block in blocks if not block.messages[0].service]
    strange = sum(not block.understood for block in posts)
    if strange >= FEW and strange == len(posts):
        raise LayoutError("no post has a text or anything else that is known")


def check_order(messages: list[Message]) -> None:
    """Raise LayoutError unless the ids of messages ascend."""
    ids = [message.id for message in messages]
    for one, other in pairwise(ids):
        if one >= other:
            raise LayoutError(f"post {other} comes after post {one}")


def check_whole(messages: list[Message], error: UnicodeDecodeError) -> None:
    """Raise LayoutError if the damage of a page that is not UTF-8 is in a post."""
    for message in messages:
        if message.post and DAMAGE in content(message.post.text, message.post.poll):
            reason = f"post {message.id} is damaged: it is not UTF-8"
            raise LayoutError(reason) from error


def channel_of(tree: LexborHTMLParser, blocks: list[Block], username: str) -> Channel:
    """Return the channel that a page shows.

    Raises LayoutError if its posts are of several channels, or of another one.
    """
    names = {block.name.lower() for block in blocks} - {username.lower()}
    if names:
        raise LayoutError(f"it shows posts of @{min(names)}")
    ids = {block.channel_id for block in blocks} - {None}
    if len(ids) > 1:
        raise LayoutError("its posts are of several channels")
    shown = blocks[0].name if blocks else username
    return Channel(
        telegram_id=ids.pop() if ids else None,
        username=shown,
        title=text_at(tree, ".tgme_channel_info_header_title"),
        participants=subscribers(tree),
        description=text_at(tree, ".tgme_channel_info_description"),
    )


def text_at(tree: LexborHTMLParser, selector: str) -> str | None:
    """Return the text of an element, None if there is none."""
    node = tree.css_first(selector)
    return (plain_text(node) or None) if node is not None else None


def subscribers(tree: LexborHTMLParser) -> int | None:
    """Return how many subscribe to the channel, None if the page rounds the number."""
    for counter in tree.css(".tgme_channel_info_counter"):
        kind, value = counter.css_first(".counter_type"), counter.css_first(".counter_value")
        if kind is not None and value is not None and "subscriber" in kind.text():
            count = parse_count(value.text())
            return count.number if count and not count.rounded else None
    return None
