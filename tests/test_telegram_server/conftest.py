"""A world with one channel and one account, and a server for it."""

import pytest
from telethon import TelegramClient

from tests.telegram_server import ServedChannel, World


@pytest.fixture(autouse=True)
def _forget_config(monkeypatch: pytest.MonkeyPatch) -> None:
    # Telethon keeps the first server's address for all clients to come.
    monkeypatch.setattr(TelegramClient, "_config", None)


@pytest.fixture
def news(world: World) -> ServedChannel:
    return world.add_channel("news", title="News", about="All the news", participants=1000)
