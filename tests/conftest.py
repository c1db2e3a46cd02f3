"""Settings for all tests, and a Telegram of one account, served over TCP."""

import os
from collections.abc import Iterator

# Tests run side by side: several threads of torch for one of them would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.telegram_server import Account, TelegramServer, World

# Dictionaries and models load during somebody's first example: time is no sign of a fault here.
settings.register_profile("tgstance", deadline=None)
settings.load_profile("tgstance")


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
    """A session that is signed in."""
    return server.session(account)
