"""Brings many channels up to date in one run; what befalls one does not stop the others."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, select, update

from collector.advisory_locks import channel_lock
from collector.archive import Archive
from collector.errors import (
    ArchiveError,
    DeferredError,
    OutOfTimeError,
    RepeatedError,
    SignInError,
    TgstanceError,
    UnreachableError,
)
from collector.limits import Limits
from collector.naming import ChannelName
from collector.planning import BEGINNING, Wish
from collector.reading import History, Progress, Reader
from collector.tables import channels, names

__all__ = ["Ending", "Opener", "Outcome", "Run"]

log = logging.getLogger("tgstance.telegram")


class Ending(StrEnum):
    """How a run ended for one channel."""

    DONE = "done"
    FAILED = "failed"
    DEFERRED = "deferred"
    NOT_REACHED = "not reached"
    REPEATED = "repeated"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one channel: how it ended, why if not well, and what came into the archive."""

    name: ChannelName
    ending: Ending
    reason: str = ""
    progress: Progress = field(default_factory=Progress)


class Opener(Protocol):
    """Finds channels at one source."""

    async def open(self, name: ChannelName) -> History:
        """Return the history of a channel.

        Raises ChannelError if there is none to be read, DeferredError if it cannot be found now.
        """


class Run:
    """One run over many channels of one source."""

    def __init__(
        self,
        archive: Archive,
        wish: Wish,
        limits: Limits,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self.archive = archive
        self.wish = wish
        self.limits = limits
        self.on_outcome = on_outcome
        self.claimed: dict[int, ChannelName] = {}
        self.stopped_by: TgstanceError | None = None

    async def collect(self, opener: Opener, wanted: Sequence[ChannelName]) -> None:
        """Let some workers take the channels from one queue, the longest waiting first.

        Raises what stops the run for all channels: SignInError, UnreachableError, ArchiveError,
        OutOfTimeError.
        """
        with self.archive.connect() as connection:
            queue = deque(in_order(connection, wanted))
        try:
            async with asyncio.timeout(self.seconds_left()), asyncio.TaskGroup() as workers:
                for _ in range(self.limits.at_once):
                    workers.create_task(self.work(queue, opener))
        except TimeoutError:
            self.stopped_by = OutOfTimeError("the time of the run is up; the next one goes on here")
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
        if self.stopped_by is not None:
            self.tell_rest(queue, self.stopped_by)
            raise self.stopped_by

    def seconds_left(self) -> float | None:
        """Return how long the run may still take; None if as long as it likes."""
        ends_at = self.limits.ends_at
        return None if ends_at is None else max(0.0, ends_at - time.monotonic())

    async def work(self, queue: deque[ChannelName], opener: Opener) -> None:
        """Collect channels from the queue until it is empty or the run has to stop."""
        while queue and self.stopped_by is None:
            name = queue.popleft()
            reader: Reader | None = None
            try:
                reader = await self.open(name, opener)
                with self.archive.hold(channel_lock(reader.history.channel_id)):
                    await reader.run()
                outcome = Outcome(name, Ending.DONE)
            except asyncio.CancelledError:  # between two pages: each is stored as it comes
                self.finish(Outcome(name, Ending.CUT_OFF, "the next run goes on there"), reader)
                raise
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

    async def open(self, name: ChannelName, opener: Opener) -> Reader:
        """Find a channel and return what reads it."""
        history = await opener.open(name)
        other = self.claimed.setdefault(history.channel_id, name)
        if other != name:
            raise RepeatedError(f"is the same channel as {other}")
        return Reader(self.archive, history, self.wish)

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
