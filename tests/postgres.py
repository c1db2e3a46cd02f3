"""A PostgreSQL server to be thrown away: Debian's programs, its own directory, a free port.

Whatever is asked of it is broken off after a while: no test, and no end of one, waits for ever.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["ABSENT", "Postgres", "programs", "serving"]

ABSENT = "needs PostgreSQL's initdb and pg_ctl (Debian: apt-get install postgresql)"
ADMIN = "tgstance"
PASSWORD = "s3cret-of-tests"  # noqa: S105 (of a server that is gone when the tests end)
PATIENCE_S = 60  # of a statement; twice of a program
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
        """End it at once, as a power cut would."""
        try:
            self.program("pg_ctl", "--wait", "--mode=immediate", "-D", "data", "stop")
        except subprocess.SubprocessError:
            self.kill()
            raise

    def kill(self) -> None:
        """End a server that does not end; its processes see that the first of them is gone."""
        with suppress(OSError, IndexError, ValueError):
            number = (self.home / "data/postmaster.pid").read_text().splitlines()[0]
            os.kill(int(number), signal.SIGKILL)

    def processes(self) -> list[int]:
        """Return the numbers of its processes, the first one last."""
        number = (self.home / "data/postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return [int(process) for process in (*children, number)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still for the length of the block, as on a disk that does not answer."""
        processes = self.processes()
        try:
            send(signal.SIGSTOP, processes)
            yield
        finally:
            send(signal.SIGCONT, processes)

    @contextmanager
    def set_to(self, **settings: str) -> Iterator[None]:
        """Change settings for the length of the block."""
        for name, value in settings.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            self.execute("ALTER SYSTEM RESET ALL")
            self.execute("SELECT pg_reload_conf()")

    def program(self, name: str, *arguments: str) -> None:
        """Run one of the server's programs."""
        self.run(str(self.bin / name), *arguments)

    def run(self, *command: str) -> None:
        """Run a program as the user of the server, whose programs refuse to be run by root."""
        subprocess.run(
            command,
            **ordinary_user(),
            cwd=self.home,
            check=True,
            timeout=2 * PATIENCE_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server
            stderr=subprocess.DEVNULL,
        )

    def execute(self, statement: str, database: str = "postgres") -> Sequence[Any]:
        """Run a statement as a user who may do everything."""
        limits = {"connect_timeout": 10, "options": f"-c statement_timeout={PATIENCE_S}s"}
        with psycopg.connect(self.url(database), autocommit=True, **limits) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def files(self, database: str) -> Iterator[Path]:
        """Return the files of a database's tables."""
        numbers = dict(self.execute("SELECT datname, oid FROM pg_database"))
        return (self.home / f"data/base/{numbers[database]}").iterdir()

    def create_database(self, template: str = "template1") -> str:
        name = f"archive_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def send(number: signal.Signals, processes: Sequence[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # of a connection that has just ended
            os.kill(process, number)


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
