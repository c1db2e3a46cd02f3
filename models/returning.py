"""Readings whose text was dropped, and what to do when a new post says the same again."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from collector.pruning import has_words
from collector.tables import posts
from models.reading import reading_hash
from models.tables import mentions, readings, targets, text_readings
from models.targets import Target, TargetMatcher

__all__ = ["DROPPED", "bring_back", "count_returned", "registered_targets", "returned"]

DROPPED = 0  # the version of a text's reading once that has no text any more


def returned() -> Select[Any]:
    """Select the posts (id, text, poll, text_hash) that say again what was dropped."""
    columns = (posts.c.id, posts.c.text, posts.c.poll, posts.c.text_hash)
    return (
        select(*columns)
        .select_from(text_readings)
        .join(posts, posts.c.text_hash == text_readings.c.text_hash)
        .where(text_readings.c.version == DROPPED, has_words())
        .order_by(posts.c.id)
    )


def count_returned(connection: Connection) -> int:
    """Return how many posts say again what was dropped, and have to be read."""
    query = returned().with_only_columns(func.count()).order_by(None)
    return connection.scalar(query) or 0


def bring_back(connection: Connection, texts: Mapping[str, str]) -> None:
    """Give readings their text again, those of `texts` (by hash) that lost it.

    Targets that were searched for meanwhile were not found in them: all are looked for anew.
    """
    query = select(readings.c.id, readings.c.hash).where(
        readings.c.hash.in_(set(texts) - {reading_hash("")}), readings.c.text == ""
    )
    lost = {row.id: texts[row.hash] for row in connection.execute(query)}
    if not lost:
        return
    statement = update(readings).where(readings.c.id == bindparam("key"))
    rows = [{"key": key, "words": text} for key, text in lost.items()]
    connection.execute(statement.values(text=bindparam("words")), rows)
    find_again(connection, lost)


def find_again(connection: Connection, texts: Mapping[int, str]) -> None:
    """Find the mentions of all registered targets in readings, by id, once more."""
    known = {target: row for row, target in registered_targets(connection) if target}
    matcher = TargetMatcher(tuple(known))
    ids = [row.id for row in known.values()]
    for key, text in texts.items():
        same = (mentions.c.reading_id == key) & mentions.c.target_id.in_(ids)
        connection.execute(delete(mentions).where(same))
        found = [
            {"target_id": known[target].id, "reading_id": key, "spans": spans}
            for target, spans in matcher.find(text).items()
            if known[target].searched_to >= key  # else it is still to be searched for here
        ]
        if found:
            connection.execute(insert(mentions), found)


def registered_targets(connection: Connection) -> Iterator[tuple[Any, Target | None]]:
    """Yield the rows of `targets` that have a name, and the target that each defines.

    It is None where an earlier version of the program looked for it in another way.
    """
    for row in connection.execute(select(targets).where(targets.c.name != "")).all():
        groups = tuple(tuple(group) for group in row.definition.get("groups", ()))
        exact = tuple(row.definition.get("exact", ()))
        claim = Target(row.name, exact=exact, requires=groups)
        name = Target(row.name, aliases=groups[0] if groups else (), exact=exact)
        same = (one for one in (name, claim) if one.fingerprint == row.fingerprint)
        yield row, next(same, None)
