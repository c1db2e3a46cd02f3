"""A preview of the world that the API's server serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.preview_server import PreviewServer
from tests.telegram_server import ServedChannel, World


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preview is on loopback, whatever proxies there are."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are kept beside an archive on a server, which has no directory, go here."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def preview(world: World) -> Iterator[PreviewServer]:
    with PreviewServer(world) as server:
        yield server


@pytest.fixture
def news(world: World) -> ServedChannel:
    return world.add_channel("news", title="Новости", about="О городе\nи людях", participants=4321)
