"""Keeps exported models on disk, so that each is exported and checked once. No torch here.

A model is a directory in the cache: the file, and `verified.json` with how well it agreed with
torch. It is written under another name first, so that it is there whole or not at all.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import BaseModel, ValidationError

from collector.errors import ModelError

__all__ = [
    "Exported",
    "Format",
    "Verified",
    "cache_directory",
    "cache_key",
    "exported",
    "find_exported",
]

Format = Literal["onnx", "openvino"]  # the backends that exported models are for

_LIBRARIES: dict[Format, str] = {"onnx": "onnxruntime", "openvino": "openvino"}
_FORM = 2  # to be raised when models are exported in another way
_OTHERS_WRITE = 0o022
_VERIFIED = "verified.json"
_LONGEST_EXPORT_S = 3600.0  # that of another process, which may have stopped in the middle


class Verified(BaseModel):
    """How an exported model compared with torch on `samples` texts.

    `agreement` is the share of texts and heads that got the same label; `largest_difference` that
    of any probability, `margin` as in `Agreement`. `files` has the sha256 of each file beside this
    one.
    """

    file: str
    precision: str
    samples: int
    agreement: float
    largest_difference: float
    margin: float
    made_with: dict[str, str]
    files: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported model that is whole: where it lies, and how it compared."""

    path: Path
    verified: Verified


def cache_directory() -> Path:
    """Return where exported models are kept: in TGSTANCE_CACHE, or the user's cache."""
    wanted = os.environ.get("TGSTANCE_CACHE")
    return Path(wanted).expanduser() if wanted else user_cache_path("tgstance")


def cache_key(kind: Format, fingerprint: str) -> str:
    """Return under which key a model of this fingerprint is kept for the backend installed here."""
    return f"{fingerprint}-{kind}-{version(_LIBRARIES[kind])}-{_FORM}"


def find_exported(key: str) -> Exported | None:
    """Return what is kept under `key`, or None where there is nothing, or nothing whole.

    Raises ModelError where others could have put it there.
    """
    directory = _root() / key
    _check_private(_root())
    try:
        verified = Verified.model_validate_json((directory / _VERIFIED).read_bytes())
        if verified.file not in verified.files:
            return None
        for name, expected in verified.files.items():
            if _hash(directory / name) != expected:
                return None
    except (OSError, ValidationError):
        return None
    return Exported(directory / verified.file, verified)


def exported(key: str, make: Callable[[Path], Verified]) -> Exported:
    """Return what is kept under `key`, made first where it is not there or not whole.

    `make` fills an empty directory. It is called by one process at a time; what it raises leaves
    nothing behind. Raises ModelError when the cache cannot be written, or another process takes
    more than an hour.
    """
    if found := find_exported(key):
        return found
    try:
        root = _root()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(root / f"{key}.lock", timeout=_LONGEST_EXPORT_S):
            found = find_exported(key) or _made(root, key, make)
    except OSError as error:
        raise ModelError(
            f"{cache_directory()} cannot keep an exported model ({error}): "
            'set TGSTANCE_CACHE to another directory, or backend = "torch"'
        ) from error
    return found


def _made(root: Path, key: str, make: Callable[[Path], Verified]) -> Exported:
    for left in (root / key, *root.glob(f"{key}.tmp*")):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    begun = Path(tempfile.mkdtemp(prefix=f"{key}.tmp", dir=root))  # which nobody else may read
    try:
        verified = make(begun)
        verified.files = {path.name: _hash(path) for path in sorted(begun.iterdir())}
        (begun / _VERIFIED).write_text(verified.model_dump_json(indent=2), "utf-8")
        begun.rename(root / key)
    finally:
        shutil.rmtree(begun, ignore_errors=True)
    return Exported(root / key / verified.file, verified)


def _check_private(root: Path) -> None:
    """Raise ModelError if others can write here: their model would answer for the user's."""
    try:
        status = root.stat()
    except OSError:  # nothing is kept yet
        return
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & _OTHERS_WRITE):
        raise ModelError(
            f"{root}: others can write there, so its models are not to be trusted: remove it, or "
            "set TGSTANCE_CACHE to a directory of your own"
        )


def _root() -> Path:
    return cache_directory() / "onnx"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
