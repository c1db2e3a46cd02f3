"""AES in IGE mode, fast: Telethon's own way through ctypes copies byte by byte."""

import ctypes
import ctypes.util
from functools import cache

from telethon.crypto import AES

__all__ = ["decrypt", "encrypt"]

KEY_BITS = 256
SCHEDULE_BYTES = 4 * 61  # what OpenSSL's AES_KEY takes
ENCRYPT, DECRYPT = 1, 0


@cache
def library() -> ctypes.CDLL | None:
    """Return OpenSSL where it is installed and still has this mode."""
    name = ctypes.util.find_library("crypto") or ctypes.util.find_library("ssl")
    found = ctypes.CDLL(name) if name else None
    return found if found is not None and hasattr(found, "AES_ige_encrypt") else None


def encrypt(data: bytes, key: bytes, vector: bytes) -> bytes:
    """Return `data`, a multiple of 16 bytes, encrypted."""
    crypto = library()
    if crypto is None:
        return AES.encrypt_ige(data, key, vector)
    schedule = ctypes.create_string_buffer(SCHEDULE_BYTES)
    crypto.AES_set_encrypt_key(key, KEY_BITS, schedule)
    return run(crypto, data, schedule, vector, ENCRYPT)


def decrypt(data: bytes, key: bytes, vector: bytes) -> bytes:
    """Return `data`, a multiple of 16 bytes, decrypted."""
    crypto = library()
    if crypto is None:
        return AES.decrypt_ige(data, key, vector)
    schedule = ctypes.create_string_buffer(SCHEDULE_BYTES)
    crypto.AES_set_decrypt_key(key, KEY_BITS, schedule)
    return run(crypto, data, schedule, vector, DECRYPT)


def run(crypto: ctypes.CDLL, data: bytes, schedule: ctypes.Array, vector: bytes, way: int) -> bytes:
    """Let OpenSSL turn `data` one way or the other."""
    output = ctypes.create_string_buffer(len(data))
    rolling = ctypes.create_string_buffer(vector, len(vector))  # it writes into this one
    size = ctypes.c_size_t(len(data))
    crypto.AES_ige_encrypt(data, output, size, schedule, rolling, way)
    return output.raw
