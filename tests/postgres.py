"""A PostgreSQL server to be thrown away: Debian's programs, its own directory, a free port."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["ABSENT", "Postgres", "programs", "serving"]

ABSENT = "needs PostgreSQL's initdb and pg_ctl (Debian: apt-get install postgresql)"
ADMIN = "tgstance"
PASSWORD = "s3cret-of-tests"  # noqa: S105 (of a server that is gone when the tests end)
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
    "autovacuum": "off",
    "lc_messages": "C",
    # What an archive is not to depend on:
    "timezone": "Asia/Kathmandu",
    "datestyle": "German",
    "default_transaction_isolation": "serializable",
}


def programs() -> Path | None:
    """Return the directory of the newest PostgreSQL there is."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max(
        (path.parent for path in found), key=lambda path: int(path.parent.name), default=None
    )


class Postgres:
    """A running server; its user may do everything, over TCP and with a password."""

    def __init__(self, home: Path, bin_directory: Path) -> None:
        self.home = home
        self.bin = bin_directory
        self.port = free_port()

    def url(self, database: str, *, user: str = ADMIN, password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def initialise(self) -> None:
        (self.home / "password").write_text(PASSWORD)
        self.program(
            *("initdb", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"),
            *(f"--username={ADMIN}", f"--pwfile={self.home / 'password'}", "data"),
        )
        with (self.home / "data/postgresql.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            config.write(f"unix_socket_directories = '{self.home}'\n")

    def start(self) -> None:
        log = f"--log={self.home / 'log'}"
        self.program("pg_ctl", "--wait", "-D", "data", log, f"--options=-p {self.port}", "start")

    def stop(self) -> None:
        self.program("pg_ctl", "--wait", "--mode=immediate", "-D", "data", "stop")

    def program(self, name: str, *arguments: str) -> None:
        """Run one of the programs, which refuse to be run by root."""
        subprocess.run(
            [self.bin / name, *arguments],
            **ordinary_user(),
            cwd=self.home,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server
            stderr=subprocess.DEVNULL,
        )

    def execute(self, statement: str, database: str = "postgres") -> Sequence[Any]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template: str = "template1") -> str:
        name = f"archive_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def ordinary_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(bin_directory: Path) -> Iterator[Postgres]:
    """Run a server for the length of the block, in a directory that its user may enter."""
    home = Path(tempfile.mkdtemp(prefix="tgstance-postgres-"))
    try:
        user = ordinary_user()
        if user:
            os.chown(home, user["user"], user["group"])
        server = Postgres(home, bin_directory)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
