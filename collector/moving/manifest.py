"""What an exported archive holds: which tables, of which program, in files of which contents."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError
from sqlalchemy import Table

from collector.archive import Migrations
from collector.errors import InputError
from collector.moving.cells import Kind, kinds
from collector.moving.files import Form
from collector.tables import metadata

__all__ = [
    "LEFT_OUT",
    "NAME",
    "Manifest",
    "TableFile",
    "checksum",
    "is_export",
    "moved_tables",
    "read_manifest",
]

NAME = "manifest.json"
LARGEST = 10_000_000  # bytes
SECOND = {"coverage"}  # is counted from posts, which it does not name

# What belongs to an account on a machine, and is made anew where it is needed.
LEFT_OUT = {
    "accounts": "which account each session on this machine is of",
    "peers": "access hashes, which are of no use to another account",
    "flood_waits": "how long Telegram wants this account to wait",
}


class TableFile(BaseModel):
    """A table's file: how many rows, the SHA-256 of its bytes, and its columns in order."""

    rows: int
    sha256: str
    columns: dict[str, Kind]


class Manifest(BaseModel):
    """The file `manifest.json`; `migrations` is the newest revision of each package's tables."""

    format: Literal["tgstance archive"] = "tgstance archive"
    format_version: Literal[1] = 1
    tgstance: str
    created: str
    form: Form
    migrations: dict[str, str]
    left_out: dict[str, str]
    tables: dict[str, TableFile]

    @classmethod
    def begun(cls, form: Form, migrations: Sequence[Migrations]) -> "Manifest":
        """Return one without tables yet."""
        return cls(
            tgstance=version("tgstance"),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            form=form,
            migrations={package.package: package.revisions()[-1] for package in migrations},
            left_out=LEFT_OUT,
            tables={},
        )

    def path(self, directory: Path, table: str) -> Path:
        """Return where a table's file is; nothing that the manifest says can lead elsewhere."""
        return directory / f"{metadata.tables[table].name}.{self.form}"


def moved_tables() -> list[Table]:
    """Return the tables that are exported, those that others refer to before these."""
    tables = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
    return sorted(tables, key=lambda table: table.name in SECOND)


def is_export(directory: Path) -> bool:
    """Tell whether a directory has a manifest."""
    return (directory / NAME).is_file()


def read_manifest(directory: Path, migrations: Sequence[Migrations]) -> Manifest:
    """Return the manifest of a directory, whose files it fits.

    Raises InputError if it is none, is of a newer program, or a file is missing or not as it was.
    """
    path = directory / NAME
    try:
        with path.open("rb") as stream:
            manifest = Manifest.model_validate_json(stream.read(LARGEST))
    except OSError as error:
        raise InputError(
            f"{directory}: is no exported archive: {NAME} cannot be read ({error.strerror})"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(
            f"{path}: is not the manifest of an exported archive ({where}: {first['msg']})"
        ) from error
    check_version(path, manifest, migrations)
    check_tables(path, manifest)
    check_files(directory, manifest)
    return manifest


def check_version(path: Path, manifest: Manifest, migrations: Sequence[Migrations]) -> None:
    """Raise InputError if a package's tables are of a newer program."""
    known = {package.package: package.revisions() for package in migrations}
    for package, revision in manifest.migrations.items():
        if revision not in known.get(package, ()):
            raise InputError(
                f"{path}: was written by a newer tgstance, {manifest.tgstance} ({package} "
                f"{revision}); update tgstance"
            )


def check_tables(path: Path, manifest: Manifest) -> None:
    """Raise InputError if a table or a column is not one of the archive."""
    known = {table.name: table for table in moved_tables()}
    for name, file in manifest.tables.items():
        if name not in known:
            raise InputError(f"{path}: there is no table {name!r} in an archive")
        columns = kinds(known[name])
        if any(columns.get(column) is not kind for column, kind in file.columns.items()):
            raise InputError(f"{path}: the columns of {name} are not those of an archive")
        lacking = set(columns) - set(file.columns)
        required = {column.name for column in known[name].columns if not column.nullable} & lacking
        if required:
            raise InputError(f"{path}: {name} lacks the columns {', '.join(sorted(required))}")


def check_files(directory: Path, manifest: Manifest) -> None:
    """Raise InputError if a file is missing, or its contents are not as they were."""
    for name, file in manifest.tables.items():
        path = manifest.path(directory, name)
        try:
            found = checksum(path)
        except OSError as error:
            raise InputError(
                f"{path}: is missing from the export ({error.strerror}); nothing is imported"
            ) from error
        if found != file.sha256:
            raise InputError(
                f"{path}: has been changed or damaged since it was exported (its SHA-256 is not "
                f"the one in {NAME}); nothing is imported"
            )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
