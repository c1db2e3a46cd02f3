"""Which model a name means, and its fingerprint, without loading it: no torch here."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from collector.errors import ModelError
from models.hypotheses import Hypotheses, merged
from models.reading import VERSION

__all__ = ["EMBEDDED", "WEIGHT_FILES", "Kind", "ModelName", "Weights"]

EMBEDDED = "embedded"

Kind = Literal["classifier", "nli"]
Weights = Literal["safetensors", "bin"]
WEIGHT_FILES: Mapping[Weights, str] = {"safetensors": "*.safetensors", "bin": "pytorch_model*.bin"}

_EMBEDDED_DIRECTORY = Path(__file__).parent / "embedded"
_SETTINGS = (
    "config.json",
    "calibration.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)
_INPUT_VERSION = 2  # to be raised when passages are put to models in another form


@dataclass(frozen=True)
class ModelName:
    """A model as the configuration names it.

    `text` is `embedded`, a directory or a hub id; `revision` a commit of the hub's repository;
    `labels` maps the model's labels to ours (or, for `nli`, to entailment, neutral, contradiction)
    where they do not explain themselves; `hypotheses` are asked instead of those in
    `models.hypotheses`. Pickled weights (`bin`) are read only where that is said.
    """

    text: str = EMBEDDED
    revision: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "classifier"
    weights: Weights = "safetensors"
    hypotheses: Hypotheses = field(default_factory=dict)

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
        asked = merged(self.hypotheses) if self.kind == "nli" else {}
        parts = [
            f"{self.text} {self.revision}" if directory is None else self._hash_of(directory),
            json.dumps([dict(self.labels), self.kind, self.weights, asked], sort_keys=True),
            f"reading {VERSION}, input {_INPUT_VERSION}",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def check_weights(self, directory: Path) -> None:
        """Raise ModelError, with the way out, when `directory` has no weights of this kind."""
        if any(directory.glob(WEIGHT_FILES[self.weights])):
            return
        if self.weights == "bin":
            raise ModelError(f"model {self.text} has no weights in pytorch_model.bin")
        raise ModelError(
            f"model {self.text} has no weights in safetensors (model.safetensors); a "
            'pytorch_model.bin is read only with weights = "bin" in tgstance.toml'
        )

    def _hash_of(self, directory: Path) -> str:
        self.check_weights(directory)
        digest = hashlib.sha256()
        for path in self._files(directory):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def _files(self, directory: Path) -> Iterator[Path]:
        patterns = (WEIGHT_FILES[self.weights], *_SETTINGS)
        return chain.from_iterable(sorted(directory.glob(pattern)) for pattern in patterns)
