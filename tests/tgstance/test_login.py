"""Signing in and out at a terminal; over TCP."""

import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.telegram_server import Account, TelegramServer, World
from tests.telegram_server.asking import ask
from tests.tgstance.started import TGSTANCE, wait_until

Run = Callable[..., Any]
PASSWORD = "correct horse"  # noqa: S105 (of an account that a test makes up)
PHONE, CODE, SECRET = "Phone number.*: ", "Code that Telegram has sent: ", "Two-step password: "


@pytest.fixture
def file(tmp_path: Path, api: None, server: TelegramServer, run: Run) -> Path:
    """Where the session is by default; it knows the way to the server, and is not signed in."""
    path = tmp_path / "data/tgstance/telegram.session"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text(server.unsigned_session())
    return path


def at_terminal(*arguments: str) -> pexpect.spawn:
    return pexpect.spawn(TGSTANCE, list(arguments), encoding="utf-8", timeout=15)


def ended(terminal: pexpect.spawn) -> tuple[int | None, str]:
    """The exit code and what was shown last."""
    terminal.expect(pexpect.EOF)
    terminal.wait()
    return terminal.exitstatus, terminal.before


def answer(terminal: pexpect.spawn, *pairs: tuple[str, str]) -> tuple[int | None, str]:
    for prompt, text in pairs:
        terminal.expect(prompt)
        terminal.sendline(text)
    return ended(terminal)


def signed_in_as(session: str) -> str | None:
    async def name(client: Any) -> str | None:
        me = await client.get_me()
        return me and me.first_name

    return ask(session, name)


def test_by_phone_and_code(file: Path, account: Account) -> None:
    code, shown = answer(at_terminal("login"), (PHONE, account.phone), (CODE, account.code))
    assert code == 0
    assert shown.split("\r\n")[1:] == [f"signed in as Test Account; the session is in {file}", ""]
    assert signed_in_as(file.read_text().strip()) == "Test Account"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_signed_in_already(file: Path, server: TelegramServer, account: Account) -> None:
    session = server.session(account)
    file.write_text(session)
    code, shown = ended(at_terminal("login"))
    assert (code, shown) == (0, f"signed in as Test Account; the session is in {file}\r\n")
    assert file.read_text().strip() == session


def test_a_wrong_code_then_the_right_one(file: Path, account: Account) -> None:
    pairs = (PHONE, account.phone), (CODE, "11111"), ("the code is wrong", ""), (CODE, account.code)
    terminal = at_terminal("login")
    for prompt, text in pairs:
        terminal.expect(prompt)
        if text:
            terminal.sendline(text)
    assert ended(terminal)[0] == 0


def test_three_wrong_codes(file: Path, account: Account) -> None:
    before = file.read_text()
    code, shown = answer(at_terminal("login"), (PHONE, account.phone), *[(CODE, "11111")] * 3)
    assert code == 4
    assert "tgstance: the code was wrong 3 times; run `tgstance login` again\r\n" in shown
    assert file.read_text() == before


@pytest.mark.parametrize("phone", ["hello", "+1 (000"])
def test_no_phone_number(file: Path, account: Account, phone: str) -> None:
    code, shown = answer(at_terminal("login"), (PHONE, phone))
    assert code == 4
    assert "tgstance: this is no phone number; give it as +380501234567\r\n" in shown


def test_a_number_without_an_account(file: Path, account: Account) -> None:
    code, shown = answer(at_terminal("login"), (PHONE, "+19999999999"), (CODE, "12345"))
    assert code == 4
    assert "tgstance: this number has no Telegram account\r\n" in shown


def test_a_password_is_not_shown(file: Path, account: Account) -> None:
    account.password = PASSWORD
    terminal = at_terminal("login")
    first = (PHONE, account.phone), (CODE, account.code), (SECRET, "wrong horse")
    for prompt, text in first:
        terminal.expect(prompt)
        terminal.sendline(text)
    code, shown = answer(terminal, (SECRET, PASSWORD))
    assert code == 0
    assert "horse" not in shown


def test_three_wrong_passwords(file: Path, account: Account) -> None:
    account.password = PASSWORD
    wrong = [(SECRET, "wrong horse")] * 3
    code, shown = answer(at_terminal("login"), (PHONE, account.phone), (CODE, account.code), *wrong)
    assert code == 4
    assert "tgstance: the password was wrong 3 times; run `tgstance login` again" in shown


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_by_qr_code(
    file: Path, world: World, server: TelegramServer, account: Account, password: str | None
) -> None:
    account.password = password
    terminal = at_terminal("login", "--qr")
    terminal.expect("Scan this in Telegram: Settings > Devices > Link desktop device")
    terminal.expect("[█▀▄]{10}")
    wait_until(lambda: any(login.token_shown for login in world.logins.values()))
    time.sleep(0.3)  # a phone needs longer
    server.accept_login_token(account)
    code, shown = answer(terminal, *[(SECRET, password)] if password else [])
    assert code == 0
    assert "signed in as Test Account" in shown
    assert "login?token" not in shown
    assert signed_in_as(file.read_text().strip()) == "Test Account"


@pytest.mark.parametrize("prompt", [CODE, "Scan this"])
def test_ctrl_c_leaves_everything_as_it_was(file: Path, account: Account, prompt: str) -> None:
    before = file.read_text()
    terminal = at_terminal("login", *["--qr"] * (prompt == "Scan this"))
    if prompt == CODE:
        terminal.expect(PHONE)
        terminal.sendline(account.phone)
    terminal.expect(prompt)
    time.sleep(0.3)
    asked = time.monotonic()
    terminal.sendintr()
    code, shown = ended(terminal)
    assert time.monotonic() - asked < 3
    assert code == 130
    assert shown.splitlines()[-1].startswith("tgstance: interrupted")
    assert "Traceback" not in shown
    assert file.read_text() == before
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, f"{file.name}.lock"]


def test_no_terminal(run: Run, api: None, tmp_path: Path) -> None:
    for redirection in ("</dev/null", "<&-"):
        command = f"{TGSTANCE} login {redirection}"
        result = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, check=False, timeout=20
        )
        assert result.returncode == 2, result.stderr
        assert result.stderr.startswith("tgstance: login needs a terminal")
    assert not (tmp_path / "data").exists()


def test_a_new_session_is_private_whatever_the_umask(
    api: None, run: Run, server: TelegramServer, account: Account, tmp_path: Path
) -> None:
    Path("tgstance.toml").write_text("[telegram]\nsession = 'deep/down/my.session'\n")
    Path("start.session").write_text(server.session(account))
    code = "from pathlib import Path; from telethon.sessions import StringSession; "
    code += "from collector.telegram.session import SessionFile; import os; os.umask(0); "
    code += "text = Path('start.session').read_text(); "
    code += "SessionFile(Path('deep/down/my.session')).write(StringSession(text))"
    subprocess.run([Path(TGSTANCE).with_name("python"), "-c", code], check=True)
    assert stat.S_IMODE(Path("deep/down/my.session").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("deep/down").stat().st_mode) == 0o700
    assert ended(at_terminal("login"))[0] == 0


def test_a_revoked_session_can_sign_in_again(
    ready: Run, file: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TGSTANCE_SESSION")
    sign_in = (PHONE, account.phone), (CODE, account.code)
    assert answer(at_terminal("login"), *sign_in)[0] == 0
    assert ready("collect", "@test_news").code == 0
    account.revoked = "SESSION_REVOKED"
    assert ready("collect", "@test_news").code == 4
    account.revoked = None
    subprocess.run([TGSTANCE, "logout"], check=True, capture_output=True)
    assert not file.exists()


def test_a_flood_wait(file: Path, server: TelegramServer, account: Account) -> None:
    server.faults.flood("SendCodeRequest", 900)
    code, shown = answer(at_terminal("login"), (PHONE, account.phone))
    assert code == 75
    assert "tgstance: Telegram asks to wait 900 s before the next try\r\n" in shown


def test_logout_ends_the_session_on_both_sides(
    file: Path, server: TelegramServer, account: Account, run: Run
) -> None:
    session = server.session(account)
    file.write_text(session)
    result = run("logout")
    assert result.code == 0
    assert f"signed out; {file} is deleted" in result.err
    assert not file.exists()
    assert server.count("LogOutRequest") == 1
    assert signed_in_as(session) is None


def test_logout_without_a_session(run: Run, api: None, tmp_path: Path) -> None:
    result = run("logout")
    assert result.code == 0
    assert f"nobody is signed in: there is no session at {tmp_path}/data/tgst" in result.err
    assert not (tmp_path / "data").exists()


def test_logout_of_a_session_that_telegram_does_not_know(
    file: Path, server: TelegramServer, run: Run
) -> None:
    server.forget_keys()
    result = run("logout")
    assert result.code == 0
    assert "Telegram does not know this session any more" in result.err
    assert not file.exists()


def test_logout_that_telegram_refuses(file: Path, server: TelegramServer, run: Run) -> None:
    for code, name in ((420, "FLOOD_WAIT_900"), (400, "SOMETHING_ODD")):
        server.faults.error("LogOutRequest", code, name, times=1)
        result = run("logout")
        assert result.code == 75
        assert file.exists()
    assert run("logout").code == 0
    assert not file.exists()


def test_a_session_of_the_environment(
    run: Run, api: None, server: TelegramServer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = server.session(account)
    monkeypatch.setenv("TGSTANCE_SESSION", session)
    code, shown = ended(at_terminal("login"))
    assert code == 2
    assert "tgstance: TGSTANCE_SESSION is set: unset it to sign in to a session file" in shown
    result = run("logout")
    assert result.code == 0
    assert "signed out; remove TGSTANCE_SESSION from the environment" in result.err
    assert signed_in_as(session) is None


def test_two_logins_at_once(file: Path, account: Account, run: Run) -> None:
    terminal = at_terminal("login")
    terminal.expect(PHONE)
    second = run("logout")
    assert second.code == 75
    assert f"{file}: another run holds it (tgstance login, process {terminal.pid}, " in second.err
    terminal.kill(signal.SIGKILL)
    terminal.wait()
    assert run("logout").code == 0


@pytest.mark.parametrize("command", ["logout", "collect"])
@pytest.mark.parametrize("content", ["SQLite format 3\x00", "", "{}", "directory", "éÿ"])
def test_what_is_no_session_is_left_alone(
    ready: Run, file: Path, content: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TGSTANCE_SESSION")
    replace(file, content)
    result = ready(command, *["@test_news"] * (command == "collect"))
    expected = {("", "collect"): 4, ("", "logout"): 0}.get((content, command), 2)
    assert result.code == expected, result.err
    assert str(file) in result.err
    assert result.err.count("\n") == 1 or expected == 0
    assert file.exists() == bool(expected)


@pytest.mark.parametrize("content", ["SQLite format 3\x00", "directory"])
def test_login_does_not_replace_what_is_no_session(file: Path, content: str) -> None:
    replace(file, content)
    code, shown = ended(at_terminal("login"))
    assert code == 2
    assert shown.startswith(f"tgstance: {file}: ")
    assert file.is_dir() or file.read_text() == content


def replace(file: Path, content: str) -> None:
    file.unlink()
    file.mkdir() if content == "directory" else file.write_text(content, encoding="latin-1")


@pytest.mark.parametrize("command", ["login", "collect"])
def test_a_data_directory_that_cannot_be_written(
    ready: Run, file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    Path("in the way").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(Path("in the way").absolute()))
    if command == "login":
        monkeypatch.delenv("TGSTANCE_SESSION")
    code, shown = ended(at_terminal(command, *["@test_news"] * (command == "collect")))
    assert code in {1, 2}
    assert shown.startswith("tgstance: ")
    assert "Not a directory" in shown


def test_a_configuration_that_was_named_has_to_be_there(run: Run, api: None) -> None:
    code, shown = ended(at_terminal("--config", "other.toml", "login"))
    assert code == 2
    assert "no configuration at other.toml" in shown


def test_wrong_credentials(file: Path, server: TelegramServer, account: Account) -> None:
    server.faults.error("SendCodeRequest", 400, "API_ID_INVALID")
    code, shown = answer(at_terminal("login"), (PHONE, account.phone))
    assert code == 2
    assert "tgstance: Telegram refuses api_id and api_hash; take them from my.te" in shown
