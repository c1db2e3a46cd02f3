"""Brings many channels up to date in one run; what befalls one does not stop the others."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, select, update
from telethon import functions, types

from collector.archive import Archive
from collector.errors import (
    ArchiveError,
    ChannelError,
    ConfigError,
    DeferredError,
    RepeatedError,
    SignInError,
    TgstanceError,
    UnansweredError,
    UnreachableError,
)
from collector.tables import channels, names
from collector.telegram.calls import Caller
from collector.telegram.client import Account, make_client
from collector.telegram.connection import Connection as TelegramConnection
from collector.telegram.floods import Floods
from collector.telegram.history import History
from collector.telegram.limits import Limits
from collector.telegram.naming import ChannelName
from collector.telegram.peers import known_account, store_account
from collector.telegram.planning import BEGINNING, Wish
from collector.telegram.reading import Progress, Reader
from collector.telegram.resolving import Resolver
from collector.telegram.session import key_id

__all__ = ["Ending", "Outcome", "collect"]

log = logging.getLogger("tgstance.telegram")


class Ending(StrEnum):
    """How a run ended for one channel."""

    DONE = "done"
    FAILED = "failed"
    DEFERRED = "deferred"
    NOT_REACHED = "not reached"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one channel: how it ended, why if not well, and what came into the archive."""

    name: ChannelName
    ending: Ending
    reason: str = ""
    progress: Progress = field(default_factory=Progress)


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
    asyncio.run(Run(archive, account, wish, limits, on_outcome).collect(wanted))


class Run:
    """One run over many channels."""

    def __init__(
        self,
        archive: Archive,
        account: Account,
        wish: Wish,
        limits: Limits,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self.archive = archive
        self.account = account
        self.wish = wish
        self.limits = limits
        self.on_outcome = on_outcome
        self.claimed: dict[int, ChannelName] = {}
        self.stopped_by: TgstanceError | None = None

    async def collect(self, wanted: Sequence[ChannelName]) -> None:
        """Collect some channels."""
        client = make_client(self.account, deadline=self.limits.deadline)
        connection = TelegramConnection(client, self.limits.deadline)
        try:
            caller = Caller(connection, Floods(self.archive, self.limits.max_wait), self.limits)
            user_id = await self.identify(caller)
            await self.collect_all(caller, user_id, wanted)
        finally:
            await connection.close()

    async def identify(self, caller: Caller) -> int:
        """Find out whose session this is, and whether Telegram may be asked anything now."""
        key = key_id(self.account.session)
        with self.archive.connect() as connection:
            known = known_account(connection, key)
        if known is not None:
            caller.floods.identify(known)
            caller.floods.check("messages.getHistory")
        try:
            answer = await caller(functions.users.GetUsersRequest([types.InputUserSelf()]))
        except UnansweredError as error:
            raise UnreachableError(f"Telegram does not answer: {error}; try again later") from error
        except ChannelError as error:
            fix = "check api_id and api_hash, or try again later"
            raise ConfigError(f"Telegram refuses this program: {error}; {fix}") from error
        if not answer:
            raise SignInError("nobody is signed in; log in with `tgstance login`")
        user_id = int(answer[0].id)
        caller.floods.identify(user_id)
        with self.archive.begin() as connection:
            store_account(connection, key, user_id)
        return user_id

    async def collect_all(
        self, caller: Caller, user_id: int, wanted: Sequence[ChannelName]
    ) -> None:
        """Let some workers take the channels from one queue, the longest waiting first."""
        with self.archive.connect() as connection:
            queue = deque(in_order(connection, wanted))
        resolver = Resolver(self.archive, caller, user_id)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self.limits.at_once):
                    workers.create_task(self.work(queue, resolver))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
        if self.stopped_by is not None:
            self.tell_rest(queue, self.stopped_by)
            raise self.stopped_by

    async def work(self, queue: deque[ChannelName], resolver: Resolver) -> None:
        """Collect channels from the queue until it is empty or the run has to stop."""
        while queue and self.stopped_by is None:
            name = queue.popleft()
            reader: Reader | None = None
            try:
                reader = await self.open(name, resolver)
                await reader.run()
                outcome = Outcome(name, Ending.DONE)
            except ArchiveError:
                raise
            except TgstanceError as error:
                outcome = Outcome(name, self.ending(error), str(error))
            except Exception as error:  # a message like no other is one channel's trouble
                log.debug("%s", name, exc_info=True)
                reason = f"unexpected {type(error).__name__}: {error}"
                outcome = Outcome(name, Ending.FAILED, reason)
            self.finish(outcome, reader)

    def ending(self, error: TgstanceError) -> Ending:
        """Return how an error ends the run for a channel; stop the run if it ends it for all."""
        if isinstance(error, SignInError | UnreachableError):
            self.stopped_by = error
            return Ending.NOT_REACHED
        if isinstance(error, DeferredError):
            return Ending.DEFERRED
        return Ending.REPEATED if isinstance(error, RepeatedError) else Ending.FAILED

    async def open(self, name: ChannelName, resolver: Resolver) -> Reader:
        """Find a channel and return what reads it."""
        # Without history there is no use in spending look-ups, of which there are few a day.
        resolver.caller.floods.check("messages.getHistory")
        peer = await resolver.find(name)
        other = self.claimed.setdefault(peer.channel_id, name)
        if other != name:
            raise RepeatedError(f"is the same channel as {other}")
        return Reader(self.archive, History(resolver.caller, peer), self.wish)

    def finish(self, outcome: Outcome, reader: Reader | None) -> None:
        """Note what became of a channel and tell of it."""
        if reader is not None:
            outcome = replace(outcome, progress=reader.progress)
        if outcome.ending in (Ending.DONE, Ending.FAILED):
            with self.archive.begin() as connection:
                note_turn(connection, outcome.name)
        self.on_outcome(outcome)

    def tell_rest(self, queue: deque[ChannelName], error: TgstanceError) -> None:
        """Tell of the channels that a run has not come to."""
        for name in queue:
            self.finish(Outcome(name, Ending.NOT_REACHED, str(error)), None)


def in_order(connection: Connection, wanted: Sequence[ChannelName]) -> list[ChannelName]:
    """Return channels with the one waiting longest first; those never tried are before all."""
    turns = {name: last_turn(connection, name) for name in wanted}
    return sorted(wanted, key=turns.__getitem__)


def last_turn(connection: Connection, name: ChannelName) -> datetime:
    """Return when a channel had its turn, or when its name was found to lead nowhere."""
    query = select(channels.c.attempted_at).where(is_called(name))
    tried = connection.execute(query).scalar()
    asked = select(names.c.asked_at).where(names.c.name == name.username)
    return tried or connection.execute(asked).scalar() or BEGINNING


def note_turn(connection: Connection, name: ChannelName) -> None:
    """Note that a channel had its turn."""
    statement = update(channels).where(is_called(name))
    connection.execute(statement.values(attempted_at=datetime.now(UTC)))


def is_called(name: ChannelName) -> ColumnElement[bool]:
    """Return the condition for the channel that a user means."""
    if name.username is None:
        return channels.c.telegram_id == name.telegram_id
    meant = select(names.c.channel_id).where(names.c.name == name.username)
    return channels.c.id.in_(meant)
