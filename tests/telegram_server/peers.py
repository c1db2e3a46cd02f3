"""Channels and users as Telegram's objects, as one account sees them."""

from telethon.tl import types

from .accounts import Account, User
from .channel import ServedChannel
from .posts import Post
from .world import World, digits

__all__ = ["channel_object", "chats_of", "full_channel", "me", "user_object"]


def channel_object(
    world: World, account: Account, channel: ServedChannel
) -> types.Channel | types.ChannelForbidden:
    """Return the channel; a banned one is only the shell of it."""
    access_hash = world.access_hash(account, channel)
    kind = {"broadcast": channel.broadcast, "megagroup": not channel.broadcast}
    if channel.banned:
        return types.ChannelForbidden(channel.id, access_hash, channel.title, **kind)
    names = [types.Username(name, active=True) for name in channel.usernames]
    return types.Channel(
        id=channel.id,
        title=channel.title,
        photo=types.ChatPhotoEmpty(),
        date=channel.created,
        access_hash=access_hash,
        username=channel.username,
        usernames=names or None,
        left=channel not in account.joined,
        **kind,
    )


def chats_of(
    world: World, account: Account, channel: ServedChannel, posts: list[Post]
) -> list[types.TypeChat]:
    """Return the channel and those known ones that its posts were forwarded from."""
    sources = {post.forward_from[0] for post in posts if post.forward_from}
    known = (world.channels.get(i) for i in sorted(sources - {None, channel.id}))
    return [channel_object(world, account, c) for c in (channel, *known) if c is not None]


def full_channel(channel: ServedChannel) -> types.ChannelFull:
    """Return what only the request for the full channel tells."""
    newest = channel.newest()
    return types.ChannelFull(
        id=channel.id,
        about=channel.about,
        read_inbox_max_id=0 if newest is None else newest.id,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=channel.pts,
        participants_count=channel.participants,
    )


def me(world: World, account: Account) -> types.User:
    """Return the account as it sees itself."""
    return types.User(
        id=account.id,
        is_self=True,
        access_hash=world.access_hash(account, account),
        first_name=account.name,
        phone=digits(account.phone),
    )


def user_object(world: World, account: Account, user: User) -> types.User:
    """Return somebody else."""
    return types.User(
        id=user.id,
        access_hash=world.access_hash(account, user),
        first_name=user.name,
        username=user.username,
    )
