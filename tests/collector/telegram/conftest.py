"""A Telegram of one account, served over TCP."""

from collections.abc import Iterator

import pytest

from tests.telegram_server import Account, TelegramServer, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account(phone="+10000000001", code="12345")


@pytest.fixture
def server(world: World) -> Iterator[TelegramServer]:
    with TelegramServer(world) as server:
        yield server


@pytest.fixture
def session(server: TelegramServer, account: Account) -> str:
    return server.session(account)
