"""Collecting from the web preview by the command: which source, what it says and returns."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from collector.tables import coverage, posts
from tests.preview_server import PreviewServer
from tests.telegram_server import ServedChannel, TelegramServer, World
from tests.tgstance.asked import count, last_run, opened
from tests.tgstance.started import closed_port, start, wait_until
from tests.tgstance.test_collect import said

Run = Callable[..., Any]
QUICK = "[collect]\npace = 0\npreview_pace = 0\nattempts = 2\ntimeout = 5\n"
NO_SESSION = "INFO no session: reading the public web preview (`tgstance login` for all details)"


@pytest.fixture
def preview(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[PreviewServer]:
    with PreviewServer(world) as server:
        monkeypatch.setenv("TGSTANCE_PREVIEW_URL", server.url)
        yield server


@pytest.fixture
def fresh(run: Run, preview: PreviewServer, news: ServedChannel) -> Run:
    """The command for somebody without an account."""
    Path("tgstance.toml").write_text(QUICK, encoding="utf-8")
    return run


def sources() -> set[str]:
    with opened() as archive, archive.connect() as connection:
        return set(connection.scalars(select(posts.c.source)))


def test_a_fresh_machine_needs_nothing_but_a_network(fresh: Run, news: ServedChannel) -> None:
    first = fresh("collect", "@test_news")
    assert (first.code, first.out) == (0, "")
    assert said(first.err) == [NO_SESSION, "INFO @test_news: 3 new"]
    assert sources() == {"preview"}
    news.edit(2, "Погода: снег")
    news.delete(3)
    news.post("Ещё")
    again = fresh("-q", "collect", "t.me/s/test_news/1")
    assert (again.code, again.err) == (0, "")
    entry = {"ending": "done", "reason": "", "new": 1, "updated": 1, "deleted": 1}
    assert last_run("collect") == (0, {"channels": {"@test_news": entry}})
    row = next(line for line in fresh("status").out.splitlines() if "@test_news" in line)
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert (cells[2], cells[3], cells[-3:]) == (str(news.id), "4", ["100.0%", "1", "0"])


@pytest.mark.every_archive
def test_auto_takes_the_api_when_signed_in(
    ready: Run, preview: PreviewServer, server: TelegramServer
) -> None:
    Path("tgstance.toml").write_text(QUICK, encoding="utf-8")
    assert said(ready("collect", "@test_news").err) == ["INFO @test_news: 3 new"]
    assert (sources(), preview.requests) == ({"telegram"}, [])


def test_the_source_of_all_of_one_and_of_the_command_line(
    ready: Run, preview: PreviewServer, server: TelegramServer, world: World
) -> None:
    for name in ("one_news", "two_news"):
        world.add_channel(name).post(name)
    channels = 'channels = ["one_news", { name = "@two_news", source = "telegram" }]\n'
    Path("tgstance.toml").write_text(f'{QUICK}source = "preview"\n{channels}', encoding="utf-8")
    assert sorted(said(ready("collect").err)) == ["INFO @one_news: 1 new", "INFO @two_news: 1 new"]
    assert sources() == {"telegram", "preview"}
    assert {path.split("?")[0] for path in preview.requests} == {"/s/one_news"}
    preview.requests.clear()
    server.clear_requests()
    assert ready("collect", "--source", "telegram").code == 0
    assert preview.requests == []
    server.clear_requests()
    assert ready("collect", "--source", "preview").code == 0
    assert server.requests == []


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("source = 'web'", "collect.source: "),
        ("channels = [{ name = 'a_b_c', source = 'web' }]", "collect.channels.0.source: "),
        ("channels = [{ source = 'preview' }]", "collect.channels.0.name: "),
        ("channels = [{ name = 'a_b_c', from = 1 }]", "collect.channels.0.from: there is no such"),
        ("channels = [5]", "collect.channels.0: should be a table of settings"),
        (
            "channels = ['a_b_c', { name = '@a_b_c', source = 'preview' }]",
            "channels: @a_b_c is there twice, with different sources",
        ),
        ("preview_pace = -1", "collect.preview_pace: "),
    ],
)
def test_a_wrong_setting_is_named(run: Run, setting: str, reason: str) -> None:
    Path("tgstance.toml").write_text(f"[collect]\n{setting}\n", encoding="utf-8")
    result = run("collect", "@test_news")
    assert result.code == 2
    assert reason in result.err


@pytest.mark.parametrize(
    "url",
    [
        *("t.me", "ftp://t.me", "http://", "https://t.me:x", "http://[a", "https://t.me:0"),
        *("https://t.me?x=1", "https://t.me/#s", "https://t .me", "https://t.me\x1b[31m"),
    ],
)
def test_an_address_that_is_none(run: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    Path("tgstance.toml").write_text(QUICK, encoding="utf-8")
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", url)
    result = run("collect", "@test_news")
    assert result.code == 2
    assert "is no address of a preview: give one like https://t.me" in result.err


def test_a_password_in_a_wrong_address_is_not_shown(
    fresh: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", "ftp://me:geheim@t.me")
    result = fresh("collect", "@test_news")
    assert (result.code, "geheim" in result.out + result.err) == (2, False)
    assert "'ftp://...@t.me' is no address" in result.err


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("socks5h://me:geheim@127.0.0.1:9050", "a SOCKS proxy, which needs: pip install socksio"),
        ("foo://me:geheim@127.0.0.1", "names no proxy: give one like http://host:3128"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    fresh: Run, monkeypatch: pytest.MonkeyPatch, proxy: str, told: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    result = fresh("collect", "@test_news")
    assert result.code == 2
    assert told in result.err.splitlines()[-1]
    assert "geheim" not in result.err


def test_one_bad_channel_does_not_stop_the_others(fresh: Run, world: World) -> None:
    result = fresh("collect", "@nobody_here", "@test_news")
    assert result.code == 3
    assert sorted(said(result.err))[0].startswith(
        "ERROR @nobody_here: failed: nobody has this username"
    )
    assert "INFO @test_news: 3 new" in said(result.err)


def test_without_a_network_that_is_said_in_one_line(
    fresh: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", f"http://127.0.0.1:{closed_port()}")
    Path("tgstance.toml").write_text("[collect]\nattempts = 1\n", encoding="utf-8")
    result = fresh("-q", "collect", "@test_news")
    assert result.code == 75
    [line] = said(result.err)
    assert line.endswith("cannot be reached: no connection; try again later")


def test_a_proxy_is_asked(
    fresh: Run, preview: PreviewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_PREVIEW_URL", "http://preview.invalid")
    monkeypatch.setenv("HTTP_PROXY", preview.url)
    preview.same_as["http://preview.invalid/s/test_news"] = "/s/test_news"
    preview.same_as["http://preview.invalid/s/test_news?after=1"] = "/s/test_news?after=1"
    preview.same_as["http://preview.invalid/s/test_news?before=2"] = "/s/test_news?before=2"
    assert fresh("collect", "@test_news", "--since", "all").code == 0
    assert preview.requests[0] == "http://preview.invalid/s/test_news"


def test_a_long_wait_is_obeyed_by_the_next_run_too(fresh: Run, preview: PreviewServer) -> None:
    preview.faults.flood("page", 600)
    first = fresh("collect", "@test_news")
    assert first.code == 75
    assert "@test_news: deferred: Telegram wants no 127.0.0.1" in first.err
    assert "wants no 127.0.0.1" in fresh("status").out
    asked = len(preview.requests)
    assert fresh("collect", "@test_news").code == 75
    assert len(preview.requests) == asked


def test_what_stops_one_source_does_not_stop_the_other(
    ready: Run, preview: PreviewServer, world: World, server: TelegramServer
) -> None:
    world.add_channel("one_news").post("x")
    channels = 'channels = ["test_news", { name = "one_news", source = "preview" }]\n'
    Path("tgstance.toml").write_text(QUICK + channels, encoding="utf-8")
    server.faults.error("*", 401, "SESSION_REVOKED", times=None)
    result = ready("collect")
    assert result.code == 4
    assert "INFO @one_news: 1 new" in said(result.err)


@pytest.fixture
def stuck(fresh: Run, world: World, preview: PreviewServer) -> ServedChannel:
    """A channel of which the server answers some pages, and then nothing more."""
    channel = world.add_channel("long_one")
    channel.post_many([f"post {number}" for number in range(500)])
    preview.faults.silent("page", times=None, after=4)
    Path("tgstance.toml").write_text("[collect]\npreview_pace = 0\ntimeout = 60\n")
    return channel


def start_stuck(preview: PreviewServer) -> subprocess.Popen[str]:
    process = start("collect", "@long_one", "--since", "all", "--source", "preview")
    wait_until(lambda: len(preview.requests) > 4)
    return process


def test_two_runs_at_once_and_a_kill(
    fresh: Run, preview: PreviewServer, stuck: ServedChannel
) -> None:
    process = start_stuck(preview)
    try:
        other = fresh("--archive", "other.sqlite", "collect", "@test_news")
        assert other.code == 75
        assert f"(tgstance collect, process {process.pid}, since" in other.err
        assert "the web preview of 127.0.0.1" in other.err
        assert not Path("other.sqlite").exists()
    finally:
        process.kill()
        process.communicate()
    preview.faults.clear()
    assert fresh("collect", "@long_one", "--since", "all").code == 0
    assert count(posts) == 500
    with opened() as archive, archive.connect() as connection:
        query = select(coverage.c.first_id, coverage.c.last_id, coverage.c.received)
        assert connection.execute(query).all() == [(1, 500, 500)]


def test_an_interrupted_run_keeps_what_it_read(
    fresh: Run, preview: PreviewServer, stuck: ServedChannel
) -> None:
    process = start_stuck(preview)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip().endswith("tgstance: interrupted; run the same command again to go on")
    preview.faults.clear()
    assert fresh("collect", "@long_one", "--since", "all").code == 0


def test_a_page_that_is_not_understood_is_kept_in_the_data_directory(
    fresh: Run, preview: PreviewServer, tmp_path: Path
) -> None:
    preview.rewrite = lambda page: page.replace("tgme_widget_message_text", "tg_text")
    result = fresh("--log-format", "json", "collect", "@test_news")
    assert result.code == 3
    [kept] = (tmp_path / "data/tgstance/unrecognised").iterdir()
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert any(str(kept) in line["message"] for line in lines)
    assert kept.stat().st_mode & 0o777 == 0o600
