"""What an import knows while it goes on: under which numbers rows arrived, and how many are new."""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    tuple_,
)

from collector.errors import InputError
from collector.moving.files import Rows

__all__ = ["Arrival", "Ids", "Rule", "insert_missing", "natural_key", "present"]


class Ids:
    """Which number a row got here for the one it had there: 16 bytes a row."""

    def __init__(self) -> None:
        self.there = array("q")
        self.here = array("q")

    def add(self, there: int, here: int) -> None:
        """Note a row; they come in order. Raises ValueError if they do not."""
        if self.there and there <= self.there[-1]:
            raise ValueError(f"row {there} is not in order")
        self.there.append(there)
        self.here.append(here)

    def __getitem__(self, there: int) -> int:
        place = bisect_left(self.there, there)
        if place == len(self.there) or self.there[place] != there:
            raise KeyError(there)
        return self.here[place]

    def up_to(self, there: int) -> int:
        """Return the number here of the last row up to one there, 0 if there is none."""
        place = bisect_right(self.there, there)
        return self.here[place - 1] if place else 0


class Arrival:
    """The import of one archive into another, in one transaction."""

    def __init__(self, connection: Connection, source: str) -> None:
        self.connection = connection
        self.source = source
        self.ids: dict[str, Ids] = {}
        self.new: Counter[str] = Counter()
        self.emptied: set[int] = set()  # readings whose text was dropped here, but not there
        self.was_empty: dict[str, bool] = {}

    def begin(self, table: Table) -> None:
        """Note whether there was anything in a table before."""
        count = self.connection.scalar(select(func.count()).select_from(table))
        self.was_empty[table.name] = not count
        if is_numbered(table):
            self.ids[table.name] = Ids()

    def mapped(self, table: Table, rows: Rows) -> Rows:
        """Return rows that refer to others by their numbers here.

        Raises InputError if there is no such row in the export.
        """
        references = {
            column.name: self.ids[key.column.table.name]
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table.name in self.ids
        }
        return [row | self.resolved(table, row, references) for row in rows]

    def resolved(
        self, table: Table, row: dict[str, Any], references: dict[str, Ids]
    ) -> dict[str, Any]:
        """Return the references of a row."""
        try:
            return {
                name: None if row[name] is None else ids[row[name]]
                for name, ids in references.items()
            }
        except KeyError as error:
            raise InputError(
                f"{self.source}: {table.name} refers to a row {error} that the export has not"
            ) from error

    def note(self, table: Table, there: int, here: int) -> None:
        """Note which number a row has here."""
        try:
            self.ids[table.name].add(there, here)
        except ValueError as error:
            raise InputError(f"{self.source}: {table.name}: {error}") from error


Rule = Callable[[Arrival, Table, Rows], None]  # puts some rows of a table into the archive


def is_numbered(table: Table) -> bool:
    """Tell whether the archive numbers the rows of a table by itself."""
    key = list(table.primary_key.columns)
    return [column.name for column in key] == ["id"] and isinstance(key[0].type, Integer)


def natural_key(table: Table) -> list[str]:
    """Return the columns by which a row is the same in two archives."""
    if not is_numbered(table):
        return [column.name for column in table.primary_key.columns]
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    columns = constraints[0].columns if constraints else table.primary_key.columns
    return [column.name for column in columns]


def insert_missing(
    arrival: Arrival, table: Table, rows: Rows, key: Sequence[str] | None = None
) -> None:
    """Insert the rows that are not there yet by their key; leave the others as they are."""
    names = list(key or natural_key(table))
    rows = arrival.mapped(table, rows)
    keys = [tuple(row[name] for name in names) for row in rows]
    known = present(arrival.connection, table, names, keys)
    new = {one: row for one, row in zip(keys, rows, strict=True) if one not in known}
    numbered = is_numbered(table)
    if new:
        values = [
            {name: value for name, value in row.items() if not (numbered and name == "id")}
            for row in new.values()
        ]
        arrival.connection.execute(insert(table), values)
        arrival.new[table.name] += len(new)
    if numbered:
        known |= present(arrival.connection, table, names, list(new)) if new else {}
        for one, row in zip(keys, rows, strict=True):
            arrival.note(table, row["id"], known[one])


def present(
    connection: Connection, table: Table, names: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], int]:
    """Return which of some keys there are in a table, and the numbers of rows that have one."""
    columns = [table.c[name] for name in names]
    if len(columns) == 1:
        same = columns[0].in_([one for (one,) in keys])
    else:
        same = tuple_(*columns).in_(keys)
    number = [table.c.id] if is_numbered(table) else []
    rows = connection.execute(select(*columns, *number).where(same))
    return {tuple(row[: len(names)]): row[-1] for row in rows}
