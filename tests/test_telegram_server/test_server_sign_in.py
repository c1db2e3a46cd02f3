"""Signing in by code, password and QR, and being thrown out."""

import asyncio

import pytest
from telethon import TelegramClient, errors
from telethon.errors.common import AuthKeyNotFound
from telethon.tl.functions.updates import GetStateRequest
from telethon.tl.types import User

from tests.telegram_server import Account, TelegramServer
from tests.telegram_server.asking import ask, history


def test_sign_in_with_code(server: TelegramServer, account: Account) -> None:
    async def sign_in(client: TelegramClient) -> User:
        assert await client.get_me() is None
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("+12")
        await client.send_code_request("+19999999999")
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in("+19999999999", "12345")
        await client.send_code_request(account.phone)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(account.phone, "54321")
        return await client.sign_in(account.phone, "12345")

    session = server.unsigned_session()
    assert ask(session, sign_in).id == account.id
    assert ask(session, lambda client: client.get_me()).phone == "10000000001"
    assert ask(session, lambda client: client.log_out())
    assert ask(session, lambda client: client.get_me()) is None


def test_sign_in_with_password(server: TelegramServer, account: Account) -> None:
    account.password = "secret"  # noqa: S105 - what the test is about

    async def sign_in(client: TelegramClient) -> User:
        await client.send_code_request(account.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(account.phone, "12345")
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="wrong")
        return await client.sign_in(password="secret")

    assert ask(server.unsigned_session(), sign_in).id == account.id


@pytest.mark.parametrize("password", [None, "secret"])
def test_sign_in_by_qr(server: TelegramServer, account: Account, password: str | None) -> None:
    account.password = password

    async def sign_in(client: TelegramClient) -> User:
        code = await client.qr_login()
        assert code.url.startswith("tg://login?token=")
        waiting = asyncio.ensure_future(code.wait(10))
        await asyncio.sleep(0)
        server.accept_login_token(account)
        if password is None:
            return await waiting
        with pytest.raises(errors.SessionPasswordNeededError):
            await waiting
        return await client.sign_in(password=password)

    user = ask(server.unsigned_session(), sign_in, receive_updates=True)
    assert user.id == account.id


def test_qr_needs_updates(server: TelegramServer, account: Account) -> None:
    async def sign_in(client: TelegramClient) -> None:
        code = await client.qr_login()
        server.accept_login_token(account)
        with pytest.raises(TimeoutError):
            await code.wait(0.2)

    ask(server.unsigned_session(), sign_in, receive_updates=False)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
        ("SESSION_EXPIRED", errors.SessionExpiredError),
        ("SESSION_REVOKED", errors.SessionRevokedError),
        ("USER_DEACTIVATED", errors.UserDeactivatedError),
        ("USER_DEACTIVATED_BAN", errors.UserDeactivatedBanError),
    ],
)
def test_revoked(
    server: TelegramServer, account: Account, name: str, error: type[Exception]
) -> None:
    account.revoked = name
    with pytest.raises(error):
        ask(server.session(account), lambda client: client(GetStateRequest()))


def test_unknown_key_and_duplicated_key(server: TelegramServer, account: Account) -> None:
    session = server.session(account)
    server.faults.error("*", 406, "AUTH_KEY_DUPLICATED", times=None)
    with pytest.raises(errors.AuthKeyDuplicatedError):
        ask(session, history)
    server.faults.clear()
    server.forget_keys()
    with pytest.raises(AuthKeyNotFound):
        ask(session, history)
