"""What is made is private, and nothing of what strangers write becomes part of a path."""

import asyncio
import json
import os
import shutil
import ssl
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.archive import open_archive
from collector.calls import UnconnectedError
from collector.errors import ConfigError
from collector.naming import parse_channel
from collector.preview.site import Connection, Site
from tests.tgstance.conftest import Outcome

Run = Callable[..., Outcome]
PATHS = ("../../escaped", "/tmp/tgstance-escaped", "a/../../b", "..\\..\\c", "x\n/y", "~root/z")  # noqa: S108 (it is not made)


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Make files as open as programs let them be."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("no_umask")
def test_archive_and_its_companions_are_private_whatever_the_umask(tmp_path: Path) -> None:
    with open_archive(tmp_path / "a.sqlite") as archive, archive.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM posts").all()
        names = {path.name: mode(path) for path in tmp_path.iterdir()}
    assert {"a.sqlite", "a.sqlite-wal", "a.sqlite-shm"} <= names.keys()
    assert set(names.values()) == {0o600}


@pytest.mark.usefixtures("no_umask")
def test_what_commands_leave_beside_the_archive_is_private(run: Run) -> None:
    row = {"channel_id": 5, "message_id": 1, "date": "2025-11-05", "text": "x"}
    Path("posts.jsonl").write_text(json.dumps(row))
    Path("tgstance.toml").write_text("")
    mine = set(Path().rglob("*"))
    assert run("--log-file", "logs/a.log", "import", "posts.jsonl").code == 0
    made = [path for path in Path().rglob("*") if path not in mine]
    assert {"tgstance.sqlite", "a.log"} <= {path.name for path in made}
    assert [path for path in made if path.is_file() and mode(path) & 0o077] == []
    assert mode(Path("logs")) == 0o700


@pytest.mark.parametrize("name", PATHS)
def test_nothing_of_the_data_becomes_a_path(run: Run, tmp_path: Path, name: str) -> None:
    rows = [
        {"channel_id": 5, "title": name, "message_id": 1, "date": "2025-11-05", "text": name,
         "media": name[:32], "forward_name": name, "reactions": {name: 1}},
        {"channel": f"@{name}", "message_id": 2, "date": "2025-11-05", "text": "Трамп"},
    ]  # fmt: skip
    Path("posts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    Path("tgstance.toml").write_text('[[targets]]\nname = "Трамп"\n', encoding="utf-8")
    outside = set(tmp_path.parent.iterdir())
    run("import", "posts.jsonl")
    assert run("report", "--posts", "--format", "csv,html").code == 0
    made = {path.name for path in tmp_path.rglob("*")}
    assert not {part for part in made if "escaped" in part or part in {"b", "c", "y", "z"}}
    assert set(tmp_path.parent.iterdir()) == outside
    assert not Path("/tmp/tgstance-escaped").exists()  # noqa: S108 (it is not to be there)


@given(
    st.one_of(st.text(), st.sampled_from(PATHS).map("t.me/{}".format), st.from_regex(r"t\.me/.*"))
)
def test_the_name_of_a_channel_is_no_path(text: str) -> None:
    """Pages that are kept aside have it in their names."""
    with suppress(ConfigError):
        name = parse_channel(text)
        if name.username:
            assert name.username.replace("_", "").isalnum()
            assert name.username.isascii()


@pytest.fixture
def imposter(tmp_path: Path) -> Iterator[int]:
    """A server for HTTPS whose certificate nobody vouches for; gives its port."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused(imposter: int) -> None:
    async def ask() -> None:
        connection = Connection(Site(f"https://127.0.0.1:{imposter}"), 10)
        try:
            await connection.get("s/news")
        finally:
            await connection.close()

    with pytest.raises(UnconnectedError, match="its certificate is not valid"):
        asyncio.run(ask())
