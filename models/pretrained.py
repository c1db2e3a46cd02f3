"""Reads a Hugging Face model from a directory or the hub, safely, or says why it cannot.

Weights come from safetensors, or from a pickle where that is asked for: then through torch's
weights-only reader, which runs none of its code. Code that comes with a model is never run.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub.utils.logging
import torch
from huggingface_hub import constants, get_session, is_offline_mode, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

import models.target_encoder  # noqa: F401 (lets the library know the embedded architecture)
from collector.errors import ModelError
from models.model_name import WEIGHT_FILES, ModelName

__all__ = ["locate", "read_pretrained", "read_settings"]

_OPTIONS: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
_COMMIT = re.compile("[0-9a-f]{40}")
_LONGEST_REASON = 300
_PATIENCE = 5.0  # seconds for the hub to answer at all
_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json")
_FILES = (
    "config.json",
    "calibration.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)


def read_pretrained(
    name: ModelName,
    **settings: Any,  # noqa: ANN401 (settings of any configuration)
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Return the model as a sequence classifier, its tokenizer, and weights that it lacks.

    `settings` change its configuration, the number of labels for instance. Raises ModelError, with
    the way out, when there is no such model, or it cannot be loaded.
    """
    directory = _checked(name)
    with _explained(name):
        tokenizer = AutoTokenizer.from_pretrained(directory, **_OPTIONS)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            directory,
            use_safetensors=name.weights == "safetensors",
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
            **_OPTIONS,
            **settings,
        )
    return model, tokenizer, sorted(report["missing_keys"])


def read_settings(name: ModelName) -> tuple[PreTrainedConfig, PreTrainedTokenizerBase]:
    """Return the model's configuration and its tokenizer, without its weights.

    Raises what `read_pretrained` does.
    """
    directory = _checked(name)
    with _explained(name):
        config = AutoConfig.from_pretrained(directory, **_OPTIONS)
        return config, AutoTokenizer.from_pretrained(directory, **_OPTIONS)


def _checked(name: ModelName) -> Path:
    """Return where the model lies, with all that is needed to load it."""
    directory = locate(name)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    name.check_weights(directory)
    _check_tokenizer(name, directory)
    return directory


@contextmanager
def _explained(name: ModelName) -> Iterator[None]:
    """Make a ModelError of whatever somebody else's files make the library raise."""
    try:
        yield
    except Exception as error:  # nobody says what the library raises at others' files
        raise ModelError(
            f"model {name.text} cannot be loaded (it needs config.json, tokenizer.json and "
            f"{WEIGHT_FILES[name.weights]}): {_reason(error)}"
        ) from error


def locate(name: ModelName) -> Path:
    """Return where the files of a model lie, downloaded from the hub if need be.

    A pinned revision that is whole in the hub's cache is taken from there without any request; of
    any other the hub is asked for what is missing, and the cache does where it cannot be. (A copy
    that another program put there may lack calibration.json: its confidences are the model's own.)
    Raises ModelError when there is no such model, or no way to the hub.
    """
    if name.directory:
        return name.directory
    huggingface_hub.utils.logging.set_verbosity_error()
    cached, as_listed = _from_cache(name)
    pinned = _COMMIT.fullmatch(name.revision or "")
    if cached and as_listed and pinned and not _missing(name, cached):
        return cached
    unreachable = _unreachable()
    return _as_it_is(name, cached, unreachable) if unreachable else _download(name, cached)


def _download(name: ModelName, cached: Path | None) -> Path:
    try:
        return Path(_snapshot(name))
    except GatedRepoError as error:
        raise _not_had(name, "its owner gives it out on request: sign in, hf auth login") from error
    except RevisionNotFoundError as error:
        raise _not_had(name, f"it has no revision {name.revision}") from error
    except RepositoryNotFoundError as error:
        raise _not_had(name, "there is no such model, or it is private: check the name") from error
    except Exception as error:  # noqa: BLE001 (a full disk, a broken proxy, an id of none)
        return _as_it_is(name, cached, _reason(error))


def _snapshot(name: ModelName, *, local_files_only: bool = False) -> str:
    weights = WEIGHT_FILES[name.weights]
    return snapshot_download(
        name.text,
        revision=name.revision,
        allow_patterns=[*_FILES, weights, f"{weights}.index.json"],
        etag_timeout=_PATIENCE,
        local_files_only=local_files_only,
    )


def _from_cache(name: ModelName) -> tuple[Path | None, bool]:
    """Return the cached copy of a hub model, and whether it has all that the hub is known to."""
    try:
        return Path(_snapshot(name, local_files_only=True)), True
    except (LocalEntryNotFoundError, ValueError) as error:
        broken_off = getattr(error, "snapshot_path", None)
        return (Path(broken_off) if broken_off else None), False


def _missing(name: ModelName, directory: Path) -> list[str]:
    """Return without which files the model cannot be loaded."""
    config = [] if (directory / "config.json").exists() else ["config.json"]
    tokenizer = [] if _has_tokenizer(directory) else [_TOKENIZER_FILES[0]]
    return [*config, *tokenizer, *name.missing_weights(directory)]


def _as_it_is(name: ModelName, cached: Path | None, why: str) -> Path:
    """Return the cached copy where the hub cannot be had; raise ModelError if it is of no use."""
    missing = _missing(name, cached) if cached else []
    if cached and not missing:
        return cached
    lacks = f"lacks {', '.join(missing)} ({cached})" if missing else "has no copy of it"
    raise _not_had(name, f"{why} and the cache {lacks}; {_way_out(name)}")


def _unreachable() -> str:
    """Return why the hub cannot be asked, at once where its own retries would take long."""
    if is_offline_mode():
        return "offline mode is on (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE)"
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception as error:  # noqa: BLE001 (of whichever HTTP library the hub's client uses)
        return f"no way to {constants.ENDPOINT} ({_reason(error)})"
    return ""


def _not_had(name: ModelName, why: str) -> ModelError:
    return ModelError(
        f"model {name.text} is neither a directory here nor to be had from the hub: {why}"
    )


def _way_out(name: ModelName) -> str:
    revision = f" --revision {name.revision}" if name.revision else ""
    return (
        "download it elsewhere and give its directory: "
        f"hf download {name.text}{revision} --local-dir DIR"
    )


def _check_tokenizer(name: ModelName, directory: Path) -> None:
    """Raise ModelError where the library would make up a tokenizer that knows no words."""
    if not _has_tokenizer(directory):
        raise ModelError(f"model {name.text} has no tokenizer (tokenizer.json)")
    if any((directory / file).exists() for file in _TOKENIZER_FILES):
        return
    if not (find_spec("sentencepiece") and find_spec("google") and find_spec("google.protobuf")):
        raise ModelError(
            f"model {name.text} has its tokenizer as a sentencepiece model: "
            "pip install sentencepiece protobuf"
        )


def _has_tokenizer(directory: Path) -> bool:
    known = (*_TOKENIZER_FILES, "*.model")
    return any(path.exists() for pattern in known for path in directory.glob(pattern))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
