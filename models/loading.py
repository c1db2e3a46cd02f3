"""Loads a model of any kind as something that labels passages."""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.calibration import read_calibration
from models.classifier import Classifier
from models.labeller import Labeller
from models.model_name import ModelName
from models.nli import NliClassifier
from models.pretrained import locate, read_pretrained

__all__ = ["load_classifier"]


def load_classifier(name: ModelName, task: str) -> Labeller:
    """Load the model called `name` for `task`.

    Raises ModelError, with the way out, when there is no such model, it has no weights of the kind
    asked for, no fitting head or tokenizer, or labels that cannot be mapped.
    """
    model, tokenizer, missing = read_pretrained(name)
    if missing:
        raise ModelError(_headless(name, missing))
    _check_vocabulary(name, model, tokenizer)
    calibration = read_calibration(locate(name))
    try:
        if name.kind == "nli":
            return NliClassifier(model, tokenizer, task, name=name)
        return Classifier(model, tokenizer, task, name=name, calibration=calibration)
    except ModelError as error:
        raise ModelError(f"model {name.text}: {error}") from error


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
