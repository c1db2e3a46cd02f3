"""Puts a model on the backend that its user asked for."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from joblib import cpu_count
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.engine.choosing import MOST_PARAMETERS, choose, is_remembered
from models.engine.forward import Forward, longest_input
from models.engine.onnx_cache import Format
from models.engine.onnx_opening import installed, open_exported
from models.engine.sample_texts import sample_rows
from models.engine.setting import EngineSetting
from models.engine.torch_backend import Precision, TorchBackend
from models.model_name import WEIGHT_FILES, ModelName
from models.pretrained import locate, read_pretrained, read_settings

__all__ = ["open_forward"]

# Bytes of weights times passages: some half a minute's work for torch on two cores.
_WORTH_MEASURING = 1e11


def open_forward(name: ModelName, setting: EngineSetting) -> Forward:
    """Load a model for what `setting` says.

    Raises ModelError, with the way out, when there is no such model, it is no classifier, or the
    backend or the device is not to be had here.
    """
    device = _device(setting.device)
    if setting.backend == "torch" or (setting.backend == "auto" and device != "cpu"):
        return _in_torch(name, setting, device)
    if device != "cpu" and setting.device != "auto":
        raise ModelError(f"{setting.backend} runs on the CPU: device {device} is torch's")
    threads = setting.threads or cpu_count()
    if setting.backend != "auto":
        return _exported(name, setting.backend, threads)
    kinds = installed()
    if not kinds:
        return _in_torch(name, setting, device)
    candidates: dict[str, Callable[[], Forward]] = {
        "torch": partial(_in_torch, name, setting, device),
        **{kind: partial(_exported, name, kind, threads, unasked=True) for kind in kinds},
    }
    if not is_remembered(name.fingerprint, candidates, threads) and _are_few(name, setting):
        return _in_torch(name, setting, device)
    _, tokenizer, longest = _settings(name)
    rows = sample_rows(tokenizer, longest)
    return choose(name.fingerprint, candidates, rows, threads=threads)


def _are_few(name: ModelName, setting: EngineSetting) -> bool:
    """Tell whether torch has labelled all that waits before an export and a measurement end."""
    if setting.passages is None:
        return False
    weights = sum(path.stat().st_size for path in locate(name).glob(WEIGHT_FILES[name.weights]))
    return weights * setting.passages < _WORTH_MEASURING


def _in_torch(name: ModelName, setting: EngineSetting, device: str) -> Forward:
    model, tokenizer = read_classifier(name)
    backend = TorchBackend(
        model,
        device=device,
        precision=_precision(device),
        compiled=setting.compiled,
        threads=setting.threads or cpu_count(),
    )
    return Forward(backend, model.config, tokenizer, name=name.text)


def _exported(name: ModelName, kind: Format, threads: int, *, unasked: bool = False) -> Forward:
    config, tokenizer, _ = _settings(name)
    backend = open_exported(
        kind,
        name.fingerprint,
        partial(_read_unchanged, name),
        name=name.text,
        threads=threads,
        most_parameters=MOST_PARAMETERS if unasked else None,
    )
    return Forward(backend, config, tokenizer, name=name.text)


def _read_unchanged(name: ModelName) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a model that is kept under its fingerprint: DeferredError if it is not that one."""
    read = read_classifier(name)
    name.check_unchanged()
    return read


def _settings(name: ModelName) -> tuple[PreTrainedConfig, PreTrainedTokenizerBase, int]:
    config, tokenizer = read_settings(name)
    return config, tokenizer, longest_input(config, tokenizer)


def read_classifier(name: ModelName) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a model whole. Raises ModelError when it has no head, or not its own tokenizer."""
    model, tokenizer, missing = read_pretrained(name)
    if missing:
        raise ModelError(_headless(name, missing))
    _check_vocabulary(name, model, tokenizer)
    if tokenizer.pad_token_id is not None:  # where a decoder finds its last token: before these
        model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer


def _device(wanted: str) -> str:
    """Return the torch device that is meant. Raises ModelError when it is not here."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device {wanted} is not to be had here: there are {', '.join(_devices())}"
        ) from error
    return wanted


def _devices() -> list[str]:
    return ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]


def _precision(device: str) -> Precision:
    """Return bf16 on a GPU that computes in it, fp16 on an older one, fp32 on a CPU."""
    if device == "cpu":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def _headless(name: ModelName, missing: Sequence[str]) -> str:
    lacks = f"(no weights for {', '.join(missing[:3])})"
    if name.kind == "nli":
        return f"model {name.text} was not trained for natural-language inference {lacks}"
    return (
        f"model {name.text} is no classifier {lacks}: "
        f"fine-tune it first with tgstance train --base {name.text}"
    )


def _check_vocabulary(
    name: ModelName, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    embeddings: Any = model.get_input_embeddings()
    known = len(embeddings.weight)
    if max(tokenizer.get_vocab().values()) >= known:
        raise ModelError(
            f"model {name.text}: its tokenizer has more tokens than its weights ({known}): "
            "they are not of the same model"
        )
