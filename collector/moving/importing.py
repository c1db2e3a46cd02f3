"""Takes an exported archive into an archive: all of it, or nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import DataError

from collector.archive import Archive, Migrations
from collector.errors import InputError
from collector.moving.arrival import Arrival, Rule, insert_missing
from collector.moving.files import Rows, read_rows, require
from collector.moving.manifest import moved_tables, read_manifest
from collector.moving.rules import COLLECTOR_RULES

__all__ = ["Imported", "import_archive"]

ROWS_AT_ONCE = 1_000

Imported = dict[str, tuple[int, int]]  # by table: rows in the export, and how many were new


def import_archive(
    archive: Archive,
    directory: Path,
    migrations: Sequence[Migrations],
    rules: Mapping[str, Rule],
    on_rows: Callable[[int], None] = lambda _count: None,
) -> Imported:
    """Take over what an export holds and the archive does not, in one transaction.

    Rows get new numbers here; what refers to them follows. A row that is there already, by what
    identifies it, stays; a post becomes what the later sight of it says. `rules` are those of other
    packages' tables. Raises InputError if the export is damaged, incomplete, or of a newer program:
    nothing has changed then. Importing it again changes nothing.
    """
    manifest = read_manifest(directory, migrations)
    require(manifest.form)
    special = COLLECTOR_RULES | dict(rules)
    done: Imported = {}
    with archive.begin() as connection:
        arrival = Arrival(connection, str(directory))
        for table in moved_tables():
            arrival.begin(table)
            file = manifest.tables.get(table.name)
            if file is None:
                continue
            put = special.get(table.name, insert_missing)
            lacking: dict[str, Any] = dict.fromkeys(set(table.columns.keys()) - set(file.columns))
            rows = read_rows(manifest.path(directory, table.name), manifest.form, file.columns)
            for batch in batches(rows, lacking):
                with data_errors(directory, table):
                    put(arrival, table, batch)
                on_rows(len(batch))
            done[table.name] = (file.rows, arrival.new[table.name])
    return done


@contextmanager
def data_errors(directory: Path, table: Table) -> Iterator[None]:
    """Say which table holds what a server has no room for: too long, too large, or with NUL."""
    try:
        yield
    except DataError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise InputError(
            f"{directory}: {table.name} cannot be kept in this archive ({reason}); nothing is "
            "imported"
        ) from error


def batches(rows: Iterator[dict[str, Any]], lacking: dict[str, Any]) -> Iterator[Rows]:
    """Yield some rows at a time, with the columns that the export does not know yet as missing."""
    while batch := [row | lacking for row in islice(rows, ROWS_AT_ONCE)]:
        yield batch
