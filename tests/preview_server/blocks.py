"""The blocks of a page: one for each post, album or service message."""

import base64
import json
from collections.abc import Sequence

from tests.telegram_server import Post, ServedChannel, World

from .texts import emoji, escaped, formatted, shortened

__all__ = ["block"]

PLEASE_OPEN = "Please open Telegram to view this post"
TAIL = '<i class="tgme_widget_message_bubble_tail"><svg class="bubble_icon" width="9px"></svg></i>'
PLAYER = "tgme_widget_message_video_player js-message_video_player"
STICKER = "https://cdn.example/s.webp"


def block(world: World, channel: ServedChannel, posts: Sequence[Post]) -> str:
    """Return the block of a post, or of an album's posts."""
    first = posts[0]
    name = channel.username
    kind = " service_message" if first.service else ""
    inner = service_content(channel) if first.service else content(world, channel, posts)
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message text_not_supported_wrap{kind} js-widget_message" '
        f'data-post="{name}/{first.id}" data-view="{view(channel, posts)}">'
        f'<div class="tgme_widget_message_user"><a href="https://t.me/{name}">'
        '<i class="tgme_widget_message_user_photo bgcolor0" data-content="T"></i></a></div>'
        f'<div class="tgme_widget_message_bubble">{TAIL}{inner}{footer(channel, posts)}</div>'
        "</div></div>"
    )


def view(channel: ServedChannel, posts: Sequence[Post]) -> str:
    """Return what t.me counts views by: the channel's id and the post's, "g" for a group."""
    number = f"{posts[0].id}g" if len(posts) > 1 else posts[0].id
    data = {"c": -channel.id, "p": number, "t": 1700000000, "h": "0123456789abcdef01"}
    text = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def service_content(channel: ServedChannel) -> str:
    """Return what a service message says."""
    text = f"Channel name was changed to «{escaped(channel.title)}»"
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>'


def content(world: World, channel: ServedChannel, posts: Sequence[Post]) -> str:
    """Return what is between the head and the foot of a block."""
    first = posts[0]
    head = (
        '<div class="tgme_widget_message_author accent_color">'
        f'<a class="tgme_widget_message_owner_name" href="https://t.me/{channel.username}">'
        f'<span dir="auto">{formatted(channel.title)}</span></a></div>'
    )
    if first.restricted:
        return head + unsupported(channel, first)
    parts = (
        forwarded(world, first),
        reply(world, channel, first),
        album(channel, posts) if len(posts) > 1 else media(channel, first),
        "".join(text(post) for post in posts),
        web_page(first),
        reactions(first),
    )
    return head + "".join(parts)


def unsupported(channel: ServedChannel, post: Post) -> str:
    """Return what stands for a post that the preview does not show."""
    return (
        '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
        f'<div class="message_media_not_supported_label">{PLEASE_OPEN}</div>'
        f'<a href="https://t.me/{channel.username}/{post.id}" '
        'class="message_media_view_in_telegram">VIEW IN TELEGRAM</a></div></div>'
    )


def text(post: Post) -> str:
    """Return a text; a long one is wrapped twice, as t.me does."""
    if not post.text:
        return ""
    inner = formatted(post.text, post.entities)
    one = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{inner}</div>'
    if len(post.text) < 1000:
        return one
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{one}</div>'


def forwarded(world: World, post: Post) -> str:
    """Return where a post was forwarded from: a link, or a mere name if that is hidden."""
    if post.forward_from is None:
        return ""
    channel_id, message_id, name = post.forward_from
    origin = world.channels.get(channel_id or 0)
    kind = "tgme_widget_message_forwarded_from_name"
    if origin is None:
        shown = f'<span class="{kind}" dir="auto">{formatted(name or "")}</span>'
    else:
        link = f"https://t.me/{origin.username}/{message_id}"
        title = formatted(origin.title)
        shown = f'<a class="{kind}" href="{link}"><span dir="auto">{title}</span></a>'
    return (
        '<div class="tgme_widget_message_forwarded_from accent_color">'
        f"Forwarded from&nbsp;{shown}</div>"
    )


def reply(world: World, channel: ServedChannel, post: Post) -> str:
    """Return the post that is answered, with its words under the class of this post's own."""
    if post.reply_to is None:
        return ""
    other = world.channels.get(post.reply_to_channel or channel.id)
    answered = other.messages.get(post.reply_to) if other else None
    name = other.username if other else "elsewhere_one"
    words = formatted(answered.text if answered else "Deleted message")
    return (
        '<a class="tgme_widget_message_reply user-color-6" '
        f'href="https://t.me/{name}/{post.reply_to}">'
        '<div class="tgme_widget_message_author accent_color">'
        f'<span class="tgme_widget_message_author_name" dir="auto">{escaped(name or "")}</span>'
        '</div><div class="tgme_widget_message_text js-message_reply_text" dir="auto">'
        f"{words}</div></a>"
    )


def album(channel: ServedChannel, posts: Sequence[Post]) -> str:
    """Return the media of an album, each with a link to its own message."""
    inner = "".join(media(channel, post, single="?single") for post in posts)
    return (
        '<div class="tgme_widget_message_grouped_wrap js-message_grouped_wrap" data-margin-w="2">'
        '<div class="tgme_widget_message_grouped js-message_grouped">'
        f'<div class="tgme_widget_message_grouped_layer js-message_grouped_layer">{inner}</div>'
        "</div></div>"
    )


def media(channel: ServedChannel, post: Post, single: str = "") -> str:
    """Return what a post shows besides its text."""
    link = f"https://t.me/{channel.username}/{post.id}{single}"
    if post.poll:
        return poll(link, *post.poll)
    kind = post.kind or next((k for k in ("photo", "video", "document") if getattr(post, k)), "")
    return {
        "": "",
        "photo": f'<a class="tgme_widget_message_photo_wrap 5109 1189" href="{link}" '
        "style=\"width:800px;background-image:url('https://cdn.example/p.jpg')\">"
        '<div class="tgme_widget_message_photo" style="padding-top:75%"></div></a>',
        "video": f'<a class="{PLAYER}" href="{link}">{thumb()}'
        '<div class="tgme_widget_message_video_wrap" style="width:100%"><video '
        'src="https://cdn.example/v.mp4" class="tgme_widget_message_video js-message_video">'
        '</video></div><div class="message_video_play js-message_video_play"></div>'
        '<time class="message_video_duration" datetime="PT12S">0:12</time></a>',
        "animation": f'<a class="{PLAYER}" href="{link}">{thumb()}'
        '<div class="tgme_widget_message_video_wrap"><video src="https://cdn.example/g.mp4" '
        'class="tgme_widget_message_video js-message_video" autoplay loop></video></div></a>',
        "video_message": '<div class="tgme_widget_message_roundvideo_player js-message_roundvideo'
        f'_player" data-href="{link}"><video class="tgme_widget_message_roundvideo '
        'js-message_roundvideo" src="https://cdn.example/r.mp4"></video></div>',
        "voice_message": f'<a class="tgme_widget_message_voice_player" href="{link}">'
        '<audio class="tgme_widget_message_voice js-message_voice" src="https://cdn.example/o.ogg">'
        '</audio><time class="tgme_widget_message_voice_duration">0:03</time></a>',
        "document": document(link, "report.pdf", ""),
        "audio": document(link, "song.mp3", " audio"),
        "sticker": '<div class="tgme_widget_message_sticker_wrap media_supported_cont">'
        f'<a href="{link}"><i class="tgme_widget_message_sticker js-sticker_image" '
        f'style="background-image:url(\'{STICKER}\')" data-webp="{STICKER}"></i></a></div>',
        "location": f'<a class="tgme_widget_message_location_wrap" href="{link}">'
        '<div class="tgme_widget_message_location" style="padding-top:50%"></div></a>',
        "contact": f'<a class="tgme_widget_message_contact_wrap" href="{link}">'
        '<div class="tgme_widget_message_contact"><div class="tgme_widget_message_contact_name">'
        "A B</div></div></a>",
    }[kind]


def thumb() -> str:
    """Return the picture in front of a video."""
    style = "background-image:url('https://cdn.example/t.jpg')"
    return f'<i class="tgme_widget_message_video_thumb" style="{style}"></i>'


def document(link: str, title: str, kind: str) -> str:
    """Return a file."""
    return (
        f'<a class="tgme_widget_message_document_wrap" href="{link}">'
        f'<div class="tgme_widget_message_document_icon accent_bg{kind}"></div>'
        '<div class="tgme_widget_message_document">'
        f'<div class="tgme_widget_message_document_title accent_color" dir="auto">{title}</div>'
        '<div class="tgme_widget_message_document_extra" dir="auto">2.3 MB</div></div></a>'
    )


def poll(link: str, question: str, options: Sequence[str]) -> str:
    """Return a poll: shares in percent, and not how many have voted."""
    shown = "".join(
        '<div class="tgme_widget_message_poll_option">'
        '<div class="tgme_widget_message_poll_option_percent">0%</div>'
        '<div class="tgme_widget_message_poll_option_value">'
        f'<div class="tgme_widget_message_poll_option_text">{formatted(option)}</div>'
        '<div class="tgme_widget_message_poll_option_bar accent_bg" style="width:0%"></div>'
        "</div></div>"
        for option in options
    )
    return (
        '<div class="tgme_widget_message_poll js-poll">'
        f'<div class="tgme_widget_message_poll_question">{formatted(question)}</div>'
        '<div class="tgme_widget_message_poll_type">Anonymous Poll</div>'
        f'<a class="tgme_widget_message_poll_options" href="{link}">{shown}</a></div>'
    )


def web_page(post: Post) -> str:
    """Return the preview of a page that a post links to, which may have a video of its own."""
    if post.web_page is None:
        return ""
    url, title = post.web_page
    return (
        f'<a class="tgme_widget_message_link_preview" href="{escaped(url)}">'
        f'<div class="tgme_widget_message_video_player">{thumb()}'
        '<time class="message_video_duration" datetime="PT1M">1:00</time></div>'
        '<div class="link_preview_site_name accent_color" dir="auto">Site</div>'
        f'<div class="link_preview_title" dir="auto">{formatted(title)}</div>'
        '<div class="link_preview_description" dir="auto">Words of the page</div></a>'
    )


def reactions(post: Post) -> str:
    """Return the reactions with their shortened counts, if there are any."""
    if not post.reactions:
        return ""
    shown = "".join(reaction(name, shortened(n)) for name, n in post.reactions.items())
    return f'<div class="tgme_widget_message_reactions js-message_reactions">{shown}</div>'


def reaction(name: str, count: str) -> str:
    """Return one reaction; its count is bare text."""
    if name == "paid":
        icon = '<i class="icon icon-telegram-stars"></i>'
        return f'<span class="tgme_reaction tgme_reaction_paid">{icon}{count}</span>'
    kind, _, document_id = name.partition(":")
    if kind == "custom":
        custom = f'<tg-emoji emoji-id="{document_id}"></tg-emoji>'
        return f'<span class="tgme_reaction">{custom}{count}</span>'
    return f'<span class="tgme_reaction">{emoji(name)}{count}</span>'


def footer(channel: ServedChannel, posts: Sequence[Post]) -> str:
    """Return views, date and the word "edited"."""
    first = posts[0]
    views = (
        ""
        if first.views is None
        else (
            f'<span class="tgme_widget_message_views">{shortened(first.views)}</span>'
            '<span class="copyonly"> views</span>'
        )
    )
    edited = any(post.edit_date and not post.edit_hide for post in posts)
    date = f'<time datetime="{first.date.isoformat()}" class="time">{first.date:%H:%M}</time>'
    return (
        '<div class="tgme_widget_message_footer compact js-message_footer">'
        f'<div class="tgme_widget_message_info short js-message_info">{views}'
        f'<span class="tgme_widget_message_meta">{"edited &nbsp;" if edited else ""}'
        f'<a class="tgme_widget_message_date" href="https://t.me/{channel.username}/{first.id}">'
        f"{date}</a></span></div></div>"
    )
