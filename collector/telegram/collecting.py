"""Brings channels up to date from Telegram's API."""

import asyncio
from collections.abc import Callable, Sequence

from telethon import functions, types

from collector.archive import Archive
from collector.collecting import Outcome, Run
from collector.errors import (
    ChannelError,
    ConfigError,
    SignInError,
    UnansweredError,
    UnreachableError,
)
from collector.floods import Floods
from collector.limits import Limits
from collector.naming import ChannelName
from collector.planning import Wish
from collector.telegram.calls import Caller
from collector.telegram.client import Account, make_client
from collector.telegram.connection import Connection
from collector.telegram.history import History
from collector.telegram.peers import known_account, store_account
from collector.telegram.resolving import Resolver
from collector.telegram.session import key_id

__all__ = ["Visit", "collect"]

HISTORY = "messages.getHistory"


def collect(
    archive: Archive,
    account: Account,
    wanted: Sequence[ChannelName],
    wish: Wish,
    *,
    limits: Limits,
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Bring channels up to date; `on_outcome` is told what became of each as soon as it is known.

    The channel that has waited longest comes first. Run it under a lock: one run per session.
    Raises SignInError if Telegram does not accept the session, DeferredError if it cannot be
    asked now, ArchiveError if the archive fails; what was collected before stays.
    """
    run = Run(archive, wish, limits, on_outcome)

    async def work() -> None:
        async with Visit(archive, account, limits) as visit:
            await run.collect(visit, wanted)

    asyncio.run(work())


class Visit:
    """A connection to Telegram on which an account is known; finds channels for it."""

    def __init__(self, archive: Archive, account: Account, limits: Limits) -> None:
        self.archive = archive
        self.account = account
        client = make_client(account, deadline=limits.deadline)
        self.connection = Connection(client, limits.deadline)
        self.caller = Caller(self.connection, Floods(archive, limits.max_wait), limits)
        self.resolver: Resolver | None = None

    async def __aenter__(self) -> "Visit":
        try:
            user_id = await self.identify()
        except BaseException:
            await self.connection.close()
            raise
        self.resolver = Resolver(self.archive, self.caller, user_id)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    async def open(self, name: ChannelName) -> History:
        """Return the history of a channel."""
        if self.resolver is None:
            raise RuntimeError("a visit is to be entered first")
        # Without history there is no use in spending look-ups, of which there are few a day.
        self.caller.floods.check(HISTORY)
        return History(self.caller, await self.resolver.find(name))

    async def identify(self) -> int:
        """Find out whose session this is, and whether Telegram may be asked anything now."""
        key = key_id(self.account.session)
        with self.archive.connect() as connection:
            known = known_account(connection, key)
        if known is not None:
            self.caller.floods.identify(known)
            self.caller.floods.check(HISTORY)
        try:
            answer = await self.caller(functions.users.GetUsersRequest([types.InputUserSelf()]))
        except UnansweredError as error:
            raise UnreachableError(f"Telegram does not answer: {error}; try again later") from error
        except ChannelError as error:
            fix = "check api_id and api_hash, or try again later"
            raise ConfigError(f"Telegram refuses this program: {error}; {fix}") from error
        if not answer:
            raise SignInError("nobody is signed in; log in with `tgstance login`")
        user_id = int(answer[0].id)
        self.caller.floods.identify(user_id)
        with self.archive.begin() as connection:
            store_account(connection, key, user_id)
        return user_id
