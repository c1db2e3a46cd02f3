"""Puts posts and channels into the archive: new ones, and what is new about known ones.

Every function works inside the caller's transaction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from collector.albums import settle_albums
from collector.changes import CHANGING, Changes, Values
from collector.merging import move_contents
from collector.post import Channel, Post, content, permalink, text_hash
from collector.tables import channels, posts

__all__ = ["ChannelRow", "StoreCounts", "store", "store_channel"]

NAMES = ("username", "title", "participants", "description")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as the archive has it; `id` is the archive's own, not Telegram's."""

    id: int
    telegram_id: int | None
    username: str | None


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """What became of a batch: posts added, posts changed in any column but `*_seen`, the rest.

    `older` is apart from the rest: texts that are older than what the archive has, and that it
    did not know yet; they were kept as versions.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0

    def __add__(self, other: "StoreCounts") -> "StoreCounts":
        return StoreCounts(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.older + other.older,
        )


def store(
    connection: Connection, channel: Channel, batch: Sequence[Post], *, seen_at: datetime
) -> StoreCounts:
    """Add the posts of one channel, or update them where `batch` knows more.

    `seen_at` is when the source saw these posts, timezone-aware: an import passes the time of its
    file. What an older sight or an earlier edit says never replaces what is stored; a text that
    differs is kept in `post_versions`. Storing the same batch again changes nothing.
    """
    row = store_channel(connection, channel, seen_at=seen_at)
    counts = StoreCounts()
    for part in without_repeats(batch):
        counts += store_part(connection, row, part, seen_at)
    return counts


def without_repeats(batch: Sequence[Post]) -> Iterator[list[Post]]:
    """Split a batch so that no part holds one message id twice."""
    part: dict[int, Post] = {}
    for post in batch:
        if post.message_id in part:
            yield list(part.values())
            part = {}
        part[post.message_id] = post
    if part:
        yield list(part.values())


def store_part(
    connection: Connection, channel: ChannelRow, part: list[Post], seen_at: datetime
) -> StoreCounts:
    """Store posts of distinct message ids."""
    existing = stored_posts(connection, channel.id, part)
    changes = Changes()
    for post in part:
        changes.add(post_values(post, channel, seen_at), existing.get(post.message_id))
    changes.write(connection)
    settle_albums(connection, channel.id, part)
    new, updated, older = len(changes.new), changes.updated, changes.older
    return StoreCounts(new, updated, len(part) - new - updated - older, older)


def stored_posts(
    connection: Connection, channel_id: int, part: list[Post]
) -> dict[int, RowMapping]:
    """Return what the archive holds of these posts, by message id."""
    query = select(posts.c.id, posts.c.message_id, *(posts.c[name] for name in CHANGING)).where(
        posts.c.channel_id == channel_id,
        posts.c.message_id.in_([post.message_id for post in part]),
    )
    return {row["message_id"]: row for row in connection.execute(query).mappings()}


def post_values(post: Post, channel: ChannelRow, seen_at: datetime) -> Values:
    """Return a post as a row of `posts`."""
    return {
        "channel_id": channel.id,
        "message_id": post.message_id,
        "date": post.date,
        "edit_date": post.edit_date,
        "text": post.text,
        "poll": post.poll,
        "media": post.media,
        "permalink": post.permalink
        or permalink(channel.username, channel.telegram_id, post.message_id),
        "views": post.views,
        "forwards": post.forwards,
        "replies": post.replies,
        "reactions": post.reactions,
        "grouped_id": post.grouped_id,
        "reply_to": post.reply_to,
        "forward_channel_id": post.forward_channel_id,
        "forward_message_id": post.forward_message_id,
        "forward_name": post.forward_name,
        "web_page_title": post.web_page_title,
        "views_rounded": post.views_rounded or None,
        "reactions_rounded": post.reactions_rounded or None,
        "edited": post.edited or None,
        "source": post.source,
        "first_seen": seen_at,
        "last_seen": seen_at,
        "text_hash": text_hash(content(post.text, post.poll)),
    }


def store_channel(connection: Connection, channel: Channel, *, seen_at: datetime) -> ChannelRow:
    """Find the channel in the archive or add it, and note what is new about it.

    It is known by its id, else by its username in any case, else by its title among channels that
    have neither. A username whose channel turns out to have another id has moved: the old channel
    loses it. Two channels of which one was known by its username only and the other by its id turn
    out to be one when both are told: they are merged. An older sight changes no name.

    Raises ValueError if the channel has no identity.
    """
    stored = find_channel(connection, channel)
    if stored is not None and absorb_unclaimed(connection, stored, channel):
        stored = find_channel(connection, channel)
    told = {
        name: value
        for name in (*NAMES, "telegram_id")
        if (value := getattr(channel, name)) is not None
    }
    if loses_username(connection, channel, seen_at):
        del told["username"]
    if stored is not None:
        return update_channel(connection, stored, told, seen_at)
    release_username(connection, told.get("username"), None)
    statement = insert(channels).values(told | {"first_seen": seen_at, "last_seen": seen_at})
    key = connection.execute(statement.returning(channels.c.id)).scalar_one()
    return ChannelRow(key, channel.telegram_id, told.get("username"))


def loses_username(connection: Connection, channel: Channel, seen_at: datetime) -> bool:
    """Tell whether another channel was seen under this username later than this one."""
    if channel.username is None or channel.telegram_id is None:
        return False
    query = select(channels.c.id).where(
        func.lower(channels.c.username) == channel.username.lower(),
        channels.c.telegram_id != channel.telegram_id,
        channels.c.last_seen > seen_at,
    )
    return connection.execute(query).first() is not None


def find_channel(connection: Connection, channel: Channel) -> RowMapping | None:
    """Return the archive's row of a channel, by the best identity that it gives."""
    query = select(channels)
    if channel.telegram_id is not None:
        row = connection.execute(query.where(channels.c.telegram_id == channel.telegram_id))
        return row.mappings().first() or find_unclaimed(connection, channel.username)
    if channel.username is not None:
        query = query.where(func.lower(channels.c.username) == channel.username.lower())
    elif channel.title is not None:
        unnamed = channels.c.telegram_id.is_(None) & channels.c.username.is_(None)
        query = query.where(unnamed, channels.c.title == channel.title)
    else:
        raise ValueError("a channel needs an id, a username or a title")
    return connection.execute(query).mappings().first()


def find_unclaimed(connection: Connection, username: str | None) -> RowMapping | None:
    """Return the channel that is known by this username but whose id is not known yet."""
    if username is None:
        return None
    query = select(channels).where(
        func.lower(channels.c.username) == username.lower(), channels.c.telegram_id.is_(None)
    )
    return connection.execute(query).mappings().first()


def absorb_unclaimed(connection: Connection, stored: RowMapping, channel: Channel) -> bool:
    """Merge into a stored channel the one known by the same username only, if there is one."""
    if channel.telegram_id is None:
        return False
    unclaimed = find_unclaimed(connection, channel.username)
    if unclaimed is None or unclaimed["id"] == stored["id"]:
        return False
    move_contents(connection, unclaimed["id"], stored["id"])
    told = {name: unclaimed[name] for name in NAMES if unclaimed[name] is not None}
    update_channel(connection, stored, told, unclaimed["last_seen"])
    earliest = unclaimed["first_seen"]
    later = (channels.c.id == stored["id"]) & (channels.c.first_seen > earliest)
    connection.execute(update(channels).where(later).values(first_seen=earliest))
    connection.execute(delete(channels).where(channels.c.id == unclaimed["id"]))
    return True


def update_channel(
    connection: Connection, stored: RowMapping, told: Values, seen_at: datetime
) -> ChannelRow:
    """Note what a later sight says of a known channel; an older one only fills gaps."""
    if seen_at < stored["last_seen"]:
        told = {name: value for name, value in told.items() if stored[name] is None}
    told = told | {
        "first_seen": min(seen_at, stored["first_seen"]),
        "last_seen": max(seen_at, stored["last_seen"]),
    }
    different = {name: value for name, value in told.items() if value != stored[name]}
    if "username" in different:
        release_username(connection, different["username"], stored["id"])
    if different:
        connection.execute(update(channels).where(channels.c.id == stored["id"]).values(different))
    now = dict(stored) | different
    return ChannelRow(now["id"], now["telegram_id"], now["username"])


def release_username(connection: Connection, username: str | None, keep: int | None) -> None:
    """Take a username from every channel but `keep`: names move from one channel to another."""
    if username is None:
        return
    query = update(channels).where(func.lower(channels.c.username) == username.lower())
    if keep is not None:
        query = query.where(channels.c.id != keep)
    connection.execute(query.values(username=None))
