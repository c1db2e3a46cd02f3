"""Bytes on the wire: frames (the "full" TCP transport), encryption, and opening containers."""

import os
import struct
from asyncio import StreamReader
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions
from telethon.tl.core import GzipPacked, MessageContainer

from . import ige

__all__ = [
    "Outgoing",
    "Packet",
    "Request",
    "decrypt",
    "encrypt",
    "frame",
    "key_id",
    "pack",
    "read_frame",
    "rpc_result",
    "unwrap",
]

CONTAINER = 0x73F1F8DC
RPC_RESULT = 0xF35C6D01
WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
)


class Packet(NamedTuple):
    """What one decrypted frame holds: a message or a container of messages."""

    session_id: int
    message_id: int
    body: TLObject


class Outgoing(NamedTuple):
    """A message to send; `content` ones count in the sequence number."""

    body: bytes
    content: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """One request taken out of its wrappers; without `updates` it asked not to be sent any."""

    message_id: int
    query: TLObject
    updates: bool

    @property
    def name(self) -> str:
        """The name of the request's class, as faults and tests know it."""
        return type(self.query).__name__


async def read_frame(reader: StreamReader) -> bytes:
    """Return the body of the next frame. Raises IncompleteReadError at the end."""
    head = await reader.readexactly(8)
    length, _sequence = struct.unpack("<ii", head)
    rest = await reader.readexactly(length - 8)
    body, checksum = rest[:-4], rest[-4:]
    if struct.pack("<I", crc32(head + body)) != checksum:
        raise ConnectionError("a frame's checksum is wrong")
    return body


def frame(sequence: int, body: bytes) -> bytes:
    """Return `body` as the frame number `sequence` of its connection."""
    data = struct.pack("<ii", len(body) + 12, sequence) + body
    return data + struct.pack("<I", crc32(data))


def key_id(body: bytes) -> int:
    """Return which authorization key a frame's body is encrypted with; 0 for none."""
    return struct.unpack_from("<Q", body)[0]


def aes_key(key: bytes, msg_key: bytes, *, from_client: bool) -> tuple[bytes, bytes]:
    """Return the AES key and vector of one message."""
    x = 0 if from_client else 8
    a = sha256(msg_key + key[x : x + 36]).digest()
    b = sha256(key[x + 40 : x + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def decrypt(key: AuthKey, body: bytes) -> Packet:
    """Open what a client encrypted. Raises ConnectionError if it was not made with this key."""
    msg_key = body[8:24]
    data = ige.decrypt(body[24:], *aes_key(key.key, msg_key, from_client=True))
    if sha256(key.key[88:120] + data).digest()[8:24] != msg_key:
        raise ConnectionError("a message's key is wrong")
    session_id, message_id = struct.unpack_from("<qq", data, 8)
    return Packet(session_id, message_id, BinaryReader(data[32:]).tgread_object())


def encrypt(key: AuthKey, salt: int, session_id: int, message: bytes) -> bytes:
    """Encrypt a packed message for the client's session."""
    data = struct.pack("<qq", salt, session_id) + message
    data += os.urandom(-(len(data) + 12) % 16 + 12)
    msg_key = sha256(key.key[96:128] + data).digest()[8:24]
    cipher = ige.encrypt(data, *aes_key(key.key, msg_key, from_client=False))
    return struct.pack("<Q", key.key_id) + msg_key + cipher


def pack(message_id: int, sequence: int, body: bytes) -> bytes:
    """Return one message with its head."""
    return struct.pack("<qii", message_id, sequence, len(body)) + body


def container(messages: list[bytes]) -> bytes:
    """Return the body that carries several packed messages."""
    return struct.pack("<Ii", CONTAINER, len(messages)) + b"".join(messages)


def rpc_result(message_id: int, body: bytes) -> bytes:
    """Return `body` as the answer to the client's message."""
    return struct.pack("<Iq", RPC_RESULT, message_id) + body


def unwrap(packet: Packet) -> Iterator[Request]:
    """Yield the requests of a packet, out of containers, gzip and wrappers."""
    if isinstance(packet.body, MessageContainer):
        for message in packet.body.messages:
            yield open_request(message.msg_id, message.obj)
    else:
        yield open_request(packet.message_id, packet.body)


def open_request(message_id: int, query: TLObject) -> Request:
    """Take one request out of its wrappers."""
    updates = True
    while isinstance(query, (GzipPacked, *WRAPPERS)):
        if isinstance(query, GzipPacked):
            query = BinaryReader(query.data).tgread_object()
        else:
            updates = updates and not isinstance(query, functions.InvokeWithoutUpdatesRequest)
            query = query.query
    return Request(message_id, query, updates)
