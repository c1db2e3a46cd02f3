"""Writes a whole archive into a directory of files, as it is at one moment."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, Table, select

from collector.archive import Archive, Migrations
from collector.beside import put_in_place, scratch_beside
from collector.errors import OutputError
from collector.moving.cells import kinds
from collector.moving.files import Form, require, writing_rows
from collector.moving.manifest import NAME, Manifest, TableFile, checksum, moved_tables

__all__ = ["check_new", "export_archive"]

ROWS_AT_ONCE = 5_000


def export_archive(
    archive: Archive,
    directory: Path,
    migrations: Sequence[Migrations],
    form: Form,
    on_rows: Callable[[int], None] = lambda _count: None,
) -> Manifest:
    """Write every table of the archive to a new directory, which only its owner can read.

    Few rows are in memory at a time; `on_rows` is told how many each step has written. Raises
    ConfigError where the form needs what is not installed, OutputError where `directory` is not
    empty or cannot be written: there is then nothing new.
    """
    require(form)
    check_new(directory)
    manifest = Manifest.begun(form, migrations)
    with scratch_beside(directory.resolve(), "the export") as scratch:
        made = scratch / "export"
        made.mkdir(mode=0o700)
        with archive.connect() as connection:
            for table in moved_tables():
                path = made / f"{table.name}.{form}"
                rows = write_table(connection, table, path, form, on_rows)
                manifest.tables[table.name] = TableFile(
                    rows=rows, sha256=checksum(path), columns=kinds(table)
                )
        text = manifest.model_dump_json(indent=2)
        (made / NAME).write_text(f"{text}\n", encoding="utf-8")
        for path in made.iterdir():
            path.chmod(0o600)
        put_in_place(made, directory.resolve())
    return manifest


def check_new(directory: Path) -> None:
    """Raise OutputError if a directory is there and not empty."""
    if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise OutputError(f"{directory}: is there already; name a new directory")


def write_table(
    connection: Connection, table: Table, path: Path, form: Form, on_rows: Callable[[int], None]
) -> int:
    """Write a table in order of its key; return how many rows that were."""
    count = 0
    query = select(table).order_by(*table.primary_key.columns)
    with writing_rows(path, form, kinds(table)) as put:
        result = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
        for part in result.mappings().partitions():
            put([dict(row) for row in part])
            count += len(part)
            on_rows(len(part))
    return count
