"""Collecting in processes: interrupted, killed, twice at once; and how it starts."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from collector.tables import posts
from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tests.tgstance.asked import count, ended_runs
from tests.tgstance.started import TGSTANCE, start, wait_until

Run = Callable[..., Any]
HISTORY = "GetHistoryRequest"
PAGES = 4


@pytest.fixture
def stuck(ready: Run, world: World, server: TelegramServer) -> ServedChannel:
    """A channel of which the server answers some pages, and then nothing more for a minute."""
    channel = world.add_channel("long_one")
    channel.post_many([f"post {number}" for number in range(1000)])
    server.faults.silent(HISTORY, times=None, after=PAGES)
    Path("tgstance.toml").write_text("[collect]\npace = 0\ntimeout = 60\n", encoding="utf-8")
    return channel


def start_stuck(server: TelegramServer, *arguments: str) -> subprocess.Popen[str]:
    process = start(*arguments, "collect", "@long_one", "--since", "all")
    wait_until(lambda: server.count(HISTORY) > PAGES)
    return process


def stored() -> tuple[int, list[int | None]]:
    return count(posts), [code for _, code, _ in ended_runs()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_read(
    ready: Run, server: TelegramServer, stuck: ServedChannel, number: signal.Signals
) -> None:
    process = start_stuck(server)
    asked = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked < 5
    assert (process.returncode, out) == (130, "")
    assert err.endswith(" tgstance: interrupted; run the same command again to go on\n")
    kept, codes = stored()
    assert 0 < kept < 1000
    assert codes == [130]
    server.faults.clear()
    assert f"{1000 - kept} new" in ready("collect", "@long_one").err
    assert list(Path().rglob("*.holder")) == []


def test_a_job_that_ignores_ctrl_c_still_ends_in_order(
    server: TelegramServer, stuck: ServedChannel
) -> None:
    ignoring = "trap '' INT; exec \"$0\" collect @long_one --since all"
    pipe = subprocess.PIPE
    process = subprocess.Popen(["sh", "-c", ignoring, TGSTANCE], stderr=pipe, text=True)
    wait_until(lambda: server.count(HISTORY) > PAGES)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.endswith(" tgstance: interrupted; run the same command again to go on\n")
    assert stored()[1] == [130]


@pytest.mark.sqlite_only  # on a server several collect at once
def test_a_second_run_says_who_is_at_it(
    ready: Run,
    server: TelegramServer,
    stuck: ServedChannel,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = start_stuck(server)
    try:
        holder = rf"\(tgstance collect, process {process.pid}, since [-\d]+ [:\d]+ UTC\)"
        other_archive = ready("--archive", "other.sqlite", "collect", "@test_news")
        assert other_archive.code == 75
        expected = rf"tgstance: the session of TGSTANCE_SESSION: another run holds it {holder}; "
        assert re.match(expected, other_archive.err), other_archive.err
        assert not Path("other.sqlite").exists()
        mine = server.session(account)
        with monkeypatch.context() as other_session:
            other_session.setenv("TGSTANCE_SESSION", mine)
            same_archive = ready("collect", "@test_news")
        assert same_archive.code == 75
        expected = rf"tgstance: \S*tgstance\.sqlite: another run holds it {holder}; try again"
        assert re.match(expected, same_archive.err), same_archive.err
        assert ready("status").code == 0
    finally:
        process.kill()
        process.communicate()
    server.faults.clear()
    assert "new" in ready("collect", "@long_one").err  # what was killed holds nothing
    assert stored() == (1000, [None, 0])


def test_a_run_of_which_nobody_knows_how_it_ended(
    ready: Run, server: TelegramServer, stuck: ServedChannel
) -> None:
    process = start_stuck(server)
    assert "last collect" in ready("status").out
    process.kill()
    process.communicate()
    assert "not ended: no channel" in ready("status").out


def test_lines_and_the_bar_of_a_terminal_do_not_run_together(ready: Run, world: World) -> None:
    for number in range(3):
        world.add_channel(f"channel_{number}").post("x")
    terminal = pexpect.spawn(
        TGSTANCE, ["collect", *(f"channel_{number}" for number in range(3))], encoding="utf-8"
    )
    terminal.expect(pexpect.EOF)
    assert "collect" in terminal.before
    for number in range(3):
        assert re.search(rf"\x1b\[2K(\x1b\[0m)?@channel_{number}: 1 new", terminal.before)


LIGHT = """
import sys
from tgstance.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(ended.code)
heavy = {"torch", "transformers", "pandas", "sklearn", "pymorphy3"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "command", [["--help"], ["collect", "--help"], ["collect", "@test_news"], ["login"]]
)
def test_nothing_heavy_is_loaded(ready: Run, command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LIGHT, *command], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_it_starts_quickly(ready: Run, server: TelegramServer) -> None:
    began = time.monotonic()
    process = start("collect", "@test_news")
    wait_until(lambda: "GetUsersRequest" in server.requests)
    seconds = time.monotonic() - began
    process.communicate(timeout=20)
    assert seconds < 3, "0.7 s is the goal on a machine with nothing else to do"


@pytest.mark.sqlite_only
def test_the_runs_row_is_json_that_others_can_read(ready: Run) -> None:
    ready("collect", "@test_news")
    with sqlite3.connect("tgstance.sqlite") as database:
        row = database.execute("SELECT config, versions FROM runs").fetchone()
    config, versions = map(json.loads, row)
    assert config["collect"]["pace"] == 0
    assert "tgstance" in versions


def test_a_session_is_one_whether_in_a_file_or_in_the_environment(
    ready: Run,
    server: TelegramServer,
    stuck: ServedChannel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    session = os.environ["TGSTANCE_SESSION"]
    process = start_stuck(server)
    try:
        monkeypatch.delenv("TGSTANCE_SESSION")
        (tmp_path / "data/tgstance").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data/tgstance/telegram.session").write_text(session)
        second = ready("--archive", "other.sqlite", "collect", "@test_news")
        assert second.code == 75
        assert "telegram.session: another run holds it" in second.err
    finally:
        process.kill()
        process.communicate()


@pytest.mark.sqlite_only
def test_an_archive_is_one_under_every_name(
    ready: Run, server: TelegramServer, stuck: ServedChannel, posts: Path
) -> None:
    process = start_stuck(server)
    try:
        Path("link.sqlite").symlink_to("tgstance.sqlite")
        assert ready("--archive", "link.sqlite", "import", str(posts)).code == 75
    finally:
        process.kill()
        process.communicate()
