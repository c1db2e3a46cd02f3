"""tgstance collect --compare: where the API and the preview agree, and where they do not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector.preview.test_both_sources import script
from tests.preview_server import PreviewServer
from tests.telegram_server import ServedChannel, World
from tests.tgstance.test_collect_preview import QUICK

Run = Callable[..., Any]


@pytest.fixture
def preview(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[PreviewServer]:
    with PreviewServer(world) as server:
        monkeypatch.setenv("TGSTANCE_PREVIEW_URL", server.url)
        yield server


@pytest.fixture
def both(ready: Run, preview: PreviewServer) -> Run:
    Path("tgstance.toml").write_text(QUICK, encoding="utf-8")
    return ready


def test_sources_that_agree(both: Run, world: World) -> None:
    news = script(world)
    result = both("collect", "--compare", "@news")
    posts = len([post for post in news.truth() if not post.service])
    assert (result.code, result.err) == (0, "")
    assert result.out == f"@news: {posts} of {posts} posts are the same\n"
    assert "the archive is empty" in both("status").out


def test_what_differs_is_shown_field_by_field(
    both: Run, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("четвёртый", views=5000)
    news.post("скрыто", restricted=True)
    preview.rewrite = lambda page: page.replace("Погода", "\u202eПагода").replace(">5K<", ">9K<")
    result = both("collect", "--compare", "test_news")
    assert result.code == 5
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in result.out.splitlines()
        if line.startswith("│")
    ]
    assert rows == [
        ["2", "text", "Погода: дождь", "\ufffdПагода: дождь"],
        ["4", "views", "5000", "9000"],
    ]
    assert "only telegram shows: 5\n" in result.out
    assert result.out.endswith("@test_news: 2 of 4 posts are the same; text in 1, views in 1\n")


def test_only_the_newest(both: Run, news: ServedChannel, preview: PreviewServer) -> None:
    news.post_many([f"пост {n}" for n in range(60)])
    result = both("collect", "--compare", "@test_news", "--limit", "30")
    assert result.out == "@test_news: 30 of 30 posts are the same\n"


def test_wrong_use(both: Run, preview: PreviewServer, monkeypatch: pytest.MonkeyPatch) -> None:
    result = both("collect", "@one_news", "--compare", "@test_news")
    assert (result.code, preview.requests) == (2, [])
    assert "--compare takes one channel" in result.err
    for option in (["--since", "3d"], ["--source", "preview"], ["--recent", "1d"]):
        result = both("collect", "--compare", "@test_news", *option)
        assert (result.code, preview.requests) == (2, [])
        assert f"--compare goes without {option[0]}" in result.err
    assert both("collect", "--compare", "@nobody_here").code == 3
    monkeypatch.delenv("TGSTANCE_SESSION")
    signed_out = both("collect", "--compare", "@test_news")
    assert signed_out.code == 4
    assert "sign in with `tgstance login`" in signed_out.err
