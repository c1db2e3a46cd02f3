"""What goes wrong, on request: by name of the request, a number of times, or at random."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Literal

from telethon.tl import TLObject

from .channel import ServedChannel

__all__ = ["BEFORE", "MIDDLE", "Drop", "Faults", "Refuse", "Silent"]

Where = Literal["before", "middle", "after"]
BEFORE, MIDDLE = "before", "middle"


@dataclass(frozen=True)
class Refuse:
    """Answer with this RPC error."""

    code: int
    message: str


@dataclass(frozen=True)
class Drop:
    """Close the connection, at this point."""

    where: Where


@dataclass(frozen=True)
class Silent:
    """Never answer, and keep the connection open."""


@dataclass(frozen=True)
class Run:
    """Call a function and answer as ever."""

    function: Callable[[], object]


Deed = Refuse | Drop | Silent | Run


@dataclass
class Fault:
    """A deed, on which requests and how often; it counts what it sees."""

    deed: Deed
    name: str
    times: int | None
    channel_id: int | None = None
    after: int = 0
    seen: int = 0

    def sees(self, name: str, channel_id: int | None) -> bool:
        """Whether the request is one to strike at; the first `after` are let pass."""
        if self.name not in {"*", name}:
            return False
        if self.channel_id is not None and self.channel_id != channel_id:
            return False
        self.seen += 1
        return self.seen > self.after and self.times != 0

    def spend(self) -> Deed:
        """Return the deed, which is done once less from now on."""
        if self.times is not None:
            self.times -= 1
        return self.deed


@dataclass
class Chance:
    """Deeds with their probabilities, drawn from a seeded source."""

    random: Random
    methods: frozenset[str]
    deeds: tuple[tuple[float, Deed], ...]

    def draw(self, name: str) -> Deed | None:
        """Return what the draw for this request says."""
        if name not in self.methods and "*" not in self.methods:
            return None
        number = self.random.random()
        for probability, deed in self.deeds:
            if number < probability:
                return deed
            number -= probability
        return None


class Faults:
    """The faults of a server. Names are those of request classes; "*" is any request.

    `after` lets that many matching requests pass first; `times=None` is always. Of several that
    match, the one that was added first strikes; all of them count the request.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._chances: list[Chance] = []
        self._bad_salts = 0

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._faults.clear()
            self._chances.clear()
            self._bad_salts = 0

    def flood(self, name: str, seconds: int, times: int | None = 1) -> None:
        """Answer FLOOD_WAIT."""
        self.error(name, 420, f"FLOOD_WAIT_{seconds}", times)

    def error(
        self,
        name: str,
        code: int,
        message: str,
        times: int | None = 1,
        channel: ServedChannel | None = None,
        after: int = 0,
    ) -> None:
        """Answer with any RPC error."""
        self._add(Refuse(code, message), name, times, channel, after)

    def drop(
        self,
        name: str,
        times: int | None = 1,
        where: Where = BEFORE,
        channel: ServedChannel | None = None,
        after: int = 0,
    ) -> None:
        """Close the connection: before answering, in the middle of the answer, or after it."""
        self._add(Drop(where), name, times, channel, after)

    def silent(
        self,
        name: str,
        times: int | None = 1,
        channel: ServedChannel | None = None,
        after: int = 0,
    ) -> None:
        """Never answer the request, though the connection stays open."""
        self._add(Silent(), name, times, channel, after)

    def call(
        self,
        name: str,
        function: Callable[[], object],
        after: int = 0,
        times: int | None = 1,
    ) -> None:
        """Call `function` just before answering: the world changes in the middle of a run."""
        self._add(Run(function), name, times, None, after)

    def bad_salt(self, times: int = 1) -> None:
        """Refuse requests for their salt, so that they have to be sent again."""
        with self._lock:
            self._bad_salts += times

    def at_random(
        self,
        seed: int,
        *,
        floods: float = 0.0,
        drops: float = 0.0,
        errors: float = 0.0,
        flood_seconds: int = 1,
        methods: Sequence[str] = ("GetHistoryRequest",),
    ) -> None:
        """Strike each request with these probabilities, the same way for the same seed."""
        deeds = (
            (floods, Refuse(420, f"FLOOD_WAIT_{flood_seconds}")),
            (drops, Drop(MIDDLE)),
            (errors, Refuse(500, "INTERNAL_ERR")),
        )
        with self._lock:
            # Not for secrets: the same faults in every run are the point.
            source = Random(seed)
            self._chances.append(Chance(source, frozenset(methods), deeds))

    def take_bad_salt(self) -> bool:
        """Whether the requests that just came are to be refused for their salt."""
        with self._lock:
            self._bad_salts -= 1 if (bad := self._bad_salts > 0) else 0
            return bad

    def strike(self, name: str, query: TLObject) -> Refuse | Drop | Silent | None:
        """Return what befalls this request; functions to be called are called here."""
        with self._lock:
            channel_id = channel_of(query)
            hits = [fault for fault in self._faults if fault.sees(name, channel_id)]
            runs = [fault.spend() for fault in hits if isinstance(fault.deed, Run)]
            blows = [fault for fault in hits if not isinstance(fault.deed, Run)]
            drawn = [deed for chance in self._chances if (deed := chance.draw(name))]
            deed = blows[0].spend() if blows else next(iter(drawn), None)
        for run in runs:
            run.function()
        return deed

    def _add(
        self,
        deed: Deed,
        name: str,
        times: int | None,
        channel: ServedChannel | None,
        after: int,
    ) -> None:
        with self._lock:
            channel_id = None if channel is None else channel.id
            self._faults.append(Fault(deed, name, times, channel_id, after))


def channel_of(query: TLObject) -> int | None:
    """Return the id of the channel that a request is about."""
    peer = getattr(query, "peer", None) or getattr(query, "channel", None)
    return getattr(peer, "channel_id", None)
