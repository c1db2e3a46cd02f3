"""The doctor as users see it, and its checks of configuration, session, versions."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.telegram_server import Account, TelegramServer
from tests.tgstance.conftest import API_HASH
from tests.tgstance.doctor.examined import ARCHIVE, configure, examine, execute, listing
from tests.tgstance.test_cli import TORCH_FREE
from tgstance.doctor.version_checks import TESTED_TORCH

pytestmark = pytest.mark.sqlite_only  # they look at the file

Run = Callable[..., Any]

CHECKS = [
    "configuration",
    "session",
    "sentiment model",
    "stance model",
    "archive",
    "archive integrity",
    "archive migrations",
    "archive room",
    "archive access",
    "archive lock",
    "clock",
    "channels",
    "flood waits",
    "coverage",
    "outdated scores",
    "unscored posts",
    "last collect",
    "last score",
    "last report",
    "last run",
    "newest report",
    "report directory",
    "leftovers",
    "versions",
]


@pytest.mark.slow
@pytest.mark.timeout(300)  # on a busy machine loading torch twice takes long
def test_an_installation_that_works_is_told_so_and_left_as_it_is(used: Run) -> None:
    found = examine(used, "--thorough")
    assert found.checks("ok") == CHECKS
    assert found["sentiment model"][1].endswith("it loads, and its labels are understood")
    assert found["archive integrity"][1] == "integrity_check and foreign keys"
    before = listing()
    told = used("doctor", "--quick")
    assert listing() == before
    lines = told.out.splitlines()
    assert len(lines) == len(CHECKS) + 1
    assert all(
        line.startswith(f"ok       {name} ") for line, name in zip(lines[:-1], CHECKS, strict=True)
    )
    assert lines[-1] == f"{len(CHECKS)} checks: {len(CHECKS)} ok"


def test_before_anything_is_done_nothing_is_wrong_and_nothing_is_made(run: Run) -> None:
    assert run("init").code == 0
    found = examine(run)
    assert found.code == 0
    assert list(found.findings) == CHECKS
    assert found.checks("wrong") == []
    assert found["archive"] == (
        "warning",
        f"{ARCHIVE.resolve()}: there is none yet",
        "tgstance collect, or: tgstance import FILE",
    )
    assert found["report directory"][:2] == ("ok", f"{Path('reports').resolve()} will be made")
    assert not ARCHIVE.exists()


def test_without_a_configuration_the_rest_is_looked_at(run: Run) -> None:
    found = examine(run)
    assert found.code == 5
    assert found["configuration"][0] == "wrong"
    assert found["configuration"][2] == "tgstance init"
    assert found.checks("ok") == ["clock", "versions"]
    assert list(found.findings) == CHECKS


def test_a_broken_configuration_hides_only_what_needs_it(used: Run) -> None:
    configure(more="abstain = 3\n")
    found = examine(used)
    assert found["configuration"] == (
        "wrong",
        "tgstance.toml: models.abstain: there is no such setting",
        "edit tgstance.toml",
    )
    needing = {"session", "sentiment model", "stance model", "channels", "outdated scores"}
    assert set(found.checks("skipped")) == needing | {
        "unscored posts",
        "report directory",
        "leftovers",
    }
    assert found.checks("wrong") == ["configuration"]
    Path("tgstance.toml").write_text("[[[")
    assert examine(used)["archive"][0] == "skipped"
    assert examine(used, before=("--archive", str(ARCHIVE)))["archive integrity"][0] == "ok"


def test_an_archive_that_is_named_in_a_broken_configuration_is_found(used: Run) -> None:
    ARCHIVE.rename("moved.sqlite")
    configure(more="abstain = 3\n", first='[archive]\nlocation = "moved.sqlite"\n')
    assert examine(used)["archive"][:2] == ("ok", str(Path("moved.sqlite").resolve()))
    configure(more="abstain = 3\n", first="[archive]\nlocation = 5\n")
    assert examine(used)["archive"][0] == "skipped"


def test_without_targets_only_sentiment_is_labelled(run: Run) -> None:
    Path("tgstance.toml").write_text("")
    state, said, fix = examine(run)["configuration"]
    assert state == "warning"
    assert said == "tgstance.toml: 0 targets, 0 channels: only sentiment is labelled"
    assert fix == "add [[targets]] to tgstance.toml"


def test_quiet_tells_only_what_is_not_well(used: Run) -> None:
    assert used("-q", "doctor", "--quick").out == ""
    ARCHIVE.chmod(0o644)
    told = used("-q", "doctor", "--quick")
    assert told.code == 0
    assert told.out == (
        f"warning  archive access          others may read it (mode 644) -> "
        f"chmod 600 {ARCHIVE.resolve()}\n"
        f"{len(CHECKS)} checks: {len(CHECKS) - 1} ok, 1 warning\n"
    )


def test_titles_and_reasons_of_strangers_stay_in_their_line(used: Run) -> None:
    execute("UPDATE models SET name = ?", "big\x1b[2J\nwrong    archive\u202e")
    execute("UPDATE models SET fingerprint = 'x'")
    told = used("doctor", "--quick")
    assert len(told.out.splitlines()) == len(CHECKS) + 1
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert "big" in examine(used)["outdated scores"][1]


def test_torch_is_loaded_only_to_load_models(used: Run) -> None:
    command = [sys.executable, "-c", TORCH_FREE, "doctor"]
    quick = subprocess.run([*command, "--quick"], capture_output=True, text=True, check=False)
    assert quick.returncode == 0, quick.stderr
    assert f"{len(CHECKS)} ok" in quick.stdout


def test_wrong_use_is_told_of(run: Run) -> None:
    assert run("doctor", "--stale", "soon").code == 2
    assert "Nothing is changed" in run("doctor", "--help").out


def test_a_session_that_only_its_owner_can_read_is_well(used: Run, api: None, session: str) -> None:
    path = write_session(session + "\n")
    state, said, _ = examine(used)["session"]
    assert (state, said) == (
        "ok",
        f"{path} is a session; whether Telegram accepts it was not asked",
    )


def test_a_session_that_others_can_read_is_wrong(used: Run, api: None, session: str) -> None:
    path = write_session(session, mode=0o644)
    assert examine(used)["session"] == (
        "wrong",
        f"{path}: others may use it (mode 644)",
        f"chmod 600 {path}",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is not a Telethon string session"),
        ("", "is empty"),
        ("SQLite format 3\0", "is a session of another program"),
    ],
)
def test_a_file_that_is_no_session_is_wrong(used: Run, api: None, text: str, said: str) -> None:
    write_session(text)
    state, found, fix = examine(used)["session"]
    assert state == "wrong"
    assert said in found
    assert fix.endswith("tgstance login")


def test_a_session_needs_credentials(
    used: Run, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_SESSION", session)
    state, said, fix = examine(used)["session"]
    assert state == "wrong"
    assert "TGSTANCE_SESSION is a session, but there is no api_id" in said
    assert fix == "set TELEGRAM_API_ID and TELEGRAM_API_HASH"
    monkeypatch.setenv("TELEGRAM_API_ID", "1")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)
    assert examine(used)["session"][0] == "ok"
    Path("tgstance.toml").unlink()
    assert examine(used)["session"][0] == "ok"
    monkeypatch.setenv("TGSTANCE_SESSION", "nonsense")
    found = examine(used)
    assert found["session"][0] == "wrong"
    assert API_HASH not in str(found)


@pytest.mark.parametrize(
    ("collect", "state", "said"),
    [
        ('channels = ["@a_channel"]\nsource = "telegram"', "wrong", "no session at"),
        ('channels = [{name = "@a_channel", source = "telegram"}]', "wrong", "no session at"),
        ('channels = ["@a_channel"]', "ok", "from the web preview (or: tgstance login)"),
        ('channels = ["@a_channel"]\nsource = "preview"', "ok", "none is needed"),
    ],
)
def test_a_session_is_missed_where_channels_need_it(
    run: Run, collect: str, state: str, said: str
) -> None:
    configure(more=f"[collect]\n{collect}\n")
    found = examine(run)["session"]
    assert found[0] == state
    assert said in found[1]


def test_the_versions_are_listed_and_the_tested_torch_is_that_of_the_constraints(
    run: Run,
) -> None:
    said = examine(run)["versions"][1]
    for name in ("python", "tgstance", "torch", "transformers", "Telethon", "SQLAlchemy", "SQLite"):
        assert f"{name} " in said
    constraints = Path(__file__).parents[3] / "constraints.txt"
    assert f"torch=={TESTED_TORCH}" in constraints.read_text(encoding="utf-8").splitlines()


def write_session(text: str, mode: int = 0o600) -> Path:
    configure(more='[telegram]\nsession = "telegram.session"\n')
    path = Path("telegram.session").resolve()
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def session(server: TelegramServer, account: Account) -> str:
    return server.session(account)
