"""Which model a name means, and its fingerprint, without loading it: no torch here."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import chain
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from pydantic import BaseModel, Field

from collector.errors import ConfigError, DeferredError, ModelError
from models.hypotheses import Hypotheses, merged
from models.reading import VERSION

__all__ = ["EMBEDDED", "WEIGHT_FILES", "Kind", "ModelName", "Weights", "is_path"]

EMBEDDED = "embedded"

Kind = Literal["classifier", "nli"]
Weights = Literal["safetensors", "bin"]
WEIGHT_FILES: Mapping[Weights, str] = {"safetensors": "*.safetensors", "bin": "pytorch_model*.bin"}

_WHOLE: Mapping[Weights, str] = {"safetensors": "model.safetensors", "bin": "pytorch_model.bin"}
# With these in config.json, the library would read files that the fingerprint does not cover.
_ELSEWHERE = ("transformers_weights", "configuration_files")
_ADAPTER = "adapter_config.json"
_IMPLEMENTATION = "_implementation"  # attn_implementation = "owner/kernel" would be downloaded
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
    "*.index.json",
    "tokenizer.*.json",
)
_INPUT_VERSION = 3  # to be raised when passages are put to models in another form


class _Index(BaseModel):
    """Which file has which weight, of a model in several files."""

    weight_map: dict[str, str] = Field(min_length=1)


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

    def __post_init__(self) -> None:
        if self.revision and (self.text == EMBEDDED or is_path(self.text)):
            raise ConfigError(f"model {self.text}: a revision belongs to a hub model, leave it out")
        if self.text == EMBEDDED and self.weights != "safetensors":
            raise ConfigError(
                f"model {EMBEDDED}: its weights are in safetensors, leave weights out"
            )

    @property
    def directory(self) -> Path | None:
        """Where the model lies on this machine, or None for a hub id.

        A name with a revision is a hub id whatever lies here, so that no directory replaces it.
        Raises ModelError for a path that is no directory.
        """
        if self.text == EMBEDDED:
            return _EMBEDDED_DIRECTORY
        if self.revision:
            return None
        path = Path(self.text).expanduser()
        if path.is_dir():
            return path
        if is_path(self.text) or path.exists():
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

    def check_unchanged(self) -> None:
        """Raise DeferredError when another model lies now where `fingerprint` was told of.

        To be called when all of a model was read: what another one said would else be recorded
        under that fingerprint for good.
        """
        if "fingerprint" in self.__dict__ and replace(self).fingerprint != self.fingerprint:
            raise DeferredError(
                f"model {self.text} was replaced while it was being loaded; run it again"
            )

    def check_weights(self, directory: Path) -> None:
        """Raise ModelError, with the way out, when `directory` lacks weights of this kind."""
        missing = self.missing_weights(directory)
        if not missing:
            return
        if missing != [_WHOLE[self.weights]]:
            raise ModelError(f"model {self.text} lacks {', '.join(missing)}: download it again")
        if self.weights == "bin":
            raise ModelError(f"model {self.text} has no weights in pytorch_model.bin")
        raise ModelError(
            f"model {self.text} has no weights in safetensors (model.safetensors); a "
            'pytorch_model.bin is read only with weights = "bin" in tgstance.toml'
        )

    def missing_weights(self, directory: Path) -> list[str]:
        """Return which files with weights of this kind `directory` lacks.

        Raises ModelError where any would be read that the fingerprint does not cover.
        """
        self._check_settings(directory)
        whole = _WHOLE[self.weights]
        index = directory / f"{whole}.index.json"
        split = index.exists() and not (directory / whole).exists()
        names = self._shards(index) if split else [whole]
        return [name for name in names if not (directory / name).exists()]

    def _check_settings(self, directory: Path) -> None:
        if (directory / _ADAPTER).exists():
            raise ModelError(
                f"model {self.text} is an adapter ({_ADAPTER}), whose base would be read from "
                "elsewhere: merge it into its base model first"
            )
        for key, value in _settings(directory / "config.json"):
            if key in _ELSEWHERE:
                raise ModelError(
                    f"model {self.text}: {key} in its config.json is not supported: remove it, "
                    f"and name the weights {_WHOLE[self.weights]}"
                )
            if key.endswith(_IMPLEMENTATION) and "/" in json.dumps(value):
                raise ModelError(
                    f"model {self.text}: {key} in its config.json names code of the hub, which is "
                    "never run: remove it"
                )

    def _shards(self, index: Path) -> list[str]:
        try:
            shards = _Index.model_validate(json.loads(index.read_bytes())).weight_map.values()
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{index} is broken: download it again") from error
        for name in shards:
            if not _is_plain(name) or not fnmatchcase(name, WEIGHT_FILES[self.weights]):
                raise ModelError(
                    f"{index} names {name}: weights are read only from "
                    f"{WEIGHT_FILES[self.weights]} beside it"
                )
        return sorted(set(shards))

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


def _settings(path: Path) -> list[tuple[str, Any]]:
    """Return the settings of a configuration, at any depth; none of one that cannot be read."""
    found: list[tuple[str, Any]] = []

    def note(settings: dict[str, Any]) -> dict[str, Any]:
        found.extend(settings.items())
        return settings

    try:
        json.loads(path.read_text("utf-8"), object_hook=note)
    except (OSError, ValueError, RecursionError):  # which loading it will complain about
        return []
    return found


def is_path(text: str) -> bool:
    """Tell whether this can only be a path, and no hub id."""
    return text.startswith((".", "~")) or text.count("/") > 1 or Path(text).is_absolute()


def _is_plain(name: str) -> bool:
    return PureWindowsPath(name).name == name  # which takes both kinds of slashes for separators
