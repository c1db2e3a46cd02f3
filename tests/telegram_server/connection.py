"""One client's TCP connection: requests in, answers out, faults on the way."""

import os
import struct
import time
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from telethon.tl import functions, types
from telethon.tl.core import GzipPacked

from . import methods, transport
from .accounts import Login
from .calls import RefusedError
from .faults import BEFORE, MIDDLE, Drop, Refuse, Silent
from .transport import Outgoing, Packet, Request

if TYPE_CHECKING:
    from .server import TelegramServer

__all__ = ["Connection"]

UNKNOWN_KEY = struct.pack("<i", -404)
GZIP_ABOVE = 512
BAD_SALT = 48
PINGS = (functions.PingRequest, functions.PingDelayDisconnectRequest)
NOT_ANSWERED = (types.MsgsAck, types.HttpWait)


class Connection:
    """Serves one client until either side closes."""

    def __init__(
        self, server: "TelegramServer", reader: StreamReader, writer: StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._frames = 0
        self._contents = 0
        self._last_message_id = 0
        self._session_id: int | None = None
        self._salt = new_salt()
        self._hung_up = False
        self.login: Login | None = None

    async def serve(self) -> None:
        """Answer whatever comes."""
        try:
            while True:
                body = await transport.read_frame(self._reader)
                if not self._hung_up:
                    self._take(body)
                    await self._writer.drain()
        except (IncompleteReadError, ConnectionError):
            return
        finally:
            self._writer.close()

    def drop(self) -> None:
        """Close at once, whatever is under way."""
        self._writer.transport.abort()

    def push(self, update: types.TypeUpdate) -> None:
        """Send an update that nobody asked for."""
        body = bytes(types.UpdateShort(update, datetime.now(UTC)))
        self._send([Outgoing(body)])

    def _take(self, body: bytes) -> None:
        self.login = self._server.world.logins.get(transport.key_id(body))
        if self.login is None:
            self._write(UNKNOWN_KEY)
            self._hang_up()
            return
        packet = transport.decrypt(self.login.key, body)
        requests = [r for r in transport.unwrap(packet) if not isinstance(r.query, NOT_ANSWERED)]
        greeting = self._greeting(packet)
        if requests and self._server.faults.take_bad_salt():
            self._send([*greeting, self._refuse_salt(packet)])
            return
        answers, drop = self._answers(self.login, requests)
        if drop != BEFORE:
            self._send([*greeting, *answers], cut=drop == MIDDLE)
        if drop is not None:
            self._hang_up()

    def _hang_up(self) -> None:
        """Send nothing more, and listen to nothing more.

        Closing outright could take back what was sent: unread bytes turn it into a reset.
        """
        self._hung_up = True
        self._writer.write_eof()

    def _greeting(self, packet: Packet) -> list[Outgoing]:
        """Return the notice that a session is new, once for each."""
        if packet.session_id == self._session_id:
            return []
        self._session_id = packet.session_id
        notice = types.NewSessionCreated(packet.message_id, new_salt(), self._salt)
        return [Outgoing(bytes(notice))]

    def _refuse_salt(self, packet: Packet) -> Outgoing:
        self._salt = new_salt()
        notice = types.BadServerSalt(packet.message_id, 0, BAD_SALT, self._salt)
        return Outgoing(bytes(notice), content=False)

    def _answers(self, login: Login, requests: list[Request]) -> tuple[list[Outgoing], str | None]:
        """Answer requests in turn, up to the first whose fault closes the connection."""
        answers: list[Outgoing] = []
        for request in requests:
            self._server.note(request.name)
            deed = self._server.faults.strike(request.name, request.query)
            if deed == Drop(BEFORE):
                return answers, BEFORE
            if not isinstance(deed, Silent):
                answers.append(self._answer(login, request, deed))
            if isinstance(deed, Drop):
                return answers, deed.where
        return answers, None

    def _answer(self, login: Login, request: Request, deed: object) -> Outgoing:
        if isinstance(deed, Refuse):
            body = bytes(RefusedError(deed.code, deed.message).answer())
        elif isinstance(request.query, PINGS):
            pong = types.Pong(request.message_id, request.query.ping_id)
            return Outgoing(bytes(pong), content=False)
        else:
            call = self._server.call(login, updates=request.updates)
            with self._server.world.lock:
                body = methods.answer(call, request.query)
        if self._server.gzip and len(body) > GZIP_ABOVE:
            body = bytes(GzipPacked(body))
        return Outgoing(transport.rpc_result(request.message_id, body))

    def _send(self, messages: list[Outgoing], *, cut: bool = False) -> None:
        """Send messages, several in one container; `cut` stops half way."""
        if not messages or self._hung_up or self.login is None or self._session_id is None:
            return
        packed = [self._pack(message) for message in messages]
        whole = packed[0]
        if len(packed) > 1:
            whole = self._pack(Outgoing(transport.container(packed), content=False))
        body = transport.encrypt(self.login.key, self._salt, self._session_id, whole)
        self._write(body, cut=cut)

    def _pack(self, message: Outgoing) -> bytes:
        sequence = self._contents * 2 + message.content
        self._contents += message.content
        return transport.pack(self._new_message_id(), sequence, message.body)

    def _new_message_id(self) -> int:
        """Return an id as the protocol wants it from servers: by the clock, odd and rising."""
        now = int(time.time() * 2**32) & ~3 | 1
        self._last_message_id = max(now, self._last_message_id + 4)
        return self._last_message_id

    def _write(self, body: bytes, *, cut: bool = False) -> None:
        data = transport.frame(self._frames, body)
        self._frames += 1
        self._writer.write(data[: len(data) // 2] if cut else data)


def new_salt() -> int:
    """Return a random 64-bit number."""
    return struct.unpack("<q", os.urandom(8))[0]
