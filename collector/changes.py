"""What another sight of stored posts changes, and which words of a post are current."""

from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, insert, select, update

from collector.post import LIVE, PREVIEW, content
from collector.tables import post_versions, posts

__all__ = ["CHANGING", "Changes", "Values"]

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
    "web_page_title",
    "edited",
)
COUNTS = ("views", "reactions")  # of which each has a column that says whether it is rounded
WORDS = ("text", "poll", "text_hash")
SEEN = ("first_seen", "last_seen")
TOLD_IN_FULL = (  # what there is none of if Telegram's API does not say it
    "media",
    "reply_to",
    "forward_channel_id",
    "forward_message_id",
    "forward_name",
    "web_page_title",
)
DROPPABLE = ("forward_name", "web_page_title")  # empty: dropped, and not to be told again
SHORTENED_FROM = 1000  # "999", but "1K"
ROUNDED = tuple(f"{name}_rounded" for name in COUNTS)
CHANGING = ("edit_date", *DETAILS, *ROUNDED, *WORDS, *SEEN)


class Changes:
    """The writes that a batch needs, gathered so that each kind is one statement.

    `updated` counts the posts changed in any column but `*_seen`, and, once written, `older` the
    incoming words that are kept as a version.
    """

    def __init__(self) -> None:
        self.new: list[Values] = []
        self.changed: list[Values] = []
        self.contested: list[tuple[Values, RowMapping]] = []
        self.updated = 0
        self.older = 0

    def add(self, incoming: Values, stored: RowMapping | None) -> None:
        """Decide what an incoming post means for the stored one."""
        if stored is None:
            self.new.append(incoming)
        elif incoming["text_hash"] == stored["text_hash"]:
            self.change(stored, without_dropped(same_words(incoming, stored), stored))
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
                self.older += not replaces
                versions.append(version_values(loser, stored["id"], incoming, stored))
            self.change(stored, new_words(incoming, stored) if replaces else seen(incoming, stored))
        return versions


def same_words(incoming: Values, stored: RowMapping) -> Values:
    """Return the columns that another sight of unchanged words sets."""
    told = {name: incoming[name] for name in DETAILS if incoming[name] is not None}
    if is_older(incoming, stored):
        told = {name: value for name, value in told.items() if stored[name] is None}
        return seen(incoming, stored) | with_rounding(told, incoming)
    if incoming["source"] == PREVIEW:
        return seen(incoming, stored) | with_rounding(shown(told, stored), incoming)
    if incoming["source"] in LIVE:
        told |= {name: incoming[name] for name in TOLD_IN_FULL}
    told["edit_date"] = incoming["edit_date"]
    return seen(incoming, stored) | with_rounding(told, incoming)


def without_dropped(told: Values, stored: RowMapping) -> Values:
    """Return values without those that were dropped from the archive with the words."""
    return {
        name: value for name, value in told.items() if name not in DROPPABLE or stored[name] != ""
    }


def with_rounding(told: Values, incoming: Values) -> Values:
    """Return values with whether the counts among them are rounded."""
    rounded = {f"{name}_rounded": incoming[f"{name}_rounded"] for name in COUNTS if name in told}
    return told | rounded


def shown(told: Values, stored: RowMapping) -> Values:
    """Return what the web preview tells that the archive does not know better.

    It gives an album one date, has no ids of albums but its own, rounds what the archive may know
    exactly, and has no word for venues.
    """
    better = {"date"}
    if stored["grouped_id"] is not None:
        better.add("grouped_id")
    if (told.get("media"), stored["media"]) == ("location", "venue"):
        better.add("media")
    for name in COUNTS:
        if name in told and not stored[f"{name}_rounded"] and agree(told[name], stored[name]):
            better.add(name)
    return {name: value for name, value in told.items() if name not in better}


def agree(rounded: Any, exact: Any) -> bool:  # noqa: ANN401 (a count, or counts by name)
    """Tell whether a count, or each of some counts by name, may be another one rounded."""
    if isinstance(rounded, dict) and isinstance(exact, dict):
        same = rounded.keys() == exact.keys()
        return same and all(agree(rounded[name], exact[name]) for name in rounded)
    if not isinstance(rounded, int) or not isinstance(exact, int):
        return False
    return abs(rounded - exact) < rounding_unit(rounded)


def rounding_unit(count: int) -> int:
    """Return the value of the third digit of a count from 1,000 on: the preview shows three."""
    return 10 ** (len(str(count)) - 3) if count >= SHORTENED_FROM else 1


def new_words(incoming: Values, stored: RowMapping) -> Values:
    """Return the columns that an edit of a post sets."""
    words = {name: incoming[name] for name in WORDS}
    return same_words(incoming, stored) | words | {"edit_date": incoming["edit_date"]}


def seen(incoming: Values, stored: RowMapping) -> Values:
    """Return when a post was first and last seen, with one more sight of it."""
    return {
        "first_seen": min(incoming["first_seen"], stored["first_seen"]),
        "last_seen": max(incoming["last_seen"], stored["last_seen"]),
    }


def is_older(incoming: Values, stored: RowMapping) -> bool:
    """Tell whether the incoming sight of a post is older: by its edit, else by when it was had.

    What Telegram says now never is, whatever dates a file or a wrong clock has left behind.
    """
    if incoming["source"] in LIVE:
        return False
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
    if edit_order(incoming, stored) > 0 or incoming["source"] in LIVE:
        return True
    # In a file, words that were replaced before come back only by a later edit.
    return (stored["id"], incoming["text_hash"]) not in known


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
    """Insert rows, if there are any; all have the same columns."""
    if rows:
        # Columns that none of them has a value for cost as much time as the others.
        told = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        connection.execute(insert(table), [{name: row[name] for name in told} for row in rows])
