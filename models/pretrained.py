"""Reads a Hugging Face model from a directory or the hub, safely, or says why it cannot.

Weights come from safetensors only, and code that comes with a model is never run.
"""

from typing import Any

import huggingface_hub.utils.logging
import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from collector.errors import ModelError
from models.model_name import ModelName

__all__ = ["read_pretrained"]

_LONGEST_REASON = 300


def read_pretrained(
    name: ModelName,
    **settings: Any,  # noqa: ANN401 (settings of any configuration)
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]:
    """Return the model as a sequence classifier, its tokenizer, and weights that it lacks.

    `settings` change its configuration, the number of labels for instance. Raises ModelError, with
    the way out, when there is no such model or no weights in safetensors.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    huggingface_hub.utils.logging.set_verbosity_error()
    where = name.directory or name.text
    options: dict[str, Any] = {"revision": name.revision or "main", "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **options)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            where,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **options,
            **settings,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(_why_not(name, error)) from error
    return model, tokenizer, sorted(report["missing_keys"])


def _why_not(name: ModelName, error: Exception) -> str:
    reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
    if name.directory:
        return (
            f"model directory {name.text} cannot be loaded (it needs config.json, tokenizer.json "
            f"and model.safetensors): {reason}"
        )
    return (
        f"model {name.text} is neither a directory here nor to be had from the hub: check the "
        f"name and the network, or download it elsewhere and give its directory ({reason})"
    )
