"""Collecting by the command: what it says, returns and records; over TCP."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.tables import posts
from collector.telegram.client import Credentials
from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tests.tgstance.asked import count, last_run
from tests.tgstance.conftest import API_HASH
from tests.tgstance.started import closed_port
from tgstance.account import find_credentials
from tgstance.config import load_config

Run = Callable[..., Any]

NOT_OURS = "the channel is private, was deleted, or has banned this account"


def said(err: str) -> list[str]:
    """Log lines without their times and runs, and without the level of the last word."""
    whole = re.compile(r"^\S+Z (?:ERROR (?:\S+ )?(?=tgstance: )|(\w+ )(?:\d{8}T\d{6}Z-\w{4} )?)")
    return [whole.sub(r"\1", line) for line in err.splitlines()]


@pytest.mark.every_archive
def test_new_posts_then_nothing_then_what_has_changed(ready: Run, news: ServedChannel) -> None:
    first = ready("collect", "@test_news")
    assert (first.code, first.out) == (0, "")
    assert said(first.err) == ["INFO @test_news: 3 new"]
    assert said(ready("collect", "@test_news").err) == ["INFO @test_news: nothing new"]
    news.edit(2, "Погода: снег")
    news.delete(3)
    news.post("Ещё")
    changed = ready("collect", "@test_news")
    assert said(changed.err) == ["INFO @test_news: 1 new, 1 updated, 1 deleted"]
    entry = {"ending": "done", "reason": "", "new": 1, "updated": 1, "deleted": 1}
    assert last_run("collect") == (0, {"channels": {"@test_news": entry}})
    assert count(posts) == 4


@pytest.mark.parametrize(
    "name",
    ["test_news", "@Test_News", "t.me/test_news", "https://t.me/s/test_news", "t.me/test_news/2"],
)
def test_ways_to_name_a_channel(ready: Run, name: str) -> None:
    assert said(ready("collect", name).err) == ["INFO @test_news: 3 new"]


def test_channels_of_the_configuration_of_a_file_and_of_arguments(ready: Run, world: World) -> None:
    for name in ("in_config", "in_file"):
        world.add_channel(name).post(name)
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write('channels = ["@in_config"]\n')
    Path("channels.txt").write_text("# ours\n\nt.me/s/in_file # the second\n")
    assert said(ready("collect").err) == ["INFO @in_config: 1 new"]
    assert said(ready("collect", "--channels-file", "channels.txt").err) == ["INFO @in_file: 1 new"]
    assert said(ready("collect", "@test_news").err) == ["INFO @test_news: 3 new"]
    both = said(ready("collect", "@test_news", "--channels-file", "channels.txt").err)
    assert sorted(both) == ["INFO @in_file: nothing new", "INFO @test_news: nothing new"]


def test_what_is_read(ready: Run, world: World) -> None:
    world.add_channel("many_posts").post_many([f"post {number}" for number in range(7)])
    limited = ready("collect", "@many_posts", "--limit", "5")
    assert said(limited.err) == ["INFO @many_posts: 5 new; there is more: run it again"]
    assert said(ready("collect", "@many_posts").err) == ["INFO @many_posts: 2 new"]
    assert said(ready("collect", "@test_news", "--since", "0").err) == [
        "INFO @test_news: nothing new"
    ]
    assert said(ready("collect", "@test_news", "--since", "all").err) == ["INFO @test_news: 3 new"]


WRONG = [
    ([], "no channels: name some, or list them under [collect]"),
    (["https://t.me/+abcdef"], "is an invitation"),
    (["два слова"], "два слова: is not a channel: give @name"),
    (["@test_news", "--since", "yesterday"], "'yesterday' is not a moment"),
    (["@test_news", "--since", "9999999999d"], "'9999999999d' is not a moment"),
    (["@test_news", "--until", "0001-01-01T00:00+14:00"], "is not a moment"),
    (["@test_news", "--recent", "7"], "'7' is not a duration"),
    (["@test_news", "--recent", "999999w"], "'999999w' is too long"),
    (["@test_news", "--max-wait", "-5m"], "'-5m' is not a duration"),
    (["@test_news", "--limit", "0"], "0 is not in the range"),
    (["@test_news", "--since", "2024-02-01", "--until", "2024-01-01"], "--until is not after"),
    (["@test_news", "--since", "2999-01-01"], "since lies in the future"),
    (["--channels-file", "missing.txt"], "missing.txt: cannot be read"),
    (["--channels-file", "empty.txt"], "empty.txt: names no channel"),
    (["--channels-file", "wrong.txt"], "wrong.txt, line 2: https://t.me/joinchat/x: is an inv"),
    (["--channels-file", "binary.txt"], "binary.txt: cannot be read"),
]


@pytest.mark.parametrize(("arguments", "reason"), WRONG)
def test_wrong_use_is_said_before_telegram_is_asked(
    ready: Run, server: TelegramServer, arguments: list[str], reason: str
) -> None:
    Path("empty.txt").write_text("# nothing\n")
    Path("wrong.txt").write_text("@test_news\nhttps://t.me/joinchat/x\n")
    Path("binary.txt").write_bytes(b"\xff\xfe\x00")
    result = ready("collect", *arguments)
    assert result.code == 2
    assert reason in result.err.splitlines()[-1]
    assert "Traceback" not in result.err
    assert server.requests == []


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("since = 'soon'", "collect.since: 'soon' is not a moment"),
        ("recent = '7'", "collect.recent: '7' is not a duration"),
        ("max_wait = '99999999w'", "collect.max_wait: "),
        ("at_once = 0", "collect.at_once: "),
        ("channels = ['t.me/+x']", "collect: channels: t.me/+x: is an invitation"),
        ("channels = '@name'", "collect.channels: should be a list"),
        ("attempt = 3", "collect.attempt: there is no such setting"),
    ],
)
def test_a_wrong_setting_is_named(run: Run, setting: str, reason: str) -> None:
    Path("tgstance.toml").write_text(f"[collect]\n{setting}\n", encoding="utf-8")
    result = run("collect", "@test_news")
    assert result.code == 2
    assert f"tgstance.toml: {reason}" in result.err


def test_the_configuration_of_init_works_as_it_is(ready: Run) -> None:
    assert ready("init", "--force").code == 0
    assert ready("collect", "@test_news", "--pace", "0").code == 0


def test_a_date_in_the_configuration(ready: Run) -> None:
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write("since = 2020-01-01\n")
    assert said(ready("collect", "@test_news").err) == ["INFO @test_news: 3 new"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TELEGRAM_API_ID", "", "no api_id: get them at my.telegram.org/apps"),
        ("TELEGRAM_API_HASH", "", "no api_hash: get them at my.telegram.org/apps"),
        ("TELEGRAM_API_ID", "mine", "api_id is no number that Telegram gives"),
        ("TELEGRAM_API_ID", "0", "api_id is no number that Telegram gives"),
        ("TELEGRAM_API_ID", "99999999999", "api_id is no number that Telegram gives"),
        ("TGSTANCE_SESSION", "1abc", "TGSTANCE_SESSION: is not a Telethon string session"),
    ],
)
def test_wrong_credentials(
    ready: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    result = ready("collect", "@test_news")
    assert result.code == 2
    assert result.err.startswith(f"tgstance: {reason}")
    assert not value or value not in result.err or name == "TELEGRAM_API_ID"


def test_credentials_of_the_environment_come_before_those_of_the_file(
    ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write('[telegram]\napi_id = 5\napi_hash = "of the file"\n')
    config = load_config(Path("tgstance.toml"))
    assert find_credentials(config) == Credentials(1, API_HASH)
    monkeypatch.delenv("TELEGRAM_API_ID")
    monkeypatch.delenv("TELEGRAM_API_HASH")
    assert find_credentials(config) == Credentials(5, "of the file")
    assert ready("collect", "@test_news").code == 0


def test_a_session_with_a_line_end_and_one_in_a_file(
    ready: Run, server: TelegramServer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = server.session(account)
    monkeypatch.setenv("TGSTANCE_SESSION", f"{session}\n")
    assert ready("collect", "@test_news").code == 0
    monkeypatch.delenv("TGSTANCE_SESSION")
    Path("my.session").write_text(session)
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write('[telegram]\nsession = "my.session"\n')
    assert said(ready("collect", "@test_news").err) == ["INFO @test_news: nothing new"]
    assert Path("my.session").read_text() == session


def test_one_bad_channel_does_not_stop_the_others(ready: Run, world: World) -> None:
    world.add_channel("secret_one").private = True
    result = ready("collect", "@nobody_here", "@secret_one", "@test_news")
    assert result.code == 3
    assert sorted(said(result.err)) == [
        "ERROR @nobody_here: failed: nobody has this username",
        f"ERROR @secret_one: failed: {NOT_OURS}",
        "INFO @test_news: 3 new",
    ]
    code, summary = last_run("collect")
    endings = {name: entry["ending"] for name, entry in summary["channels"].items()}
    assert code == 3
    assert endings == {"@nobody_here": "failed", "@secret_one": "failed", "@test_news": "done"}
    assert "exit code 3: 2 failed, 1 done" in ready("status").out


def test_a_session_that_telegram_has_ended(ready: Run, account: Account) -> None:
    account.revoked = "SESSION_REVOKED"
    result = ready("collect", "@test_news")
    assert result.code == 4
    assert said(result.err) == [
        "tgstance: the session was ended from another device; log in again with `tgstance login`"
    ]
    code, summary = last_run("collect")
    assert code == 4
    assert "ended from another device" in summary["error"]


def test_no_session(ready: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TGSTANCE_SESSION")
    result = ready("collect", "@test_news", "--source", "telegram")
    assert result.code == 4
    path = tmp_path / "data/tgstance/telegram.session"
    assert said(result.err) == [f"tgstance: no session at {path}: sign in with `tgstance login`"]
    assert not Path("data").exists()


def test_a_long_flood_wait_is_obeyed_by_the_next_run_too(
    ready: Run, server: TelegramServer
) -> None:
    server.faults.flood("GetHistoryRequest", 600)
    first = ready("collect", "@test_news", "--max-wait", "5m")
    assert first.code == 75
    assert "@test_news: deferred: Telegram wants no messages.getHistory before 20" in first.err
    assert last_run("collect")[0] == 75
    assert "Telegram wants no messages.getHistory before 20" in ready("status").out
    server.clear_requests()
    again = ready("collect", "@test_news")
    assert again.code == 75
    assert "try again then, or raise --max-wait" in again.err
    assert "GetHistoryRequest" not in server.requests


def test_a_server_that_is_not_there(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server = TelegramServer(World(), port=closed_port())
    monkeypatch.setenv("TGSTANCE_SESSION", server.unsigned_session())
    result = ready("collect", "@test_news")
    assert result.code == 75
    assert said(result.err)[-1].startswith("tgstance: Telegram cannot be reached")


def test_quiet_says_only_what_went_wrong(ready: Run) -> None:
    result = ready("-q", "collect", "@test_news", "@nobody_here")
    assert said(result.err) == ["ERROR @nobody_here: failed: nobody has this username"]


@pytest.mark.parametrize(
    "arguments", [["@test_news", "@nobody_here"], [], ["--limit", "x"], ["@test_news", "--sinse"]]
)
def test_json_lines_are_json_whatever_happens(ready: Run, arguments: list[str]) -> None:
    result = ready("--log-format", "json", "collect", *arguments)
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert "ERROR" in {line["level"] for line in lines}
    assert result.code in {2, 3}


def test_status_tells_what_was_collected(ready: Run, news: ServedChannel) -> None:
    ready("collect", "@test_news", "--since", "all")
    news.delete(2)
    ready("collect", "@test_news")
    shown = ready("status").out
    row = next(line for line in shown.splitlines() if "@test_news" in line)
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[:4] == ["Test news", "@test_news", str(news.id), "3"]
    assert cells[-3:] == ["100.0%", "1", "0"]
    assert "exit code 0: 1 done" in shown


def test_an_id_as_telegram_shows_it(ready: Run, news: ServedChannel) -> None:
    ready("collect", "@test_news")
    result = ready("collect", f"-100{news.id}")
    assert result.code == 0
    assert f"id {news.id}: nothing new" in result.err
    assert ready("collect", "-1").code == 2


def test_credentials_that_telegram_refuses(ready: Run, server: TelegramServer) -> None:
    server.faults.error("*", 400, "API_ID_INVALID", times=None)
    result = ready("collect", "@test_news")
    assert result.code == 2
    assert "check api_id and api_hash" in result.err


def test_an_until_before_the_default_since_says_so(ready: Run) -> None:
    result = ready("collect", "@test_news", "--until", "40d")
    assert result.code == 2
    assert "--until is not after --since, which is 30d: give an earlier --since" in result.err
