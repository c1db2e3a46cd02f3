"""The server: a TCP listener on loopback, in a thread with an event loop of its own."""

import asyncio
from asyncio import AbstractEventLoop, StreamReader, StreamWriter
from collections.abc import Callable
from threading import Event, Lock, Thread, get_ident
from types import TracebackType
from typing import Self

from telethon.sessions import StringSession
from telethon.tl import types

from .accounts import Account, Login
from .calls import Call
from .connection import Connection
from .faults import Faults
from .messages import MessageBytes
from .world import World

__all__ = ["TelegramServer"]

HOST = "127.0.0.1"
DATA_CENTRE = 2


class TelegramServer:
    """Serves a world to unmodified clients while it is entered as a context.

    Sessions live in the world: another server on the same port knows them again. With `gzip`,
    larger answers are compressed, as real servers do.
    """

    def __init__(self, world: World, port: int = 0, host: str = HOST) -> None:
        self.world = world
        self.port = port
        self.host = host
        self.gzip = False
        self.faults = Faults()
        self._names: list[str] = []
        self._names_lock = Lock()
        self._message_bytes = MessageBytes()
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._started = Event()
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name="telegram-server", daemon=True)
        self._loop: AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def requests(self) -> list[str]:
        """The class names of the requests received so far, in order."""
        with self._names_lock:
            return list(self._names)

    def count(self, name: str) -> int:
        """Return how many requests of this class were received."""
        return self.requests.count(name)

    def clear_requests(self) -> None:
        """Count from nought again."""
        with self._names_lock:
            self._names.clear()

    def note(self, name: str) -> None:
        """Remember that a request was received."""
        with self._names_lock:
            self._names.append(name)

    def session(self, account: Account) -> str:
        """Return a Telethon session string, signed in under a new key."""
        return self._session_string(self.world.new_login(account))

    def unsigned_session(self) -> str:
        """Return a session string whose key is known and not signed in."""
        return self._session_string(self.world.new_login(None))

    def call(self, login: Login, *, updates: bool) -> Call:
        """Return what a method needs to know to answer."""
        return Call(self.world, login, self.port, self._message_bytes, updates)

    def forget_keys(self) -> None:
        """Forget every key: clients learn that theirs is unknown."""
        with self.world.lock:
            self.world.logins.clear()

    def drop_connections(self) -> None:
        """Close all connections."""
        self._in_loop(self._drop_all)

    def accept_login_token(self, account: Account) -> None:
        """Scan, as `account`, the QR code that was shown last, and tell who shows it."""
        with self.world.lock:
            shown = [login for login in self.world.logins.values() if login.token_shown]
            if not shown:
                raise ValueError("no login token was shown")
            login = max(shown, key=lambda each: each.token_shown)
            login.accepted_by, login.token_shown = account, None
        if login.pushes:
            self._in_loop(lambda: self._push(login, types.UpdateLoginToken()))

    def _session_string(self, login: Login) -> str:
        session = StringSession()
        session.set_dc(DATA_CENTRE, self.host, self.port)
        session.auth_key = login.key
        return session.save()

    def _push(self, login: Login, update: types.TypeUpdate) -> None:
        for connection in self._connections.values():
            if connection.login is login:
                connection.push(update)

    def _drop_all(self) -> None:
        for connection in self._connections.values():
            connection.drop()

    def _in_loop(self, function: Callable[[], None]) -> None:
        """Run `function` where the connections live, and wait until it is done."""
        if self._loop is None or self._thread.ident == get_ident():
            function()
            return
        done = Event()
        self._loop.call_soon_threadsafe(lambda: (function(), done.set()))
        done.wait()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        listener = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = listener.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        listener.close()
        while self._connections:
            self._drop_all()
            await asyncio.wait(self._connections)
        await listener.wait_closed()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        task = asyncio.current_task()
        self._connections[task] = connection
        try:
            await connection.serve()
        finally:
            del self._connections[task]
