"""A world with one channel and one account, and a server for it."""

from collections.abc import Iterator

import pytest
from telethon import TelegramClient

from tests.telegram_server import Account, ServedChannel, TelegramServer, World


@pytest.fixture(autouse=True)
def _forget_config(monkeypatch: pytest.MonkeyPatch) -> None:
    # Telethon keeps the first server's address for all clients to come.
    monkeypatch.setattr(TelegramClient, "_config", None)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def news(world: World) -> ServedChannel:
    return world.add_channel("news", title="News", about="All the news", participants=1000)


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account()


@pytest.fixture
def server(world: World) -> Iterator[TelegramServer]:
    with TelegramServer(world) as server:
        yield server
