"""Answers about channels: names, details, messages, history, dialogs."""

import struct
from itertools import dropwhile

from telethon.tl import TLObject, types
from telethon.tl.functions import channels, contacts, messages

from .accounts import Account
from .calls import Call, RefusedError
from .channel import ServedChannel
from .history import page
from .messages import message_object
from .peers import channel_object, chats_of, full_channel, user_object
from .posts import Post
from .world import is_username

__all__ = [
    "get_channels",
    "get_dialogs",
    "get_full_channel",
    "get_history",
    "get_messages",
    "resolve",
]

VECTOR = 0x1CB5C415
MOST_DIALOGS = 100

InputChannel = types.InputChannel | types.InputPeerChannel


def resolve(call: Call, request: contacts.ResolveUsernameRequest) -> TLObject:
    """Tell what a username leads to."""
    if not is_username(request.username):
        raise RefusedError(400, "USERNAME_INVALID")
    world, account = call.world, call.account
    found = world.named(request.username)
    if found is None:
        raise RefusedError(400, "USERNAME_NOT_OCCUPIED")
    if isinstance(found, ServedChannel):
        chat = channel_object(world, account, found)
        return types.contacts.ResolvedPeer(types.PeerChannel(found.id), [chat], [])
    user = user_object(world, account, found)
    return types.contacts.ResolvedPeer(types.PeerUser(found.id), [], [user])


def get_channels(call: Call, request: channels.GetChannelsRequest) -> TLObject:
    """Tell the present names and titles of channels."""
    account = call.account
    found = [named(call, channel) for channel in request.id]
    for channel in found:
        if channel.private:
            raise RefusedError(400, "CHANNEL_PRIVATE")
    return types.messages.Chats([channel_object(call.world, account, c) for c in found])


def get_full_channel(call: Call, request: channels.GetFullChannelRequest) -> TLObject:
    """Tell all about a channel; only here is the number of its members to be had."""
    channel = readable(call, request.channel)
    chat = channel_object(call.world, call.account, channel)
    return types.messages.ChatFull(full_channel(channel), [chat], [])


def get_messages(call: Call, request: channels.GetMessagesRequest) -> bytes:
    """Answer with the messages of these ids, and an empty one for each that is not there."""
    channel = readable(call, request.channel)
    ids = [wanted.id for wanted in request.id if isinstance(wanted, types.InputMessageID)]
    found = channel.live(ids)
    bodies = iter(call.message_bytes.of(channel, (post for post in found if post)))
    answer = [
        next(bodies) if post else bytes(types.MessageEmpty(id=i, peer_id=None))
        for i, post in zip(ids, found, strict=True)
    ]
    return channel_messages(call, channel, [post for post in found if post], answer)


def get_history(call: Call, request: messages.GetHistoryRequest) -> bytes:
    """Answer with a page of a channel's messages, newest first."""
    channel = readable(call, request.peer)
    posts = page(channel, request)
    return channel_messages(call, channel, posts, call.message_bytes.of(channel, posts))


def channel_messages(
    call: Call, channel: ServedChannel, posts: list[Post], bodies: list[bytes]
) -> bytes:
    """Return `messages.channelMessages` around messages that are bytes already."""
    chats = chats_of(call.world, call.account, channel, posts)
    shell = bytes(types.messages.ChannelMessages(channel.pts, len(channel.ids), [], [], chats, []))
    head = 4 + 4 + 4 + 4  # constructor, flags, pts, count; then comes the vector of messages
    vector = struct.pack("<Ii", VECTOR, len(bodies))
    return b"".join((shell[:head], vector, *bodies, shell[head + len(vector) :]))


def get_dialogs(call: Call, request: messages.GetDialogsRequest) -> TLObject:
    """Answer with a page of the chats that the account has joined, latest first."""
    everything = dialogs_of(call.account)
    after = everything
    if isinstance(request.offset_peer, types.InputPeerChannel):
        offset = request.offset_peer.channel_id
        after = list(dropwhile(lambda channel: channel.id != offset, everything))[1:]
    shown = after[: min(max(request.limit, 1), MOST_DIALOGS)]
    newest = {channel: channel.newest() for channel in shown}
    parts = (
        [dialog(channel) for channel in shown],
        [message_object(channel, post) for channel, post in newest.items() if post],
        [channel_object(call.world, call.account, channel) for channel in shown],
        [],
    )
    if len(shown) == len(everything):
        return types.messages.Dialogs(*parts)
    return types.messages.DialogsSlice(len(everything), *parts)


def dialogs_of(account: Account) -> list[ServedChannel]:
    """Return the channels that the account sees among its chats, the last active one first."""
    seen = [channel for channel in account.joined if not channel.private]
    return sorted(
        seen, key=lambda c: post.date if (post := c.newest()) else c.created, reverse=True
    )


def dialog(channel: ServedChannel) -> types.Dialog:
    """Return a channel's line in the list of chats."""
    newest = channel.newest()
    top = 0 if newest is None else newest.id
    return types.Dialog(
        peer=types.PeerChannel(channel.id),
        top_message=top,
        read_inbox_max_id=top,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=channel.pts,
    )


def readable(call: Call, peer: InputChannel) -> ServedChannel:
    """Return the channel. Raises RefusedError unless the account may read it."""
    channel = named(call, peer)
    if channel.private or channel.banned:
        raise RefusedError(400, "CHANNEL_PRIVATE")
    return channel


def named(call: Call, peer: InputChannel) -> ServedChannel:
    """Return the channel that the account names by id and its own access hash."""
    account = call.account
    channel = call.world.channels.get(getattr(peer, "channel_id", 0))
    if channel is None or peer.access_hash != call.world.access_hash(account, channel):
        raise RefusedError(400, "CHANNEL_INVALID")
    return channel
