"""SQLite's write-ahead log, as far as a power cut is concerned.

Formats: https://www.sqlite.org/fileformat2.html#the_write_ahead_log (the log) and
https://www.sqlite.org/walformat.html (its index). With `synchronous = NORMAL` the log is brought to
the disk only before its pages are copied into the database; what was written to it since may be
there or not, whole or torn.
"""

import struct
from pathlib import Path
from random import Random

__all__ = ["tear"]

_HEADER, _FRAME_HEADER = 32, 24  # bytes
_SALTS_OF_HEADER, _SALTS_OF_FRAME = 16, 8  # offsets; both salts are 8 bytes
_PAGE_SIZE = 8
_INDEX_SALTS, _COPIED, _BEING_COPIED = 32, 96, 128  # offsets in the index


def tear(archive: Path, chance: Random) -> int:
    """Lose of the log beside a copied archive some of what no sync has covered.

    The last frames are cut off, are zeros, or hold something else, each torn anywhere. Return how
    many frames could have been lost. The index is removed, which does not outlive a power cut.
    """
    log, index = archive.with_name(f"{archive.name}-wal"), archive.with_name(f"{archive.name}-shm")
    content = log.read_bytes() if log.exists() else b""
    known = index.read_bytes() if index.exists() else b""
    index.unlink(missing_ok=True)
    frames = _frames(content)
    unsynced = frames[_synced(content, known) :]
    if unsynced:
        kept = chance.choice([*unsynced, len(content)])  # up to the beginning of a frame
        log.write_bytes(_torn(content, kept, [one for one in unsynced if one >= kept], chance))
    return len(unsynced)


def _frames(log: bytes) -> list[int]:
    """Return where the frames of the log begin that are in force: they bear its salts."""
    if len(log) < _HEADER:
        return []
    salts = log[_SALTS_OF_HEADER : _SALTS_OF_HEADER + 8]
    size = _FRAME_HEADER + struct.unpack_from(">I", log, _PAGE_SIZE)[0]
    found = []
    for start in range(_HEADER, len(log) - size + 1, size):
        if log[start + _SALTS_OF_FRAME : start + _SALTS_OF_FRAME + 8] != salts:
            break
        found.append(start)
    return found


def _synced(log: bytes, index: bytes) -> int:
    """Return how many frames a sync has covered: those that were copied, or are about to be."""
    if len(index) < _BEING_COPIED + 4:
        return 0
    if index[_INDEX_SALTS : _INDEX_SALTS + 8] != log[_SALTS_OF_HEADER : _SALTS_OF_HEADER + 8]:
        return len(log)  # the log begins anew: all of the old one is in the database
    copied: int = struct.unpack_from("=I", index, _COPIED)[0]
    being_copied: int = struct.unpack_from("=I", index, _BEING_COPIED)[0]
    return max(copied, being_copied)


def _torn(log: bytes, kept: int, lost: list[int], chance: Random) -> bytes:
    """Return the log with what lies beyond `kept` cut off, or frames of it damaged."""
    if chance.random() < 0.5:
        return log[: chance.randint(kept, len(log))]
    damaged = bytearray(log)
    for start in lost:
        if start == lost[0] or chance.random() < 0.5:
            first = chance.randrange(start, min(start + 4096, len(log)))
            rest = min(start + 4096, len(log)) - first
            damaged[first : first + rest] = chance.choice([bytes(rest), chance.randbytes(rest)])
    return bytes(damaged)
