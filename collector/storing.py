"""Puts posts into the archive: new ones, edits of old ones, and what was asked for.

Every function works inside the caller's transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, func, insert, select, update

from collector.post import Channel, Post, content, permalink, text_hash
from collector.tables import channels, coverage, post_versions, posts

__all__ = ["ChannelRow", "Coverage", "StoreCounts", "store", "store_channel", "store_coverage"]

Values = dict[str, Any]  # a row of a table, by column

# What a later sight of a post sets, where it says something, and an older one only fills.
DETAILS = (
    "date",
    "media",
    "permalink",
    "views",
    "forwards",
    "replies",
    "reactions",
    "grouped_id",
    "reply_to",
    "forward_channel_id",
    "forward_message_id",
    "forward_name",
)
WORDS = ("text", "poll", "text_hash")
SEEN = ("first_seen", "last_seen")
CHANGING = ("edit_date", *DETAILS, *WORDS, *SEEN)


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as the archive has it; `id` is the archive's own, not Telegram's."""

    id: int
    telegram_id: int | None
    username: str | None


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """What became of a batch: posts added, posts changed in any column but `*_seen`, the rest."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "StoreCounts") -> "StoreCounts":
        return StoreCounts(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many message ids from `first_id` to `last_id`, both included, came back as what."""

    first_id: int
    last_id: int
    received: int = 0
    service: int = 0
    album_member: int = 0
    inaccessible: int = 0
    deleted: int = 0
    unknown: int = 0


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
    return StoreCounts(
        len(changes.new), changes.updated, len(part) - len(changes.new) - changes.updated
    )


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
        "source": post.source,
        "first_seen": seen_at,
        "last_seen": seen_at,
        "text_hash": text_hash(content(post.text, post.poll)),
    }


class Changes:
    """The writes that a batch needs, gathered so that each kind is one statement."""

    def __init__(self) -> None:
        self.new: list[Values] = []
        self.changed: list[Values] = []
        self.contested: list[tuple[Values, RowMapping]] = []
        self.updated = 0

    def add(self, incoming: Values, stored: RowMapping | None) -> None:
        """Decide what an incoming post means for the stored one."""
        if stored is None:
            self.new.append(incoming)
        elif incoming["text_hash"] == stored["text_hash"]:
            self.change(stored, same_words(incoming, stored))
        else:
            self.contested.append((incoming, stored))

    def change(self, stored: RowMapping, values: Values) -> None:
        """Note new values of a stored post, if they are new."""
        different = {name for name, value in values.items() if value != stored[name]}
        if not different:
            return
        kept = {name: stored[name] for name in CHANGING}
        self.changed.append(kept | values | {"key": stored["id"]})
        self.updated += not different.issubset(SEEN)

    def write(self, connection: Connection) -> None:
        """Write everything that was noted."""
        versions = self.settle(connection) if self.contested else []
        execute_many(connection, posts, self.new)
        execute_many(connection, post_versions, versions)
        if self.changed:
            statement = update(posts).where(posts.c.id == bindparam("key"))
            connection.execute(
                statement.values({name: bindparam(name) for name in CHANGING}), self.changed
            )

    def settle(self, connection: Connection) -> list[Values]:
        """Decide which words of each contested post are current; return the others as versions."""
        known = known_versions(connection, [stored["id"] for _, stored in self.contested])
        versions = []
        for incoming, stored in self.contested:
            replaces = is_current(incoming, stored, known)
            loser = stored if replaces else incoming
            if (stored["id"], loser["text_hash"]) not in known:
                versions.append(version_values(loser, stored["id"], incoming, stored))
            self.change(stored, new_words(incoming, stored) if replaces else seen(incoming, stored))
        return versions


def same_words(incoming: Values, stored: RowMapping) -> Values:
    """Return the columns that another sight of unchanged words sets."""
    told = {name: incoming[name] for name in DETAILS if incoming[name] is not None}
    if is_older(incoming, stored):
        return seen(incoming, stored) | {k: v for k, v in told.items() if stored[k] is None}
    return seen(incoming, stored) | told | {"edit_date": incoming["edit_date"]}


def new_words(incoming: Values, stored: RowMapping) -> Values:
    """Return the columns that an edit of a post sets."""
    return same_words(incoming, stored) | {name: incoming[name] for name in WORDS}


def seen(incoming: Values, stored: RowMapping) -> Values:
    """Return when a post was first and last seen, with one more sight of it."""
    return {
        "first_seen": min(incoming["first_seen"], stored["first_seen"]),
        "last_seen": max(incoming["last_seen"], stored["last_seen"]),
    }


def is_older(incoming: Values, stored: RowMapping) -> bool:
    """Tell whether the incoming sight of a post is older: by its edit, else by when it was had."""
    order = edit_order(incoming, stored)
    return order < 0 or (order == 0 and incoming["last_seen"] < stored["last_seen"])


def edit_order(incoming: Values, stored: RowMapping) -> int:
    """Return -1, 0 or 1: the incoming edit is earlier, the same or later. None is earliest."""
    new, old = incoming["edit_date"], stored["edit_date"]
    if new == old:
        return 0
    return 1 if old is None or (new is not None and new > old) else -1


def is_current(incoming: Values, stored: RowMapping, known: set[tuple[int, str]]) -> bool:
    """Tell whether incoming words replace the stored ones."""
    if is_older(incoming, stored):
        return False
    # Words that were replaced before come back only by a later edit.
    return edit_order(incoming, stored) > 0 or (stored["id"], incoming["text_hash"]) not in known


def known_versions(connection: Connection, keys: list[int]) -> set[tuple[int, str]]:
    """Return the replaced words that the archive has of these posts: (post, text hash)."""
    query = select(post_versions.c.post_id, post_versions.c.text_hash)
    rows = connection.execute(query.where(post_versions.c.post_id.in_(keys)))
    return {(row.post_id, row.text_hash) for row in rows}


def version_values(
    loser: Values | RowMapping, key: int, incoming: Values, stored: RowMapping
) -> Values:
    """Return words that are not current as a row of `post_versions`."""
    return {
        "post_id": key,
        "text": content(loser["text"], loser["poll"]),
        "edit_date": loser["edit_date"],
        "text_hash": loser["text_hash"],
        "replaced_at": max(incoming["last_seen"], stored["last_seen"]),
    }


def execute_many(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Insert rows, if there are any."""
    if rows:
        connection.execute(insert(table), rows)


def store_channel(connection: Connection, channel: Channel, *, seen_at: datetime) -> ChannelRow:
    """Find the channel in the archive or add it, and note what is new about it.

    It is known by its id, else by its username in any case, else by its title among channels that
    have neither. A username whose channel turns out to have another id has moved: the old channel
    loses it. An older sight changes no name. Raises ValueError if the channel has no identity.
    """
    stored = find_channel(connection, channel)
    told = {
        name: value
        for name in ("telegram_id", "username", "title", "participants")
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


def store_coverage(
    connection: Connection, channel_id: int, source: str, asked: Coverage, *, asked_at: datetime
) -> None:
    """Note what came back for a range of ids; a later answer for the same range replaces it.

    `channel_id` is the archive's own (see `ChannelRow`), `asked_at` timezone-aware.
    """
    key = {
        "channel_id": channel_id,
        "source": source,
        "first_id": asked.first_id,
        "last_id": asked.last_id,
    }
    same = [coverage.c[name] == value for name, value in key.items()]
    stored = connection.execute(select(coverage.c.asked_at).where(*same)).scalar()
    counts: Iterable[str] = Coverage.__dataclass_fields__
    values = {name: getattr(asked, name) for name in counts} | {"asked_at": asked_at}
    if stored is None:
        connection.execute(insert(coverage).values(key | values))
    elif stored <= asked_at:
        connection.execute(update(coverage).where(*same).values(values))
