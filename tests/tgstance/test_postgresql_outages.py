"""The command on a server that goes away, stands still, or is kept by others: never for ever."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from collector.advisory_locks import ARCHIVE
from collector.archive import open_archive
from collector.errors import ArchiveUnavailableError
from collector.tables import posts as posts_table
from models.tables import readings, scores
from tests.postgres import ADMIN, PASSWORD, Postgres
from tests.telegram_server import TelegramServer, World
from tests.tgstance.asked import count, last_run, opened
from tests.tgstance.conftest import QUICK
from tests.tgstance.doctor.examined import examine
from tests.tgstance.started import start, wait_until

pytestmark = pytest.mark.parametrize("archive_kind", ["postgresql"])

Run = Callable[..., Any]
LOST = "the connection to the server was lost; run the same command again to go on"
COUNT = 600


@pytest.fixture
def first_words(run: Run, posts: Path) -> Run:
    """The command on a database of four posts."""
    Path("tgstance.toml").touch()
    assert run("import", str(posts)).code == 0
    return run


def one_line(told: str) -> str:
    lines = told.splitlines()
    assert len(lines) == 1, told
    assert PASSWORD not in told
    return lines[0]


@pytest.mark.slow
def test_a_server_that_is_restarted_in_the_middle_of_a_run(
    ready: Run, world: World, server: TelegramServer, postgres: Postgres
) -> None:
    texts = [f"Трамп {number}" for number in range(COUNT)]
    world.add_channel("long_one").post_many(texts)
    configured = 'channels = ["@long_one"]\n[models]\nbackend = "torch"\n'
    Path("tgstance.toml").write_text(QUICK + configured, encoding="utf-8")
    server.faults.silent("GetHistoryRequest", times=None, after=3)
    with started("-q", "run") as process:
        wait_until(lambda: count(posts_table) > 0, 60)
        postgres.stop()
        postgres.start()
        server.faults.clear()
        _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert PASSWORD not in told
    assert LOST in told
    assert ready("run").code == 0
    assert (count(posts_table), count(readings), count(scores)) == (COUNT,) * 3
    assert last_run("run")[0] == 0
    assert examine(ready).checks("wrong") == []


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_a_server_that_stands_still_is_given_up(
    first_words: Run, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.answering.GRACE_S", 0)
    limits = "connect_timeout=2&options=-c statement_timeout=5s"
    location = f"{os.environ['TGSTANCE_ARCHIVE']}?{limits}"
    with open_archive(location) as archive:
        with postgres.frozen():
            for _ in range(2):  # on the connection that there is, and on a new one
                with pytest.raises(ArchiveUnavailableError), archive.connect() as connection:
                    connection.exec_driver_sql("SELECT 1")
            refused = first_words("--archive", location, "status")
        assert refused.code == 75
        assert "cannot be reached" in one_line(refused.err)
        with archive.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(posts_table)) == 4
    assert "4 posts" in first_words("status").out


def test_locks_of_a_server_that_stands_still_are_let_go(
    postgres: Postgres, archive_location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.advisory_locks.PATIENCE_S", 1)
    held = ExitStack()
    archive = held.enter_context(open_archive(archive_location))
    held.enter_context(archive.hold(ARCHIVE))
    with postgres.frozen():
        began = time.monotonic()
        held.close()
        assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("lock_timeout", "is in use by others; try again later"),
        ("statement_timeout", "try again later, or with ?options=-c statement_timeout=... in the"),
    ],
)
def test_what_others_keep_is_not_waited_for_for_ever(
    first_words: Run, posts: Path, limit: str, said: str
) -> None:
    location = os.environ["TGSTANCE_ARCHIVE"]
    with psycopg.connect(location) as other:
        other.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        ended = first_words(
            *("--archive", f"{location}?options=-c {limit}=400", "-q", "import", str(posts))
        )
    assert ended.code == 75
    assert said in one_line(ended.err)
    assert "0 new, 0 updated, 4 unchanged" in first_words("import", str(posts)).err


def test_limits_are_set_on_every_connection(archive_location: str) -> None:
    names = ["lock_timeout", "statement_timeout", "tcp_keepalives_idle", "tcp_keepalives_count"]
    with open_archive(archive_location) as archive, archive.connect() as connection:
        told = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names}
    assert told == dict(zip(names, ["30s", "1h", "30", "3"], strict=True))


def role(postgres: Postgres, name: str, rights: str) -> str:
    """Make a user with some rights on all tables; return the URL by which they connect."""
    location = os.environ["TGSTANCE_ARCHIVE"]
    database = location.rpartition("/")[2]
    made = f"""
        CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}';
        GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name};
    """
    postgres.execute(made, database)
    return location.replace(f"{ADMIN}:", f"{name}:")


@pytest.fixture
def guest(first_words: Run, postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Return a function that gives a user some rights on the archive."""
    database = os.environ["TGSTANCE_ARCHIVE"].rpartition("/")[2]
    yield lambda rights: role(postgres, "guest_of_tests", rights)
    postgres.execute("DROP OWNED BY guest_of_tests", database)
    postgres.execute("DROP ROLE guest_of_tests")


def test_who_may_only_read_can_look_and_not_write(
    first_words: Run, guest: Callable[[str], str], posts: Path
) -> None:
    location = guest("SELECT")
    assert "4 posts" in first_words("--archive", location, "status").out
    ended = first_words("--archive", location, "-q", "import", str(posts))
    assert ended.code == 2
    assert "permission denied" in one_line(ended.err)
    assert "needs the right to create, read and write tables" in ended.err
    assert first_words("--archive", location, "export", "out").code == 0


def test_only_the_owner_of_the_tables_can_erase(
    first_words: Run, guest: Callable[[str], str], postgres: Postgres
) -> None:
    location = guest("SELECT, INSERT, UPDATE, DELETE")
    prune = ("-q", "prune", "--older-than", "0d", "--yes", "--unlabelled")
    ended = first_words("--archive", location, *prune)
    assert ended.code == 2
    told = "(vacuum it|to vacuum .*): .* run the same command again as the user who owns the"
    assert re.search(told, one_line(ended.err))
    postgres.execute("ALTER ROLE guest_of_tests SET client_min_messages = 'error'")
    assert re.search(told, one_line(first_words("--archive", location, *prune).err))
    assert first_words(*prune).code == 0
    with opened() as archive, archive.connect() as connection:
        assert set(connection.scalars(select(posts_table.c.text))) == {""}


@pytest.fixture
def encrypted(postgres: Postgres, tmp_path: Path) -> Iterator[Path]:
    """The server with TLS; gives the certificate that vouches for it."""
    key, certificate = postgres.home / "server.key", postgres.home / "server.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    postgres.run(*command, "-keyout", str(key), "-out", str(certificate))
    with postgres.set_to(ssl_cert_file=str(certificate), ssl_key_file=str(key), ssl="on"):
        copy = tmp_path / "authority.crt"
        copy.write_bytes(certificate.read_bytes())
        yield copy


def test_tls_is_as_the_url_asks(
    first_words: Run, encrypted: Path, tmp_path: Path, archive_location: str
) -> None:
    trusted = f"{archive_location}?sslmode=verify-full&sslrootcert={encrypted}"
    assert "4 posts" in first_words("--archive", trusted, "status").out
    with open_archive(trusted) as archive, archive.connect() as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.exec_driver_sql(query).scalar() is True
    stranger = tmp_path / "stranger.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"]
    made = [*command, "-keyout", str(tmp_path / "other.key"), "-out", str(stranger)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    for name, said in ((stranger, "certificate verify failed"), ("none.crt", "does not exist")):
        url = f"{archive_location}?sslmode=verify-full&sslrootcert={name}"
        refused = first_words("--archive", url, "status")
        assert refused.code == 2, refused.err
        assert said in one_line(refused.err)


def test_a_server_without_the_tls_that_is_asked_for(
    first_words: Run, archive_location: str
) -> None:
    refused = first_words("--archive", f"{archive_location}?sslmode=require", "status")
    assert refused.code == 2
    assert "SSL" in one_line(refused.err)
