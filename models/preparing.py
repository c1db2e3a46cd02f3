"""Prepares new posts for scoring: what a classifier will read of them, and where targets occur."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from collector.archive import Archive
from collector.post import content
from collector.tables import posts
from models.keys import target_ids
from models.languages import language
from models.pending import unread
from models.quoting import is_mostly_quoted
from models.reading import VERSION, read, reading_hash
from models.returning import bring_back, returned
from models.tables import mentions, readings, targets, text_readings
from models.targets import Target, TargetMatcher

__all__ = ["find_mentions", "register", "store_readings"]

_BATCH = 2_000


def store_readings(archive: Archive) -> int:
    """Store the reading of every text that has none yet; return how many texts that were.

    What earlier versions of the program stored is completed by what they did not keep.
    """
    _find_quoted(archive)
    done = 0
    for query in (unread(), returned()):
        for batch in _pages(archive, query, posts.c.id):
            with archive.begin() as connection:
                _store_batch(connection, batch)
            done += len(batch)
    return done


def find_mentions(archive: Archive, wanted: Sequence[Target]) -> None:
    """Search every reading that was not searched yet for `wanted`, a batch a transaction."""
    with archive.begin() as connection:
        ids = register(connection, wanted)
        newest = connection.scalar(select(func.max(readings.c.id))) or 0
        to_search = _by_progress(connection, ids, newest)
    for searched_to, group in to_search.items():
        matcher = TargetMatcher(group)
        for batch in _pages(
            archive, select(readings.c.id, readings.c.text), readings.c.id, searched_to
        ):
            found = [
                {"target_id": ids[target], "reading_id": row.id, "spans": spans}
                for row in batch
                for target, spans in matcher.find(row.text).items()
            ]
            with archive.begin() as connection:
                _forget(connection, [ids[target] for target in group], batch)
                if found:
                    connection.execute(insert(mentions), found)
                connection.execute(
                    update(targets)
                    .where(targets.c.id.in_([ids[target] for target in group]))
                    .values(searched_to=batch[-1].id)
                )


def _forget(
    connection: Connection, target_keys: Sequence[int], batch: Sequence[Row[Any, Any]]
) -> None:
    """Delete what an import has brought of targets in readings that are searched anew."""
    searched = [row.id for row in batch if row.text]  # a text that was dropped tells nothing
    mine = mentions.c.target_id.in_(target_keys) & mentions.c.reading_id.in_(searched)
    connection.execute(delete(mentions).where(mine))


def _find_quoted(archive: Archive) -> None:
    """Note of each reading that has no such note whether most of it is quoted."""
    without = select(readings.c.id, readings.c.text).where(readings.c.quoted.is_(None))
    statement = update(readings).where(readings.c.id == bindparam("key"))
    for batch in _pages(archive, without, readings.c.id):
        found = [{"key": row.id, "quoted": is_mostly_quoted(row.text)} for row in batch]
        with archive.begin() as connection:
            connection.execute(statement.values(quoted=bindparam("quoted")), found)


def _store_batch(connection: Connection, batch: Sequence[Row[Any, Any]]) -> None:
    read_texts = {row.text_hash: read(content(row.text, row.poll)) for row in batch}
    hashes = {text_hash: reading_hash(text) for text_hash, text in read_texts.items()}
    known = _reading_ids(connection, hashes.values())
    new = {hashes[text_hash]: text for text_hash, text in read_texts.items()}
    rows = [
        {
            "hash": key,
            "text": text,
            "language": language(text),
            "quoted": is_mostly_quoted(text),
        }
        for key, text in new.items()
        if key not in known
    ]
    if rows:
        connection.execute(insert(readings), rows)
        known = _reading_ids(connection, hashes.values())
    bring_back(connection, new)
    connection.execute(delete(text_readings).where(text_readings.c.text_hash.in_(hashes)))
    connection.execute(
        insert(text_readings),
        [
            {"text_hash": text_hash, "reading_id": known[key], "version": VERSION}
            for text_hash, key in hashes.items()
        ],
    )


def _reading_ids(connection: Connection, hashes: Iterable[str]) -> dict[str, int]:
    query = select(readings.c.hash, readings.c.id).where(readings.c.hash.in_(set(hashes)))
    return {row.hash: row.id for row in connection.execute(query)}


def register(connection: Connection, wanted: Sequence[Target]) -> dict[Target, int]:
    """Note targets that are new to the archive as not searched for yet; return the ids of all."""
    known = target_ids(connection, wanted)
    new = [
        {
            "fingerprint": target.fingerprint,
            "name": target.name,
            "definition": {"groups": target.groups, "exact": target.exact},
            "searched_to": 0,
        }
        for target in wanted
        if target not in known
    ]
    if new:
        connection.execute(insert(targets), new)
    return target_ids(connection, wanted)


def _by_progress(
    connection: Connection, ids: Mapping[Target, int], newest: int
) -> dict[int, list[Target]]:
    """Group the targets that have readings left to search by where the search goes on."""
    query = select(targets.c.id, targets.c.searched_to).where(targets.c.id.in_(ids.values()))
    searched_to = {row.id: row.searched_to for row in connection.execute(query)}
    groups: dict[int, list[Target]] = defaultdict(list)
    for target, number in ids.items():
        if searched_to[number] < newest:
            groups[searched_to[number]].append(target)
    return groups


def _pages(
    archive: Archive, query: Select[Any], key: Column[int], after: int = 0
) -> Iterator[Sequence[Row[Any, Any]]]:
    """Yield the rows of `query` a batch at a time, in order of `key`, each in a short read."""
    while True:
        page = query.where(key > after).order_by(None).order_by(key).limit(_BATCH)
        with archive.connect() as connection:
            batch = connection.execute(page).all()
        if not batch:
            return
        after = batch[-1].id
        yield batch
