"""The archive: one database, SQLite unless a URL says otherwise, migrated when it is opened."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from errno import EACCES
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from collector.advisory_locks import AdvisoryLocks, Lock
from collector.database_errors import database_errors, shown
from collector.errors import ArchiveError, ArchiveNameError
from collector.postgresql import (
    build_server_engine,
    reading_only,
    shown_server,
    with_driver,
)

__all__ = ["COLLECTOR", "Archive", "Migrations", "open_archive", "open_read_only", "outdated"]

WRITING = "tgstance_writing"
LOCK_WAIT_S = 30.0
ENVIRONMENT = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Migrations:
    """One package's linear history: `directory` holds files `NNNN_name.py` of revision `NNNN`."""

    package: str
    directory: Path

    @property
    def version_table(self) -> str:
        """The table that keeps which revision the database has of this package."""
        return f"alembic_version_{self.package}"

    def revisions(self) -> list[str]:
        """Return all revisions that this program knows, oldest first."""
        return sorted(path.name.split("_")[0] for path in self.directory.glob("[0-9]*_*.py"))


COLLECTOR = Migrations("collector", ENVIRONMENT / "versions")


class Archive:
    """An open, migrated archive. Closes itself as a context manager."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_file = engine.dialect.name == "sqlite"
        self.locks = AdvisoryLocks(engine)

    @contextmanager
    def begin(self, *, locked: bool = True) -> Iterator[Connection]:
        """Open a transaction for writing: committed at the end, rolled back on an exception.

        Such transactions come one by one, those of other programs included. Where a lock of the
        server was lost nothing is written any more, unless it is not `locked`.
        Raises ArchiveError if the database failed (full disk, damaged), ArchiveUnavailableError if
        another program has locked it for 30 s.
        """
        with database_errors(self.engine.url), self.engine.connect() as connection:
            if locked:
                self.locks.check()
            connection.execution_options(**{WRITING: True})
            with connection.begin():
                yield connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a connection for reading: what it reads is one consistent state.

        Raises ArchiveError if the database failed.
        """
        with database_errors(self.engine.url), self.engine.connect() as connection:
            if not self.is_file:  # where each statement would see what was committed before it
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def hold(self, lock: Lock, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold a lock of a server until the end of the block; a file is locked as a whole.

        Raises DeferredError if another run holds it, ArchiveError if the server failed.
        """
        return nullcontext() if self.is_file else self._held(lock, shared=shared)

    @contextmanager
    def _held(self, lock: Lock, *, shared: bool) -> Iterator[None]:
        with database_errors(self.engine.url), self.locks.hold(lock, shared=shared):
            yield

    def introduce(self, command: str) -> None:
        """Say to others which command holds the locks of a server."""
        if not self.is_file:
            with database_errors(self.engine.url):
                self.locks.introduce(command)

    def close(self) -> None:
        """Close all connections."""
        self.locks.close()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_archive(location: str | Path, migrations: Sequence[Migrations] = (COLLECTOR,)) -> Archive:
    """Open the archive at a path or SQLAlchemy URL, create it if absent, and migrate it.

    Each package in `migrations` is brought to its newest revision, in the order given; packages
    not named are left alone.

    Raises ArchiveNameError if it is no archive and could not be one (a directory, another
    program's file, a database without a driver), ArchiveError if it cannot be written or is newer
    than this program.
    """
    url = archive_url(location)
    archive = Archive(build_engine(url))
    if url.get_backend_name() == "sqlite":
        prepare_file(url)
    try:
        migrate(archive, migrations)
    except BaseException:
        archive.close()
        raise
    return archive


def open_read_only(
    location: str | Path,
    migrations: Sequence[Migrations] = (COLLECTOR,),
    *,
    untouched: bool = True,
) -> Archive:
    """Open an archive that there is, as it is: nothing is created, migrated or written.

    That no file is changed in the least takes for granted that no run begins or ends meanwhile.
    Where one may, an archive that need not be `untouched` is read in the ordinary way: SQLite makes
    its two files beside it if it finds none.

    Raises ArchiveNameError if there is none or it is no archive, ArchiveError if its tables are not
    those of this program.
    """
    archive = Archive(build_engine(without_writing(archive_url(location), untouched=untouched)))
    try:
        require_current(archive, migrations)
    except BaseException:
        archive.close()
        raise
    return archive


def require_current(archive: Archive, migrations: Sequence[Migrations]) -> None:
    """Raise ArchiveError if tables are older or newer than this program's."""
    with archive.connect() as connection:
        old = [package.package for package in outdated(connection, migrations)]
    if old:
        raise ArchiveError(
            f"{shown(archive.engine.url)}: was written by an older tgstance ({', '.join(old)}); "
            "the next command that writes brings it up to date"
        )


def without_writing(url: URL, *, untouched: bool) -> URL:
    """Return the URL by which a server, or SQLite a file, is read and never written.

    While nobody writes there is no write-ahead log, and the file can be read as one that cannot
    change. A log is read with the index of it beside, which is left alone too (SQLite, "Write-Ahead
    Logging", section 5); where a power cut or a copy has lost the index, SQLite makes a new one.
    """
    if url.get_backend_name() != "sqlite":
        return reading_only(url)
    if not url.database:
        return url
    path = Path(url.database)
    if not path.is_file():
        raise ArchiveNameError(f"{path}: there is no archive")
    log = path.with_name(f"{path.name}-wal")
    indexed = path.with_name(f"{path.name}-shm").exists()
    still = True
    with suppress(FileNotFoundError):  # none, or a writer ends just now and takes it away
        still = not (log.stat().st_size or indexed)  # begun, on a full disk
    how = "?mode=ro"
    if untouched:
        how += "&immutable=1" if still else "&readonly_shm=1" if indexed else ""
    return url.set(database=f"{path.resolve().as_uri()}{how}", query={"uri": "true"})


def archive_url(location: str | Path) -> URL:
    """Return the URL of a path or of a URL in text."""
    if isinstance(location, str) and "://" in location:
        try:
            return with_driver(make_url(location))
        except (ArgumentError, ValueError) as error:
            scheme = location.partition("://")[0]  # the rest may hold a password
            raise ArchiveNameError(f"{scheme}://...: is not a database URL") from error
    return URL.create("sqlite", database=str(Path(location).expanduser()))


def prepare_file(url: URL) -> None:
    """Create the file of a new SQLite archive, readable by its owner only."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return
    path = Path(url.database)
    if path.is_dir():
        raise ArchiveNameError(f"{path}: is a directory; name a file for the archive")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # SQLite gives its -wal and -shm files the mode of this one.
            with suppress(FileExistsError):  # another process has just made it
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        elif not os.access(path, os.W_OK):
            # It is not tried by opening: closing it again would drop this process's locks on it, of
            # an archive that is open already, and another process would take away the log that this
            # one writes to (sqlite.org/howtocorrupt.html, section 2.2).
            raise PermissionError(EACCES, os.strerror(EACCES), str(path))
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be written ({error.strerror})") from error


def build_engine(url: URL) -> Engine:
    """Return an engine; its SQLite connections keep foreign keys and real transactions."""
    kind = url.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        raise ArchiveNameError(
            f"{shown_server(url)}: no driver for this database: an archive is a SQLite file or on "
            "PostgreSQL"
        )
    try:
        if kind == "postgresql":
            return build_server_engine(url, WRITING)
        engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S})
    except ModuleNotFoundError as error:
        raise ArchiveNameError(
            f'{shown(url)}: PostgreSQL needs a driver: pip install "tgstance[postgresql]"'
        ) from error
    except NoSuchModuleError as error:
        raise ArchiveNameError(
            f"{shown_server(url)}: no driver for this database ({error})"
        ) from error
    event.listen(engine, "connect", set_pragmas)
    event.listen(engine, "begin", emit_begin)
    event.listen(engine, "invalidate", release_lock)
    return engine


def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    """Prepare a new SQLite connection."""
    # Python's own transaction control would leave SELECT and CREATE TABLE outside transactions.
    connection.isolation_level = None
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def emit_begin(connection: Connection) -> None:
    """Begin a SQLite transaction, taking the write lock at once where writing is meant.

    A transaction that reads first and then asks for the lock is refused without any waiting if
    somebody else has written in between.
    """
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def release_lock(
    connection: sqlite3.Connection, _record: object, _error: BaseException | None
) -> None:
    """Roll back what SQLAlchemy gives up without a rollback: a connection that was interrupted.

    It only closes it, and SQLite keeps the lock of a closed connection as long as a cursor of it
    is alive, as in the traceback of the interrupt.
    """
    with suppress(sqlite3.Error):
        connection.rollback()


def migrate(archive: Archive, migrations: Sequence[Migrations]) -> None:
    """Bring every package to its newest revision; cheap when nothing is to be done."""
    with archive.connect() as connection:
        if not outdated(connection, migrations):
            return
    if archive.engine.dialect.name == "sqlite":
        use_write_ahead_log(archive.engine)
    with archive.begin() as connection:
        # Another process may have migrated while this one waited for the lock.
        for package in outdated(connection, migrations):
            upgrade(connection, package)


def use_write_ahead_log(engine: Engine) -> None:
    """Let others read while one writes; the file remembers it."""
    with database_errors(engine.url), closing(engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA journal_mode = WAL")  # not allowed in a transaction


def outdated(connection: Connection, migrations: Sequence[Migrations]) -> list[Migrations]:
    """Return the packages whose tables are not at the newest revision.

    Raises ArchiveNameError for another program's database, ArchiveError for a newer tgstance's.
    """
    name = shown(connection.engine.url)
    tables = set(inspect(connection).get_table_names())
    foreign = tables and not any(table.startswith("alembic_version_") for table in tables)
    if foreign and connection.dialect.name == "sqlite":
        raise ArchiveNameError(f"{name}: is the database of another program; name another file")
    return [package for package in migrations if is_outdated(connection, package, tables)]


def is_outdated(connection: Connection, package: Migrations, tables: set[str]) -> bool:
    """Tell whether the database lacks revisions of one package."""
    if package.version_table not in tables:
        return True
    query = text(f"SELECT version_num FROM {package.version_table}")  # noqa: S608 (our own name)
    version = connection.execute(query).scalar()
    known = package.revisions()
    if version is not None and version not in known:
        name = shown(connection.engine.url)
        raise ArchiveError(
            f"{name}: was written by a newer tgstance "
            f"({package.package} {version}, known up to {known[-1]}); update tgstance"
        )
    return version != known[-1]


def upgrade(connection: Connection, package: Migrations) -> None:
    """Run one package's outstanding migrations inside the caller's transaction."""
    from alembic import command  # noqa: PLC0415 (slow to import, and rarely needed)
    from alembic.config import Config  # noqa: PLC0415 (as above)

    config = Config(attributes={"connection": connection, "version_table": package.version_table})
    config.set_main_option("script_location", escaped(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", escaped(package.directory))
    command.upgrade(config, "head")


def escaped(path: Path) -> str:
    """Return a path as a value of Alembic's configuration, where % begins a substitution."""
    return str(path).replace("%", "%%")
