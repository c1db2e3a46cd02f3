"""Which model a name means, and its fingerprint, without loading it: no torch here."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from collector.errors import ModelError
from models.reading import VERSION

__all__ = ["EMBEDDED", "ModelName"]

EMBEDDED = "embedded"

_EMBEDDED_DIRECTORY = Path(__file__).parent / "embedded"
_SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "*.model")
_INPUT_VERSION = 1  # to be raised when passages are put to models in another form


@dataclass(frozen=True)
class ModelName:
    """A model as the configuration names it.

    `text` is `embedded`, a directory or a hub id; `revision` a commit of the hub's repository;
    `labels` maps the model's labels to ours where they do not explain themselves.
    """

    text: str = EMBEDDED
    revision: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def directory(self) -> Path | None:
        """Where the model lies on this machine, or None for a hub id.

        Raises ModelError for a path that is no directory.
        """
        if self.text == EMBEDDED:
            return _EMBEDDED_DIRECTORY
        path = Path(self.text).expanduser()
        if path.is_dir():
            return path
        if self.text.startswith((".", "/", "~")) or path.exists() or self.text.count("/") > 1:
            raise ModelError(f"model {self.text}: no such directory")
        return None

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change when anything changes that could change a score.

        A directory is known by what is in it, so that it may be moved; a hub's model by its id and
        revision. Raises ModelError for a directory without weights.
        """
        directory = self.directory
        if directory and not any(directory.glob("*.safetensors")):
            raise ModelError(
                f"model directory {self.text} has no weights in safetensors (model.safetensors)"
            )
        parts = [
            f"{self.text} {self.revision}" if directory is None else _hash_of(directory),
            json.dumps(dict(self.labels), sort_keys=True),
            f"reading {VERSION}, input {_INPUT_VERSION}",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _hash_of(directory: Path) -> str:
    digest = hashlib.sha256()
    for pattern in ("*.safetensors", *_SETTINGS):
        for path in sorted(directory.glob(pattern)):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
