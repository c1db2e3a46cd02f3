"""Finds the channel that a user means, and follows it when it is renamed."""

import logging
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from telethon import functions, types
from telethon.utils import get_input_peer, get_peer_id

from collector.archive import Archive
from collector.errors import ChannelError, FloodWaitError, UnansweredError
from collector.names import KnownName, known_name, moved, note_name, store_facts
from collector.naming import ChannelName
from collector.post import Channel
from collector.tables import channels
from collector.telegram.calls import Caller
from collector.telegram.peers import Peer, peer_of, store_peer

__all__ = ["Resolver"]

log = logging.getLogger("tgstance.telegram")

DIALOGS_PAGE = 100


class Resolver:
    """Finds channels for one account; a name is looked up once, and then known by its id."""

    def __init__(self, archive: Archive, caller: Caller, user_id: int) -> None:
        self.archive = archive
        self.caller = caller
        self.user_id = user_id
        self.dialogs_read = False

    async def find(self, name: ChannelName) -> Peer:
        """Return the peer of a channel, with its facts brought up to date.

        Raises ChannelError if there is none, or if this account cannot see it.
        """
        if name.username:
            peer = await self.by_name(name.username)
        else:
            peer = await self.by_id(name.telegram_id or 0)
        try:
            channel = await self.refresh(peer)
        except UnansweredError:
            raise
        except ChannelError:
            if (met := await self.meet_again(name, peer)) is None:
                raise
            peer, channel = met, await self.refresh(met)
        if name.username and name.username not in active_names(channel):
            await self.check_if_allowed(name.username, peer.telegram_id)
        return peer

    async def by_name(self, username: str) -> Peer:
        """Return the channel that a username meant when it was first looked up."""
        known = self.known(username)
        if known and known.telegram_id:
            return await self.by_id(known.telegram_id)
        if known and known.problem and known.is_fresh:
            raise ChannelError(f"{known.problem} (asked at {known.asked_at:%Y-%m-%d %H:%M} UTC)")
        return await self.look_up(username)

    async def look_up(self, username: str) -> Peer:
        """Ask Telegram whose a username is, and remember the answer."""
        try:
            peer = self.store(await self.resolve(username))
        except UnansweredError:
            raise
        except ChannelError as error:
            self.note_name(username, None, str(error))
            raise
        self.note_name(username, peer.channel_id)
        return peer

    async def resolve(self, username: str) -> types.Channel:
        """Return the channel that has a username now."""
        request = functions.contacts.ResolveUsernameRequest(username)
        found = await self.caller(request)
        if not isinstance(found.peer, types.PeerChannel):
            raise ChannelError("is a user or a bot, not a channel")
        chats = {chat.id: chat for chat in found.chats}
        channel = chats.get(found.peer.channel_id)
        if not isinstance(channel, types.Channel):
            raise ChannelError("is not available to this account")
        if not channel.broadcast:
            raise ChannelError("is a group, not a channel")
        return channel

    async def by_id(self, telegram_id: int) -> Peer:
        """Return the channel with an id, if this account has a way to it."""
        if peer := self.stored_peer(telegram_id):
            return peer
        username = self.stored_username(telegram_id)
        if username and (peer := await self.check_name(username, telegram_id)):
            return peer
        await self.read_dialogs()
        if peer := self.stored_peer(telegram_id):
            return peer
        raise ChannelError("this account has not met it: name it once as @name, or join it")

    def stored_peer(self, telegram_id: int) -> Peer | None:
        """Return a channel that this account has met."""
        with self.archive.connect() as connection:
            return peer_of(connection, self.user_id, telegram_id)

    def stored_username(self, telegram_id: int) -> str | None:
        """Return the last known username of a channel, in lower case."""
        query = select(func.lower(channels.c.username)).where(channels.c.telegram_id == telegram_id)
        with self.archive.connect() as connection:
            return connection.execute(query).scalar()

    async def read_dialogs(self) -> None:
        """Meet the channels that this account has joined; once a run."""
        offset: dict[str, Any] = {
            "offset_date": None,
            "offset_id": 0,
            "offset_peer": types.InputPeerEmpty(),
        }
        while not self.dialogs_read:
            request = functions.messages.GetDialogsRequest(**offset, limit=DIALOGS_PAGE, hash=0)
            page = await self.caller(request)
            for chat in page.chats:
                if isinstance(chat, types.Channel) and chat.broadcast and chat.access_hash:
                    self.store(chat)
            offset = next_dialogs(page)
            self.dialogs_read = not offset

    async def refresh(self, peer: Peer) -> types.Channel:
        """Ask for a channel's facts and store them; return it as Telegram has it now."""
        request = functions.channels.GetFullChannelRequest(input_channel(peer))
        answer = await self.caller(request)
        channel = next((chat for chat in answer.chats if chat.id == peer.telegram_id), None)
        if not isinstance(channel, types.Channel):
            raise ChannelError("is not available to this account")
        full = answer.full_chat
        facts = facts_of(channel, full.about, full.participants_count)
        now = datetime.now(UTC)
        with self.archive.begin() as connection:
            store_peer(connection, self.user_id, facts, peer.access_hash, seen_at=now)
            store_facts(connection, peer.channel_id, facts, seen_at=now)
        return channel

    async def meet_again(self, name: ChannelName, peer: Peer) -> Peer | None:
        """Return a channel that was refused, if Telegram names it by another access hash now."""
        username = name.username or self.stored_username(peer.telegram_id)
        if not username:
            return None
        met = await self.check_if_allowed(username, peer.telegram_id)
        if met is None:
            return None
        if met.access_hash != peer.access_hash:
            return met
        self.note_name(username, peer.channel_id, "leads to a channel that cannot be read")
        return None

    async def check_if_allowed(self, username: str, telegram_id: int) -> Peer | None:
        """Check a name as `check_name` does; None too if Telegram cannot be asked now."""
        try:
            return await self.check_name(username, telegram_id)
        except (UnansweredError, FloodWaitError) as error:
            log.info("whose name @%s is now is left open: %s", username, error)
            return None

    async def check_name(self, username: str, telegram_id: int) -> Peer | None:
        """Find out, once a day if it was in vain, whether a username still leads to a channel.

        Return the channel's peer if so. If not, say whose the name is now.
        """
        known = self.known(username)
        if known and known.problem and known.is_fresh:
            return None
        met: Peer | None = None
        try:
            channel = await self.resolve(username)
            met = self.store(channel)
            if channel.id != telegram_id:
                problem = moved(username, facts_of(channel), telegram_id)
            else:
                problem = None
        except UnansweredError:
            raise
        except ChannelError as error:
            problem = f"@{username} is not the name of channel id {telegram_id} any more: {error}"
        self.note_name(username, met.channel_id if met else None, problem)
        if problem:
            log.warning("%s", problem)
        return None if problem else met

    def known(self, username: str) -> KnownName | None:
        """Return what is known of a username in lower case."""
        with self.archive.connect() as connection:
            return known_name(connection, username)

    def store(self, channel: types.Channel) -> Peer:
        """Store a channel that Telegram showed to this account."""
        with self.archive.begin() as connection:
            return store_peer(
                connection,
                self.user_id,
                facts_of(channel),
                channel.access_hash,
                seen_at=datetime.now(UTC),
            )

    def note_name(self, username: str, channel_id: int | None, problem: str | None = None) -> None:
        """Note whose a username is; what it meant first, it goes on to mean."""
        with self.archive.begin() as connection:
            note_name(connection, username, channel_id, problem)


def active_names(channel: types.Channel) -> list[str]:
    """Return a channel's usernames, the one it shows first, in lower case."""
    several = [one.username for one in channel.usernames or () if one.active]
    return [name.lower() for name in (channel.username, *several) if name]


def facts_of(
    channel: types.Channel, about: str | None = None, participants: int | None = None
) -> Channel:
    """Return what Telegram says of a channel."""
    shown = [one.username for one in channel.usernames or () if one.active]
    return Channel(
        telegram_id=channel.id,
        username=channel.username or next(iter(shown), None),
        title=channel.title,
        participants=participants,
        description=about,
    )


def input_channel(peer: Peer) -> types.InputChannel:
    """Return how Telegram is asked for a channel."""
    return types.InputChannel(peer.telegram_id, peer.access_hash)


def next_dialogs(page: Any) -> dict[str, Any]:  # noqa: ANN401 (Telethon is not typed)
    """Return where the next page of dialogs begins; empty after the last."""
    if not isinstance(page, types.messages.DialogsSlice) or not page.dialogs:
        return {}
    last = page.dialogs[-1]
    tops = {(str(message.peer_id), message.id): message for message in page.messages}
    top = tops.get((str(last.peer), last.top_message))
    entities = {chat.id: chat for chat in (*page.chats, *page.users)}
    entity = entities.get(get_peer_id(last.peer, add_mark=False))
    if top is None or entity is None:
        return {}
    return {
        "offset_date": top.date,
        "offset_id": top.id,
        "offset_peer": get_input_peer(entity),
    }
