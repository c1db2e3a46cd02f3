"""Messages of the served world as Telegram's objects, and as bytes kept for the next reader."""

from collections.abc import Iterable

from telethon.tl import types

from .channel import ServedChannel
from .posts import Post

__all__ = ["MessageBytes", "message_object"]

RESTRICTED = "This message cannot be displayed: it violates local laws."


class MessageBytes:
    """Serialises each message once; a changed one is another object and is serialised anew."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[int, tuple[Post, bytes]]] = {}

    def of(self, channel: ServedChannel, posts: Iterable[Post]) -> list[bytes]:
        """Return the bytes of each message."""
        kept = self._kept.setdefault(channel.id, {})
        answer = []
        for post in posts:
            entry = kept.get(post.id)
            if entry is None or entry[0] is not post:
                entry = kept[post.id] = (post, bytes(message_object(channel, post)))
            answer.append(entry[1])
        return answer


def message_object(channel: ServedChannel, post: Post) -> types.Message | types.MessageService:
    """Return the message as Telegram's object."""
    peer = types.PeerChannel(channel.id)
    sender = None if channel.broadcast else peer  # an anonymous administrator of the group
    if post.service:
        action = types.MessageActionChatEditTitle(channel.title)
        return types.MessageService(
            id=post.id, peer_id=peer, date=post.date, action=action, post=channel.broadcast
        )
    return types.Message(
        id=post.id,
        peer_id=peer,
        from_id=sender,
        post=channel.broadcast,
        date=post.date,
        message=post.text,
        edit_date=post.edit_date,
        edit_hide=post.edit_hide,
        views=post.views,
        forwards=post.forwards,
        grouped_id=post.grouped_id,
        replies=None if post.replies is None else types.MessageReplies(post.replies, 0),
        reactions=reactions(post.reactions),
        fwd_from=forward(post),
        reply_to=reply(post),
        media=media(post),
        restriction_reason=restriction(post),
    )


def reactions(counts: dict[str, int] | None) -> types.MessageReactions | None:
    """Return the counts as an object; Telegram leaves it out where there are none."""
    if not counts:
        return None
    return types.MessageReactions(
        [types.ReactionCount(reaction(name), count) for name, count in counts.items()]
    )


def reaction(name: str) -> types.TypeReaction:
    """Return the reaction that tests write as an emoji, "custom:ID" or "paid"."""
    if name == "paid":
        return types.ReactionPaid()
    kind, _, document = name.partition(":")
    return (
        types.ReactionCustomEmoji(int(document)) if kind == "custom" else types.ReactionEmoji(name)
    )


def forward(post: Post) -> types.MessageFwdHeader | None:
    """Return where the message was forwarded from."""
    if post.forward_from is None:
        return None
    channel_id, message_id, name = post.forward_from
    source = None if channel_id is None else types.PeerChannel(channel_id)
    return types.MessageFwdHeader(
        post.date, from_id=source, from_name=name, channel_post=message_id
    )


def reply(post: Post) -> types.MessageReplyHeader | None:
    """Return what the message answers, perhaps in another chat."""
    if post.reply_to is None:
        return None
    other = post.reply_to_channel
    peer = None if other is None else types.PeerChannel(other)
    return types.MessageReplyHeader(reply_to_msg_id=post.reply_to, reply_to_peer_id=peer)


def media(post: Post) -> types.TypeMessageMedia | None:
    """Return what the message shows besides its text."""
    if post.poll:
        return poll(post.id, *post.poll)
    if post.web_page:
        url, title = post.web_page
        return types.MessageMediaWebPage(types.WebPage(post.id, url, url, 0, title=title))
    if post.photo:
        size = types.PhotoSize("x", 640, 480, 50_000)
        return types.MessageMediaPhoto(
            photo=types.Photo(post.id, 1, b"reference", post.date, [size], 2)
        )
    if post.video:
        video = types.DocumentAttributeVideo(12.0, 640, 480)
        return types.MessageMediaDocument(video=True, document=file(post, "video/mp4", video))
    if post.document:
        name = types.DocumentAttributeFilename("report.pdf")
        return types.MessageMediaDocument(document=file(post, "application/pdf", name))
    return other_media(post) if post.kind else None


def other_media(post: Post) -> types.TypeMessageMedia:
    """Return media that are told apart by what Telegram calls them."""
    if post.kind == "location":
        return types.MessageMediaGeo(types.GeoPoint(30.5, 50.4, 1))
    if post.kind == "contact":
        return types.MessageMediaContact("380", "A", "B", "", 0)
    attributes = {
        "animation": types.DocumentAttributeAnimated(),
        "audio": types.DocumentAttributeAudio(3),
        "sticker": types.DocumentAttributeSticker("👍", types.InputStickerSetEmpty()),
        "video_message": types.DocumentAttributeVideo(3, 1, 1, round_message=True),
        "voice_message": types.DocumentAttributeAudio(3, voice=True),
    }
    return types.MessageMediaDocument(document=file(post, "x/y", attributes[post.kind]))


def poll(poll_id: int, question: str, options: Iterable[str]) -> types.MessageMediaPoll:
    """Return a poll in which nobody has voted."""
    answers = [
        types.PollAnswer(types.TextWithEntities(text, []), bytes([index]))
        for index, text in enumerate(options)
    ]
    words = types.TextWithEntities(question, [])
    return types.MessageMediaPoll(types.Poll(poll_id, words, answers, 0), types.PollResults())


def file(post: Post, mime: str, attribute: types.TypeDocumentAttribute) -> types.Document:
    """Return a document that nobody will download."""
    return types.Document(post.id, 1, b"reference", post.date, mime, 100_000, 2, [attribute])


def restriction(post: Post) -> list[types.RestrictionReason] | None:
    """Return why the message is not to be shown."""
    if not post.restricted:
        return None
    return [types.RestrictionReason("all", "terms", RESTRICTED)]
