"""What a client sees of the faults that tests order."""

import asyncio
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl.functions.help import GetNearestDcRequest

from tests.telegram_server import Account, Faults, ServedChannel, TelegramServer, World
from tests.telegram_server.asking import ask, history


async def one_page(client: TelegramClient) -> int:
    return len((await history(client)).messages)


def test_flood_and_errors(
    server: TelegramServer, world: World, news: ServedChannel, account: Account
) -> None:
    other = world.add_channel("other")
    server.faults.flood("GetHistoryRequest", 30)
    server.faults.error("GetHistoryRequest", 400, "CHANNEL_INVALID", channel=other)
    server.faults.error("GetHistoryRequest", 500, "INTERNAL_ERR", after=2)

    async def strike(client: TelegramClient) -> None:
        with pytest.raises(errors.FloodWaitError) as flood:
            await history(client)
        assert flood.value.seconds == 30
        with pytest.raises(errors.ChannelInvalidError):
            await history(client, "other")
        with pytest.raises(errors.ServerError):
            await history(client)
        assert await one_page(client) == 0

    ask(server.session(account), strike, request_retries=0, raise_last_call_error=True)


@pytest.mark.parametrize("where", ["before", "middle", "after"])
def test_dropped_connection_is_survived(
    server: TelegramServer, news: ServedChannel, account: Account, where: Any
) -> None:
    news.post("Hello")
    server.faults.drop("GetHistoryRequest", where=where)

    async def twice(client: TelegramClient) -> list[int]:
        return [await one_page(client), await one_page(client)]

    assert ask(server.session(account), twice) == [1, 1]
    assert server.count("GetHistoryRequest") == (2 if where == "after" else 3)


def test_dropped_connection_is_seen(
    server: TelegramServer, news: ServedChannel, account: Account
) -> None:
    server.faults.drop("GetHistoryRequest", times=None, channel=news)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        ask(server.session(account), history, auto_reconnect=False)
    server.faults.clear()

    async def dropped(client: TelegramClient) -> int:
        await client.get_input_entity("news")
        server.drop_connections()
        return await one_page(client)

    assert ask(server.session(account), dropped) == 0


def test_silence(server: TelegramServer, news: ServedChannel, account: Account) -> None:
    server.faults.silent("GetHistoryRequest")

    async def wait(client: TelegramClient) -> int:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(history(client), 0.2)
        return await one_page(client)

    assert ask(server.session(account), wait) == 0
    assert server.count("GetConfigRequest") == 1


def test_bad_salt_is_survived(
    server: TelegramServer, news: ServedChannel, account: Account
) -> None:
    server.faults.bad_salt(times=2)
    assert ask(server.session(account), one_page) == 0
    assert server.count("GetConfigRequest") == 1


def test_random_faults_are_the_same_for_a_seed() -> None:
    def struck(seed: int) -> list[Any]:
        faults = Faults()
        faults.at_random(seed, floods=0.2, drops=0.2, errors=0.2)
        query = GetNearestDcRequest()
        return [faults.strike("GetHistoryRequest", query) for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)
    assert len(set(map(str, struck(1)))) == 4


def test_call_in_the_middle_of_a_run(
    server: TelegramServer, news: ServedChannel, account: Account
) -> None:
    server.faults.call("GetHistoryRequest", lambda: setattr(news, "private", True), after=1)

    async def read(client: TelegramClient) -> None:
        assert await one_page(client) == 0
        with pytest.raises(errors.ChannelPrivateError):
            await history(client)

    ask(server.session(account), read)
