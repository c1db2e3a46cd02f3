"""Whole pages: a channel's posts with links to more, and the page that t.me/NAME shows."""

from collections.abc import Sequence

from tests.telegram_server import Post, ServedChannel, User, World

from .blocks import block
from .texts import escaped, formatted, shortened

__all__ = ["Window", "landing", "preview"]

PAGE = 20
NOTHING = (
    '<div class="tgme_widget_message_wrap"><div class="tgme_widget_message_centered">'
    '<div class="tme_no_messages_found">No posts found</div></div></div>'
)
Window = tuple[str, int] | None  # ("before" or "after", message id)


def preview(world: World, channel: ServedChannel, window: Window) -> str:
    """Return the page t.me/s/NAME, with ?before= or ?after= a message id."""
    posts = shown(channel, window)
    blocks = "".join(block(world, channel, group) for group in grouped(posts))
    if not posts:
        blocks = NOTHING
    history = more(channel, "before", posts) + blocks + more(channel, "after", posts)
    return document(
        channel.title,
        f'<main class="tgme_main" data-url="/{channel.username}"><div class="tgme_container">'
        f'<section class="tgme_channel_history js-message_history">{history}</section></div></main>'
        f"{info(channel)}",
    )


def shown(channel: ServedChannel, window: Window) -> list[Post]:
    """Return some twenty posts; an album is never cut."""
    ids = channel.ids
    size = channel.short_pages or PAGE
    if window is None:
        start, stop = max(len(ids) - size, 0), len(ids)
    elif window[0] == "before":
        stop = channel.older_than(window[1])
        start = max(stop - size, 0)
    else:
        start = channel.older_than(window[1] + 1)
        stop = min(start + size, len(ids))
    while 0 < start < stop and same_album(channel, ids[start - 1], ids[start]):
        start -= 1
    while 0 < stop < len(ids) and same_album(channel, ids[stop - 1], ids[stop]):
        stop += 1
    return [channel.messages[one] for one in ids[start:stop]]


def same_album(channel: ServedChannel, one: int, other: int) -> bool:
    """Tell whether two messages are of one album."""
    mine, its = (channel.messages[number].grouped_id for number in (one, other))
    return mine is not None and mine == its


def grouped(posts: Sequence[Post]) -> list[list[Post]]:
    """Return the posts with those of an album together."""
    groups: list[list[Post]] = []
    for post in posts:
        together = groups and post.grouped_id and groups[-1][0].grouped_id == post.grouped_id
        if together:
            groups[-1].append(post)
        else:
            groups.append([post])
    return groups


def more(channel: ServedChannel, side: str, posts: Sequence[Post]) -> str:
    """Return the link to the posts before or after those shown, if there are any."""
    if not posts:
        return ""
    edge = posts[0].id if side == "before" else posts[-1].id
    end = channel.ids[0] if side == "before" else channel.ids[-1]
    if edge == end:
        return ""
    return (
        '<div class="tgme_widget_message_centered js-messages_more_wrap">'
        f'<a href="/s/{channel.username}?{side}={edge}" class="tme_messages_more js-messages_more" '
        f'data-{side}="{edge}"></a></div>'
    )


def info(channel: ServedChannel) -> str:
    """Return the box about the channel, with its counters shortened."""
    counters = [("subscribers", channel.participants), ("photos", 12)]
    shown = "".join(
        f'<div class="tgme_channel_info_counter"><span class="counter_value">{shortened(value)}'
        f'</span> <span class="counter_type">{kind}</span></div>'
        for kind, value in counters
        if value is not None
    )
    about = (
        f'<div class="tgme_channel_info_description">{formatted(channel.about)}</div>'
        if channel.about
        else ""
    )
    return (
        '<div class="tgme_channel_info"><div class="tgme_channel_info_header">'
        f'<div class="tgme_channel_info_header_title"><span dir="auto">{formatted(channel.title)}'
        '</span></div><div class="tgme_channel_info_header_username">'
        f'<a href="https://t.me/{channel.username}">@{channel.username}</a></div></div>'
        f'<div class="tgme_channel_info_counters">{shown}</div>{about}</div>'
    )


def landing(name: str, found: ServedChannel | User | None) -> str:
    """Return the page t.me/NAME, which is there for names that nobody has, too."""
    if found is None:
        extra = (
            '<div class="tgme_page_icon"><i class="tgme_icon_user"></i></div>'
            f'<div class="tgme_page_description">If you have <strong>Telegram</strong>, you can '
            f'contact <a class="tgme_username_link">@{escaped(name)}</a> right away.</div>'
        )
        return document("Telegram", f'<div class="tgme_page">{extra}{action("Send Message")}</div>')
    if isinstance(found, User):
        bot = found.username.lower().endswith("bot")
        title, word = found.name, "Start Bot" if bot else "Send Message"
        about = "1 234 monthly users" if bot else f"@{found.username}"
    elif found.broadcast:
        title, about, word = found.title, f"{found.participants:,} subscribers", "View in Telegram"
    else:
        title, about, word = found.title, "2 410 members, 37 online", "View in Telegram"
    body = (
        f'<div class="tgme_page_title" dir="auto"><span dir="auto">{formatted(title)}</span></div>'
        f'<div class="tgme_page_extra">{about.replace(",", " ", 1)}</div>{action(word)}'
    )
    return document(title, f'<div class="tgme_page">{body}</div>')


def action(word: str) -> str:
    """Return the button of a page."""
    return f'<div class="tgme_page_action"><a class="tgme_action_button_new">{word}</a></div>'


def document(title: str, body: str) -> str:
    """Return a document of HTML."""
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f"<title>{escaped(title)} – Telegram</title></head><body>{body}"
        '<script src="//telegram.org/js/telegram-web.js?14"></script><script>TWeb.init();</script>'
        "</body></html>"
    )
