"""Nothing secret is shown, logged, recorded or left behind, whatever goes wrong."""

import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from telethon.sessions import StringSession

from tests.telegram_server import Account, TelegramServer
from tests.tgstance.conftest import API_HASH
from tests.tgstance.started import TGSTANCE, closed_port
from tgstance.config import load_config

Run = Callable[..., Any]
PHONE, CODE, PASSWORD = "+380671234567", "73519", "correct horse"


@pytest.fixture
def account(world: Any) -> Account:
    return world.add_account(phone=PHONE, code=CODE, password=PASSWORD)


@pytest.fixture
def session(server: TelegramServer, account: Account) -> str:
    return server.session(account)


def secrets_of(session: str) -> list[str]:
    key = StringSession(session).auth_key.key
    written = key.hex(), urlsafe_b64encode(key).decode(), repr(key)[2:-1]
    whole = [API_HASH, session, session[20:], PASSWORD, PHONE[1:], *written]
    return [part for secret in whole for part in (secret[:24], secret[-24:])]


def assert_kept(text: str, session: str) -> None:
    assert [secret for secret in secrets_of(session) if secret in text] == []


def files_beside(*but: Path) -> Iterator[tuple[Path, bytes]]:
    for path in Path().rglob("*"):
        if path.is_file() and path.resolve() not in but:
            yield path, path.read_bytes()


FAULTS = {
    "none": lambda server: server.faults.clear(),
    "revoked": lambda server: server.faults.error("*", 401, "SESSION_REVOKED", times=None),
    "duplicated": lambda server: server.faults.error("*", 406, "AUTH_KEY_DUPLICATED", times=None),
    "flood": lambda server: server.faults.flood("*", 900, times=None),
    "refused": lambda server: server.faults.error("*", 400, "API_ID_INVALID", times=None),
    "errors": lambda server: server.faults.error("*", 500, "INTERNAL", times=None),
    "drops": lambda server: server.faults.drop("*", times=None),
    "drops in answers": lambda server: server.faults.drop("*", times=None, where="middle"),
    "bad salt": lambda server: server.faults.bad_salt(3),
    "unknown key": lambda server: server.forget_keys(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_collecting(
    ready: Run,
    server: TelegramServer,
    session: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setenv("TGSTANCE_SESSION", session)
    FAULTS[fault](server)
    result = ready("-vv", "--log-file", "run.log", "collect", "@test_news")
    assert result.code in {0, 2, 3, 4, 75}
    assert "Traceback" not in result.err
    assert Path("run.log").stat().st_size  # it is among the files below
    assert_kept(result.out + result.err + ready("status").out, session)
    for path, content in files_beside():
        assert_kept(content.decode("latin-1"), session)
        assert StringSession(session).auth_key.key not in content, path


@pytest.mark.sqlite_only
def test_the_configuration_in_the_table_of_runs(
    ready: Run, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH"):
        monkeypatch.delenv(name)
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write(f"[telegram]\napi_id = 1\napi_hash = '{API_HASH}'\n")
    assert ready("collect", "@test_news").code == 0
    with sqlite3.connect("tgstance.sqlite") as database:
        (recorded,) = database.execute("SELECT config FROM runs").fetchone()
    assert '"api_hash": "**********"' in recorded
    assert_kept(recorded, session)


def test_the_password_of_a_database_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "tgstance.toml"
    path.write_text("[archive]\nlocation = 'postgresql://me:hidden@host/db'\n")
    assert load_config(path).as_json()["archive"] == {"location": "postgresql://me:***@host/db"}


@pytest.mark.parametrize(
    "line", [f"api_hash = {API_HASH}", f"api_id = '{API_HASH}'", f"api-hash = '{API_HASH}'"]
)
def test_a_configuration_with_a_mistake(run: Run, line: str) -> None:
    Path("tgstance.toml").write_text(f"[telegram]\n{line}\n")
    result = run("-vv", "collect", "@test_news")
    assert result.code == 2
    assert API_HASH not in result.err


@pytest.mark.parametrize("cut", [slice(-10), slice(1, None), slice(40), slice(0, None, 2)])
def test_a_damaged_session(
    ready: Run, session: str, monkeypatch: pytest.MonkeyPatch, cut: slice
) -> None:
    damaged = session[cut]
    monkeypatch.setenv("TGSTANCE_SESSION", damaged)
    result = ready("-vv", "collect", "@test_news")
    assert result.code == 2
    assert damaged[:20] not in result.err
    assert damaged[-20:] not in result.err


def test_an_unexpected_error(ready: Run, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGSTANCE_SESSION", session)
    monkeypatch.setattr("collector.telegram.collecting.make_client", lambda *_, **__: 1 / 0)
    for options in (["-vv"], ["-vv", "--log-format", "json"]):
        result = ready(*options, "--log-file", f"{len(options)}.log", "collect", "@test_news")
        assert "ZeroDivisionError" in result.err
        assert_kept(result.err + Path(f"{len(options)}.log").read_text(), session)


def test_the_password_of_a_database_that_does_not_answer(ready: Run) -> None:
    url = f"postgresql://me:hidden@127.0.0.1:{closed_port()}/db"
    result = ready("-vv", "--log-file", "run.log", "--archive", url, "status")
    assert result.code
    assert "hidden" not in result.err + Path("run.log").read_text()


def test_a_server_that_is_not_there(
    ready: Run, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = StringSession(session)
    moved.set_dc(2, "127.0.0.1", closed_port())
    monkeypatch.setenv("TGSTANCE_SESSION", moved.save())
    assert_kept(ready("-vv", "collect", "@test_news").err, moved.save())


@pytest.mark.parametrize("command", ["collect", "login", "logout", "status"])
def test_help(ready: Run, session: str, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("TGSTANCE_SESSION", session)
    assert_kept(ready(command, "--help").out, session)


def test_signing_in(
    run: Run, api: None, server: TelegramServer, account: Account, tmp_path: Path
) -> None:
    file = tmp_path / "data/tgstance/telegram.session"
    file.parent.mkdir(parents=True)
    file.write_text(server.unsigned_session())
    terminal = pexpect.spawn(TGSTANCE, ["-vv", "login"], encoding="utf-8", echo=False)
    pairs = [("Phone number", PHONE), ("Code", "99999"), ("Code", CODE)]
    pairs += [("Two-step", "wrong horse"), ("Two-step", PASSWORD)]
    shown = ""
    for prompt, text in pairs:
        terminal.expect(prompt)
        shown += terminal.before
        terminal.sendline(text)
    terminal.expect(pexpect.EOF)
    shown += terminal.before
    terminal.wait()
    assert terminal.exitstatus == 0, shown
    assert "horse" not in shown
    assert CODE not in shown
    assert_kept(shown, file.read_text().strip())
    for _, content in files_beside(file):
        assert_kept(content.decode("latin-1"), file.read_text().strip())


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://me:hidden-horse@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=hidden-horse",
        "postgresql+nothing://me:hidden-horse@127.0.0.1:1/db",
        "postgresql://me:hidden-horse@[::1/db",
        "mysql://me:hidden-horse@127.0.0.1:1/db",
    ],
)
@pytest.mark.parametrize("command", ["status", "report", "collect"])
def test_the_password_of_a_database_is_not_shown(run: Run, location: str, command: str) -> None:
    Path("tgstance.toml").write_text(f"[archive]\nlocation = '{location}'\n")
    outcome = run("-vv", "--log-file", "a.log", command)
    assert outcome.code in {1, 2, 75}
    shown = outcome.out + outcome.err + Path("a.log").read_text()
    assert "hidden-horse" not in shown
