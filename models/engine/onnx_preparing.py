"""Makes the file of a model that a backend runs, and checks it against torch.

For ONNX Runtime weights are int8, and activations become it as they come. For OpenVINO the ranges
of activations are measured on `models.engine.sample_texts` beforehand, which is faster. A model
whose labels that would change is made int8 in small blocks (ONNX Runtime), or stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.engine.agreement import Agreement, agreement, heads
from models.engine.backend import Inputs
from models.engine.batching import Row, batches, pad
from models.engine.forward import Forward
from models.engine.onnx_cache import Format, Verified
from models.engine.onnx_export import export
from models.engine.onnx_opening import open_file
from models.engine.quantising import quantise, quantise_for, quantise_in_blocks
from models.engine.sample_texts import sample_rows
from models.engine.torch_backend import TorchBackend

__all__ = ["LARGEST_MARGIN", "LEAST_AGREEMENT", "prepare"]

LEAST_AGREEMENT = 0.99
LARGEST_MARGIN = 0.03  # of logits: a model in doubt then keeps 99 % of its labels elsewhere

_TOKENS = 1_024  # of a batch whose activations are measured
_MADE_WITH = ("torch", "transformers", "onnx", "onnxruntime")


def prepare(
    kind: Format,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    directory: Path,
    *,
    name: str,
) -> Verified:
    """Write into `directory` the file for a backend, and return how it compares with torch.

    `name` is what errors call the model. Raises ModelError when it cannot be exported, answers
    with NaN, or in no form gives `LEAST_AGREEMENT` of the labels that torch does, with margins that
    change by no more than `LARGEST_MARGIN`.
    """
    check = _Check.on_samples(model, tokenizer, name)
    plain = export(model, tokenizer.model_input_names, directory / "fp32.onnx")
    found: list[tuple[str, Agreement]] = []
    for precision, make in _forms(kind, check):
        path = make(plain)
        agreed = check.against(kind, path, precision)
        if agreed.same >= LEAST_AGREEMENT and agreed.margin <= LARGEST_MARGIN:
            _leave_only(path)
            return Verified(
                file=path.name,
                precision=precision,
                samples=len(check.rows),
                agreement=agreed.same,
                largest_difference=agreed.largest,
                margin=agreed.margin,
                made_with={library: version(library) for library in (*_MADE_WITH, _library(kind))},
            )
        found.append((precision, agreed))
    raise ModelError(_refusal(kind, name, found))


@dataclass(frozen=True)
class _Check:
    """A model in torch, and what it says of the sample texts."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    rows: Sequence[Row]
    longest: int
    logits: NDArray[np.float32]

    @classmethod
    def on_samples(
        cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str
    ) -> "_Check":
        forward = Forward(TorchBackend(model), model.config, tokenizer, name=name)
        rows = sample_rows(tokenizer, forward.max_length)
        return cls(model, tokenizer, name, rows, forward.max_length, forward.logits(rows))

    def against(self, kind: Format, path: Path, precision: str) -> Agreement:
        """Compare what the backend makes of a file."""
        backend = open_file(kind, path, precision=precision, threads=None)
        forward = Forward(backend, self.model.config, self.tokenizer, name=self.name)
        groups = heads([str(label) for label in (self.model.config.id2label or {}).values()])
        return agreement(self.logits, forward.logits(self.rows), groups)

    def padded(self) -> Iterator[Inputs]:
        """Yield the sample texts in batches."""
        one = 1 if self.tokenizer.pad_token_id is None else None
        lengths = [len(row["input_ids"]) for row in self.rows]
        for batch in batches(lengths, _TOKENS, most_rows=one):
            rows = [self.rows[index] for index in batch]
            yield pad(rows, self.tokenizer, multiple_of=1, longest=self.longest)


def _forms(kind: Format, check: _Check) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Yield the precisions to try, the fastest first, and what makes a file of each."""
    if kind == "onnx":
        yield "int8", lambda plain: quantise(plain, plain.with_name("int8.onnx"))
        blocks = "int8 in blocks"
        yield blocks, lambda plain: quantise_in_blocks(plain, plain.with_name("blocks.onnx"))
    else:
        yield (
            "int8",
            lambda plain: quantise_for(check.padded(), plain, plain.with_name("int8.onnx")),
        )
    yield "fp32", lambda plain: plain


def _leave_only(path: Path) -> None:
    """Take away the files of other forms: a form is one file, or one and its weights beside it."""
    for other in path.parent.iterdir():
        if not other.name.startswith(path.stem):
            other.unlink()


def _library(kind: Format) -> str:
    return "onnxruntime" if kind == "onnx" else "openvino"


def _refusal(kind: Format, name: str, found: Sequence[tuple[str, Agreement]]) -> str:
    what = "; ".join(
        f"{precision} gives {agreed.same:.1%} of torch's labels, with probabilities up to "
        f"{agreed.largest:.2f} apart and margins {agreed.margin:.3f}"
        for precision, agreed in found
    )
    return (
        f"model {name} loses too much with {kind} ({what}; {LEAST_AGREEMENT:.0%} and "
        f'{LARGEST_MARGIN} are needed): set backend = "torch"'
    )
