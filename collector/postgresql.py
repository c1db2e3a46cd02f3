"""An archive on a PostgreSQL server: how connections are made, and what its errors mean."""

import os
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from collector.errors import ArchiveError, ArchiveNameError, ArchiveUnavailableError

if TYPE_CHECKING:
    from psycopg import Connection as Connected

    from collector.answering import AnsweredConnection

__all__ = ["build_server_engine", "failure", "reading_only", "shown_server", "with_driver"]

NAMES = {"postgresql", "postgres"}  # psql takes both
DRIVER = "postgresql+psycopg"
WRITE_LOCK = "SELECT pg_advisory_xact_lock(1952936820, 0)"  # "tgst", and no number of a Lock

# A dead network is noticed within about a minute by both sides, so that the locks of a computer
# that is gone do not stay; the server's own default is two hours.
CONNECTING = {
    "connect_timeout": "10",
    "client_encoding": "utf8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
LONGEST_S = 3_600  # of one statement: rewriting the tables of a large archive takes long
SETTINGS = {
    "lock_timeout": "30s",
    "statement_timeout": f"{LONGEST_S}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "datestyle": "ISO",
    "timezone": "UTC",
}
WHERE = ("host", "hostaddr", "port", "service")
NOBODY = {"user": "nobody", "dbname": "postgres"}
GONE = "the connection to the server was lost; run the same command again to go on"
READ_ONLY = "-c default_transaction_read_only=on"

# Of conditions in https://www.postgresql.org/docs/current/errcodes-appendix.html
BUSY = {"55P03", "40001", "40P01", "53300"}
BROKEN_OFF = "57014"
LOST = ("08", "57P")
NO_RIGHTS = ("42501", "25006", "28")
FULL = re.compile("too many|remaining connection slots")  # a refusal comes without its code
SECONDS = re.compile(r"[1-9]\d*")
FATAL = re.compile(r"FATAL:\s+(.+)")


def with_driver(url: URL) -> URL:
    """Return the URL of a server with the driver that is used; any other URL as it is."""
    return url.set(drivername=DRIVER) if url.get_backend_name() in NAMES else url


def shown_server(url: URL) -> str:
    """Return a URL for messages: no password, nor the options, which can hold one too."""
    return url.set(query={}).render_as_string(hide_password=True)


def reading_only(url: URL) -> URL:
    """Return the URL by which a server refuses to write."""
    options = f"{READ_ONLY} {_told_options(url)}".strip()
    return url.update_query_dict({"options": options})


def build_server_engine(url: URL, writing: str) -> Engine:
    """Return an engine whose transactions with the execution option `writing` come one by one.

    Like those of SQLite: what a transaction finds stays true until it ends, and ids are given in
    the order in which rows appear to others. Several programs would otherwise insert the same new
    name twice, or pass by a reading whose id is lower than one that came before it.
    """
    given = {key: value for key, value in CONNECTING.items() if key not in url.query}
    settings = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    given["options"] = f"{settings} {_told_options(url)}".strip()
    engine = create_engine(url, connect_args=given, isolation_level="READ COMMITTED")
    from collector.answering import AnsweredConnection  # noqa: PLC0415 (needs an extra)

    def connect(
        _dialect: object, _record: object, told: list[Any], named: dict[str, Any]
    ) -> AnsweredConnection:
        return AnsweredConnection.connect(*told, **named)

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(writing, False):
            connection.exec_driver_sql(WRITE_LOCK)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "begin", begin)
    event.listen(engine, "connect", _check_encoding)
    event.listen(engine, "connect", _follow_server)
    return engine


def _told_options(url: URL) -> str:
    told = url.query.get("options", os.environ.get("PGOPTIONS", ""))
    return told if isinstance(told, str) else " ".join(told)


def _check_encoding(connection: "Connected[Any]", _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise ArchiveNameError(
            f"the database {name} holds texts as {encoding}; create one WITH ENCODING 'UTF8' "
            "TEMPLATE template0"
        )


def _follow_server(connection: "AnsweredConnection", _record: object) -> None:
    connection.follow_server()


def failure(error: DatabaseError | InterfaceError, url: URL) -> ArchiveError | None:
    """Return what an error of a server means to its user; None if a statement was wrong."""
    orig = error.orig
    state = getattr(orig, "sqlstate", None) or ""
    if error.connection_invalidated or state.startswith(LOST):
        return ArchiveUnavailableError(f"{shown_server(url)}: {GONE}")
    if not state and isinstance(error, OperationalError):
        return _not_connected(str(orig), url)
    reason = next(iter(str(orig).strip().splitlines()), type(orig).__name__)
    return _refusal(error, state, f"{shown_server(url)}: {reason}")


def _refusal(error: DatabaseError | InterfaceError, state: str, told: str) -> ArchiveError | None:
    """Return what it means that a server does not do what it was told."""
    if state in BUSY:
        return ArchiveUnavailableError(f"{told}: is in use by others; try again later")
    if state == BROKEN_OFF:
        return ArchiveUnavailableError(
            f"{told}; try again later, or with ?options=-c statement_timeout=... in the URL"
        )
    if state.startswith(NO_RIGHTS):
        return ArchiveNameError(
            f"{told}; its user needs the right to create, read and write tables"
        )
    if not state and isinstance(error, ProgrammingError):  # no statement's: those have a code
        return ArchiveNameError(f"{told}; check the end of the URL")
    return ArchiveError(told) if isinstance(error, OperationalError | InternalError) else None


def _not_connected(message: str, url: URL) -> ArchiveError:
    """Tell a server that is not there from one that refuses; in which language is its own."""
    shown = shown_server(url)
    refusals = FATAL.findall(message)
    lines = refusals[-1:] or message.strip().splitlines() or [""]
    reason = lines[0].rpartition("failed: ")[2].strip()
    if _answers(url) and not FULL.search(message):
        return ArchiveNameError(
            f"{shown}: the server refuses ({reason}); check the user, the password and the name "
            "of the database"
        )
    return ArchiveUnavailableError(f"{shown}: cannot be reached ({reason}); try again later")


def _answers(url: URL) -> bool:
    """Ask a server whether it takes connections.

    It says so without a password, and without TLS, which may be what it refuses: so it is told
    nothing but that it is asked.
    """
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 (an extra)
    from psycopg.pq import PGconn, Ping  # noqa: PLC0415 (as above)

    _, named = url.get_dialect()().create_connect_args(url)  # several hosts are one text there
    where = {name: named[name] for name in WHERE if name in named}
    told = str(named.get("connect_timeout"))
    limit = told if SECONDS.fullmatch(told) else CONNECTING["connect_timeout"]  # 0 is for ever
    asked = make_conninfo(**where, **NOBODY, connect_timeout=limit, sslmode="disable")
    return PGconn.ping(asked.encode()) in {Ping.OK, Ping.NO_ATTEMPT}
