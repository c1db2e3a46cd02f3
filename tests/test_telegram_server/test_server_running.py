"""Stopping, starting again, and the server as a program."""

import gzip
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telethon import TelegramClient

from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tests.telegram_server.asking import ask, history

DEMO = Path("tgstance/demo/posts.jsonl")


def test_restart_on_the_same_port(world: World, news: ServedChannel, account: Account) -> None:
    with TelegramServer(world) as server:
        session = server.session(account)
        assert ask(session, history).messages == []
    with pytest.raises(ConnectionError):
        ask(session, history, connection_retries=1)
    news.post("Back again")
    with TelegramServer(world, port=server.port):
        assert ask(session, history).count == 1


def test_port_in_use(world: World, server: TelegramServer) -> None:
    with pytest.raises(OSError, match="in use"), TelegramServer(world, port=server.port):
        pass


@pytest.mark.parametrize("compressed", [False, True])
def test_serves_a_file(tmp_path: Path, *, compressed: bool) -> None:
    posts, session = DEMO, tmp_path / "session"
    if compressed:
        posts = tmp_path / "posts.jsonl.gz"
        posts.write_bytes(gzip.compress(DEMO.read_bytes()))
    command = [sys.executable, "-m", "tests.telegram_server", "--channels", str(posts)]
    with subprocess.Popen(
        [*command, "--recent", "--session", str(session)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            lines = iter(process.stdout.readline, "")
            signed = next(line for line in lines if line.startswith("TGSTANCE_SESSION="))
            newest = ask(signed.strip().partition("=")[2], newest_of_all)
            assert ask(session.read_text().strip(), lambda client: client.get_me()) is None
            assert session.stat().st_mode & 0o777 == 0o600
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert abs(datetime.now(UTC) - newest) < timedelta(minutes=1)


async def newest_of_all(client: TelegramClient) -> datetime:
    names = set(re.findall(r'"channel": "(\w+)"', DEMO.read_text("utf-8")))
    pages = [await client.get_messages(name, limit=100) for name in names]
    assert sum(map(len, pages)) == 291
    return max(page[0].date for page in pages)
