"""Drops the words of old posts for good, and keeps that there were such posts.

A post whose words are dropped has no text and no poll, but still their hash, by which another sight
of it is known to bring nothing new. Of `web_page_title` and `forward_name` an empty text remains,
which no source gives: there was one, and it is not to be filled in again.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from collector.archive import Archive
from collector.database_errors import database_errors
from collector.errors import DeferredError
from collector.tables import post_versions, posts

__all__ = ["OldWords", "count_old_words", "drop_old_words", "erase_traces", "erasing", "has_words"]

POSTS_AT_ONCE = 2_000
TITLES = (posts.c.web_page_title, posts.c.forward_name)


@dataclass(frozen=True, slots=True)
class OldWords:
    """How many posts have words older than some moment, and how many earlier versions do."""

    posts: int = 0
    versions: int = 0


def has_words() -> ColumnElement[bool]:
    """Return the condition on `posts` for a post that has its words."""
    return or_(posts.c.text != "", posts.c.poll.is_not(None))


def count_old_words(connection: Connection, before: datetime) -> OldWords:
    """Count what `drop_old_words` would drop."""
    old = select(func.count()).where(holds_words(), posts.c.date < before)
    versions = (
        select(func.count())
        .select_from(post_versions.join(posts, posts.c.id == post_versions.c.post_id))
        .where(posts.c.date < before, post_versions.c.text != "")
    )
    return OldWords(connection.scalar(old) or 0, connection.scalar(versions) or 0)


def drop_old_words(
    archive: Archive, before: datetime, on_batch: Callable[[int], None] = lambda _count: None
) -> OldWords:
    """Drop the words of posts from before a moment, and what these said before they were edited.

    `on_batch` is told how many posts each transaction has changed. Doing it again changes nothing.
    """
    done, after = OldWords(), 0
    edited = select(post_versions.c.post_id).where(post_versions.c.text != "")
    condition = or_(holds_words(), posts.c.id.in_(edited))
    query = select(posts.c.id).where(posts.c.date < before, condition).order_by(posts.c.id)
    while True:
        with archive.begin() as connection:
            erasing(connection)
            page = query.where(posts.c.id > after).limit(POSTS_AT_ONCE)
            keys = list(connection.execute(page).scalars())
            if not keys:
                return done
            batch = drop_words_of(connection, keys)
        done = OldWords(done.posts + batch.posts, done.versions + batch.versions)
        after = keys[-1]
        on_batch(len(keys))


def holds_words() -> ColumnElement[bool]:
    """Return the condition on `posts` for one of which something is to be dropped."""
    return or_(has_words(), *(column != "" for column in TITLES))


def drop_words_of(connection: Connection, keys: list[int]) -> OldWords:
    """Drop the words of posts by their ids."""
    mine = and_(posts.c.id.in_(keys), holds_words())
    emptied = {column.name: func.substr(column, 1, 0) for column in TITLES}  # null stays null
    dropped = connection.execute(update(posts).where(mine).values(text="", poll=None, **emptied))
    older = update(post_versions).where(
        post_versions.c.post_id.in_(keys), post_versions.c.text != ""
    )
    return OldWords(dropped.rowcount, connection.execute(older.values(text="")).rowcount)


def erasing(connection: Connection) -> None:
    """Have SQLite overwrite what is deleted in this connection, instead of only forgetting it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def erase_traces(archive: Archive) -> None:
    """Rewrite the database without what was deleted from it; needs room for a second one meanwhile.

    Raises DeferredError if another program still reads an earlier state, of which the log is kept,
    or on a server the rows; there ArchiveNameError if the user may not do it.
    """
    if not archive.is_file:
        from collector.rewriting import rewrite_tables  # noqa: PLC0415 (needs an extra)

        rewrite_tables(archive.engine)
        return
    engine = archive.engine
    with database_errors(engine.url), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("VACUUM")  # it and the next are not allowed in a transaction
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.close()
    if busy:
        raise DeferredError(
            f"{engine.url.database}: another program is reading it, so that dropped texts stay in "
            "its -wal file; run the same command again when that has ended"
        )
