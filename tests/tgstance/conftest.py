"""The command, run as a user runs it, in a directory of its own."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tgstance.cli import main

POSTS = [
    ("Трамп победил, отличная новость!", "2025-11-03T10:00:00Z"),
    ("Санкции против страны не сработали", "2025-11-04T10:00:00Z"),
    ("Погода: дождь", "2025-11-05T10:00:00Z"),
    ("Трампу снова позвонили из НАТО", "2025-11-12T10:00:00Z"),
]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


API_HASH = "0123456789abcdef0123456789abcdef"
QUICK = "[collect]\npace = 0\nattempts = 1\ntimeout = 5\n"


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests off the account and the data directory of whoever runs them."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TGSTANCE_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", "http://127.0.0.1:1")  # where nobody listens


@pytest.fixture(autouse=True)
def archive_apart(
    archive_kind: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Give the command a database where this test runs on a server."""
    if archive_kind == "postgresql":
        monkeypatch.setenv("TGSTANCE_ARCHIVE", request.getfixturevalue("database"))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what the command does to logging, which other tests look at."""
    logger = logging.getLogger("tgstance")
    before = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Return a function that runs the command in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Return a file of four posts of one channel."""
    path = tmp_path / "posts.jsonl"
    rows = [
        {
            "channel": "@test_news",
            "title": "Test news",
            "message_id": number,
            "date": date,
            "text": text,
        }
        for number, (text, date) in enumerate(POSTS, start=1)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def news(world: World) -> ServedChannel:
    """A channel of three posts."""
    channel = world.add_channel("test_news", title="Test news")
    channel.post_many(["Трамп победил", "Погода: дождь", "Санкции"])
    return channel


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's credentials, in the environment."""
    monkeypatch.setenv("TELEGRAM_API_ID", "1")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)


@pytest.fixture
def ready(
    run: Callable[..., Outcome],
    api: None,
    server: TelegramServer,
    account: Account,
    news: ServedChannel,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Outcome]:
    """Return a function that runs the command as somebody who can collect, in no hurry to wait."""
    Path("tgstance.toml").write_text(QUICK, encoding="utf-8")
    monkeypatch.setenv("TGSTANCE_SESSION", server.session(account))
    return run
