"""Makes Telethon's client, set so that waiting and trying again are left to us."""

import logging
from dataclasses import dataclass, field

from telethon import TelegramClient
from telethon.sessions import StringSession

__all__ = ["Account", "Credentials", "make_client"]


@dataclass(frozen=True)
class Credentials:
    """What my.telegram.org gives to a program: not the account's."""

    api_id: int
    api_hash: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """Who asks, and with which program."""

    session: StringSession = field(repr=False)
    credentials: Credentials


def make_client(account: Account, *, deadline: float, signing_in: bool = False) -> TelegramClient:
    """Return a client that is not connected yet.

    It raises what Telegram answers, flood waits too, instead of sleeping and trying again in
    silence; only for signing in does it follow to another data center and listen for updates.
    """
    return TelegramClient(
        account.session,
        account.credentials.api_id,
        account.credentials.api_hash,
        timeout=deadline,
        request_retries=2 if signing_in else 0,  # besides the first try
        connection_retries=0,
        retry_delay=0,
        auto_reconnect=signing_in,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        receive_updates=signing_in,
        base_logger=logging.getLogger("tgstance.telethon"),
    )
