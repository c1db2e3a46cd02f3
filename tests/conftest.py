"""Settings for all tests, and a Telegram of one account, served over TCP."""

import os
import signal
from collections.abc import Iterator

# Tests run side by side: several threads of torch for one of them would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from tests.archives import (
    KIND,
    archive_kind,
    archive_location,
    database,
    empty_database,
    kinds_of,
    postgres,
    template,
)
from tests.telegram_server import Account, TelegramServer, World
from tests.watchdog import Watchdog

__all__ = [
    "archive_kind",
    "archive_location",
    "database",
    "empty_database",
    "postgres",
    "template",
]

# Dictionaries and models load during somebody's first example: time is no sign of a fault here.
settings.register_profile("tgstance", deadline=None)
settings.load_profile("tgstance")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watchdog(config))
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # As a shell starts what runs in the background; the programs that tests start would
        # inherit it, and Ctrl-C would not end them.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let tests of archives run on each kind that they are for."""
    if "archive_kind" in metafunc.fixturenames:
        kinds = kinds_of(metafunc.definition)
        if kinds != [KIND]:
            metafunc.parametrize("archive_kind", kinds)


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
