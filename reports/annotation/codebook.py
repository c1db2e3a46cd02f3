"""What coders are told: its text, and the hash by which labels name it."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select

from collector.errors import InputError
from reports.annotation.tables import codebooks

__all__ = ["codebook_hash", "read_codebook", "register"]


def read_codebook(path: Path) -> str:
    """Return the codebook at `path`. Raises InputError if there is none."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such codebook; name the one that the coder followed with --codebook"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a codebook in UTF-8 ({error})") from error
    if not text:
        raise InputError(f"{path}: the codebook is empty")
    return text


def codebook_hash(text: str) -> str:
    """Return 16 hexadecimal digits of SHA-256 that stand for a codebook's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def register(connection: Connection, text: str) -> str:
    """Keep a codebook's text in the archive unless it is there; return its hash."""
    key = codebook_hash(text)
    if connection.scalar(select(codebooks.c.hash).where(codebooks.c.hash == key)) is None:
        row = {"hash": key, "text": text, "first_used": datetime.now(UTC)}
        connection.execute(insert(codebooks).values(row))
    return key
