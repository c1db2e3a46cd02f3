"""The posts of a report, gathered once in a temporary table that all its sums are made from."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    RootTransaction,
    Select,
    String,
    Table,
    case,
    cast,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from collector.tables import UTCDateTime, posts
from models.tables import readings, text_readings
from reports.selection import Selection
from reports.words import is_forwarded

__all__ = ["NO_READING", "Gathered", "days", "gathered", "published"]

NO_READING = 0  # of a post that is new: below every id

_temporary = MetaData()

# A row per post, in the order of the scores that they are joined with, for millions of steps to and
# fro in a large archive take minutes. A day is a number like 20251105: it is compared far faster
# than text. `views` are kept only where they were read at least a day after publication: young
# posts have fewer only because they are young.
published = Table(
    "report_posts",
    _temporary,
    Column("reading_id", Integer, primary_key=True),
    Column("post_id", Integer, primary_key=True),
    Column("channel_id", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("forwarded", Integer, nullable=False),
    Column("quoted", Integer, nullable=False),
    Column("views", Integer),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)

# Which period a day with posts is in: periods are those of pandas, and of no database.
days = Table(
    "report_days",
    _temporary,
    Column("day", Integer, primary_key=True),
    Column("period_start", Integer, nullable=False),
    prefixes=["TEMPORARY"],
)

# SQLite's own caches of 2 MB, here in KiB, are for small machines.
_TUNING = ("main.cache_size = -64000", "temp.cache_size = -64000")
_KEY = "tgstance.reports.gathered"


@dataclass
class Gathered:
    """What the temporary tables of a connection hold, and what was made from it so far."""

    transaction: RootTransaction
    about: tuple[object, ...]
    frames: dict[object, pd.DataFrame] = field(default_factory=dict)


def gathered(connection: Connection, selection: Selection) -> Gathered:
    """Fill `published` with the posts of a report, unless it holds just them.

    The table lives as long as the connection's transaction, which sees one state of the archive.
    """
    if connection.dialect.name == "sqlite":
        for setting in _TUNING:
            connection.execute(text(f"PRAGMA {setting}"))
    chosen, _ = selection.channel_ids(connection)
    about = (selection.since, selection.until, selection.include, chosen and tuple(chosen))
    transaction = connection.get_transaction() or connection.begin()
    known: Gathered | None = connection.info.get(_KEY)
    if known and known.transaction is transaction and known.about == about:
        return known
    for table in (published, days):
        connection.execute(DropTable(table, if_exists=True))
        connection.execute(CreateTable(table))
    columns = [column.name for column in published.columns]
    connection.execute(insert(published).from_select(columns, _posts(selection, chosen)))
    if connection.dialect.name == "postgresql":  # which does not know by itself how many there are
        connection.execute(text(f"ANALYZE {published.name}"))
    state = Gathered(transaction, about)
    connection.info[_KEY] = state
    return state


def _posts(selection: Selection, chosen: list[int] | None) -> Select[Any]:
    forwarded = is_forwarded()
    reading = func.coalesce(text_readings.c.reading_id, NO_READING)
    quoted = text_readings.c.reading_id.in_(select(readings.c.id).where(readings.c.quoted))
    aged = posts.c.last_seen >= _DayAfter(posts.c.date)
    return (
        select(
            reading,
            posts.c.id,
            posts.c.channel_id,
            cast(func.replace(func.substr(cast(posts.c.date, String), 1, 10), "-", ""), Integer),
            case((forwarded, 1), else_=0),
            case((forwarded, 0), (quoted, 1), else_=0),
            case((aged, posts.c.views)),
        )
        .select_from(posts)
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash, isouter=True)
        .where(selection.conditions(chosen))
    )


class _DayAfter(FunctionElement[Any]):
    """The moment a day after another one."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(_DayAfter)
def _add_interval(element: _DayAfter, compiler: SQLCompiler, **settings: Any) -> str:  # noqa: ANN401 (SQLAlchemy's signature)
    return f"({compiler.process(element.clauses, **settings)} + INTERVAL '1 day')"


@compiles(_DayAfter, "sqlite")
def _add_in_text(element: _DayAfter, compiler: SQLCompiler, **settings: Any) -> str:  # noqa: ANN401 (SQLAlchemy's signature)
    return f"datetime({compiler.process(element.clauses, **settings)}, '+1 day')"
