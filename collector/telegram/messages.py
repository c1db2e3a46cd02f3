"""Turns Telegram's messages into posts and pages of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from telethon import types

from collector.pages import Message, Page
from collector.post import TELEGRAM, Poll, Post

__all__ = ["read_messages", "titles_of", "to_post"]

# What hangs on a message, in the words of a Telegram Desktop export.
MEDIA = {
    types.MessageMediaPhoto: "photo",
    types.MessageMediaDocument: "document",
    types.MessageMediaPoll: "poll",
    types.MessageMediaContact: "contact",
    types.MessageMediaGeo: "location",
    types.MessageMediaGeoLive: "location",
    types.MessageMediaVenue: "venue",
    types.MessageMediaGame: "game",
    types.MessageMediaInvoice: "invoice",
    types.MessageMediaDice: "dice",
    types.MessageMediaStory: "story",
    types.MessageMediaGiveaway: "giveaway",
    types.MessageMediaGiveawayResults: "giveaway",
    types.MessageMediaPaidMedia: "paid_media",
    types.MessageMediaToDo: "todo_list",
    types.MessageMediaUnsupported: "unsupported",
}


def read_messages(messages: Iterable[Any], titles: Mapping[int, str]) -> Page:
    """Return Telegram's messages as a page; `titles` are those of channels by id, for forwards."""
    return Page([read(one, titles) for one in sorted(messages, key=lambda one: one.id)])


def read(message: Any, titles: Mapping[int, str]) -> Message:  # noqa: ANN401 (Telethon is not typed)
    """Return one message of Telegram's as what it is; an empty one may not be read."""
    if isinstance(message, types.Message):
        return Message(message.id, message.date, to_post(message, titles))
    if isinstance(message, types.MessageService):
        return Message(message.id, message.date, service=True)
    return Message(message.id)


def titles_of(chats: Iterable[Any]) -> dict[int, str]:
    """Return the titles of channels by id."""
    return {chat.id: chat.title for chat in chats if isinstance(chat, types.Channel)}


def to_post(message: types.Message, titles: Mapping[int, str]) -> Post:
    """Return a message as a post.

    What Telegram leaves out because there is none of it is said to be none: no reactions are {}.
    """
    return Post(
        message_id=message.id,
        date=message.date,
        text=message.message or "",
        edit_date=message.edit_date,
        poll=poll_of(message.media),
        media=media_of(message.media),
        views=message.views,
        forwards=message.forwards,
        replies=message.replies.replies if message.replies else None,
        reactions=reactions_of(message.reactions),
        grouped_id=message.grouped_id,
        reply_to=reply_of(message.reply_to),
        web_page_title=web_page_title_of(message.media),
        source=TELEGRAM,
        **forward_of(message.fwd_from, titles),
    )


def poll_of(media: object) -> Poll | None:
    """Return the words of a poll."""
    if not isinstance(media, types.MessageMediaPoll):
        return None
    poll = media.poll
    return {
        "question": poll.question.text,
        "options": [answer.text.text for answer in poll.answers],
    }


def media_of(media: object) -> str | None:
    """Return the kind of what hangs on a message; a web page's preview is none."""
    if isinstance(media, types.MessageMediaDocument):
        return document_kind(media.document)
    if media is None or isinstance(media, (types.MessageMediaEmpty, types.MessageMediaWebPage)):
        return None
    return MEDIA.get(type(media), "unsupported")


def document_kind(document: object) -> str:
    """Return what kind of file a document is."""
    attributes = getattr(document, "attributes", ())
    kinds = {type(attribute): attribute for attribute in attributes}
    if types.DocumentAttributeSticker in kinds:
        return "sticker"
    if types.DocumentAttributeAnimated in kinds:
        return "animation"
    if video := kinds.get(types.DocumentAttributeVideo):
        return "video_message" if video.round_message else "video"
    if audio := kinds.get(types.DocumentAttributeAudio):
        return "voice_message" if audio.voice else "audio"
    return "document"


def reactions_of(reactions: types.MessageReactions | None) -> dict[str, int]:
    """Return the reactions, counted."""
    results = reactions.results if reactions else ()
    return {reaction_name(result.reaction): result.count for result in results}


def reaction_name(reaction: object) -> str:
    """Return how a reaction is called in the archive."""
    if isinstance(reaction, types.ReactionCustomEmoji):
        return f"custom:{reaction.document_id}"
    if isinstance(reaction, types.ReactionPaid):
        return "paid"
    return str(getattr(reaction, "emoticon", "unknown"))


def reply_of(header: object) -> int | None:
    """Return the post of the same channel that a post answers."""
    if not isinstance(header, types.MessageReplyHeader) or header.reply_to_peer_id:
        return None
    return int(header.reply_to_msg_id) if header.reply_to_msg_id else None


def web_page_title_of(media: object) -> str | None:
    """Return the title of the page that a message links to, as its preview shows it."""
    page = getattr(media, "webpage", None)
    return page.title if isinstance(page, types.WebPage) else None


def forward_of(header: types.MessageFwdHeader | None, titles: Mapping[int, str]) -> dict[str, Any]:
    """Return where a forwarded post comes from, as fields of `Post`."""
    if header is None:
        return {}
    channel = channel_id_of(header.from_id)
    return {
        "forward_channel_id": channel,
        "forward_message_id": header.channel_post,
        "forward_name": header.from_name or titles.get(channel or 0) or header.post_author,
    }


def channel_id_of(peer: object) -> int | None:
    """Return the bare id of a channel's peer; None if it is something else."""
    return peer.channel_id if isinstance(peer, types.PeerChannel) else None
