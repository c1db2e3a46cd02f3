"""Trains classifiers on labelled rows: the embedded one from nothing, or any encoder given.

One model may learn several tasks: each has its own three outputs over one encoder, and a row's loss
is the cross-entropy among the outputs of its task, weighted by class.
"""

import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch.utils.data import Dataset
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging

from models.dataset import LabelledRow
from models.embedded_shape import Shape, build_model, build_tokenizer
from models.encoding import encode
from models.labels import LABELS, head_label
from models.model_name import ModelName
from models.passage import MARK_CLOSE, MARK_OPEN
from models.pretrained import read_pretrained

__all__ = ["Recipe", "default_recipe", "hold_out", "train"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `base` is None for the embedded shape, else a directory or hub id."""

    base: str | None = None
    revision: str | None = None
    shape: Shape = field(default_factory=Shape)
    epochs: float = 3
    batch_size: int = 32
    learning_rate: float = 5e-4
    patience: int = 2
    seed: int = 1
    max_length: int = 256


def default_recipe(base: str | None) -> Recipe:
    """Return what works for an encoder trained from nothing, or for a pretrained one."""
    if base is None:
        return Recipe()
    return Recipe(base=base, epochs=4, batch_size=16, learning_rate=3e-5)


def hold_out(
    rows: Sequence[LabelledRow], share: float
) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Split rows into training and stopping rows; all rows of one text go to the same side."""
    bound = int(share * 2**32)
    parts: tuple[list[LabelledRow], list[LabelledRow]] = ([], [])
    for row in rows:
        parts[zlib.crc32(row.passage.text.encode()) < bound].append(row)
    return parts


def train(
    rows: Sequence[LabelledRow],
    stopping: Sequence[LabelledRow],
    *,
    texts: Sequence[str] = (),
    recipe: Recipe,
    out: Path,
    on_epoch: Callable[[float, dict[str, float]], None] = lambda _epoch, _measured: None,
) -> dict[str, float]:
    """Train on `rows`, stop by macro-F1 on `stopping`, write a Hugging Face directory to `out`.

    `texts` are unlabelled: they only shape the embedded model's vocabulary and embeddings.
    Returns the macro-F1 (0 to 1) of each task on `stopping`, and their mean as `macro_f1`;
    `on_epoch` is told the same after each epoch.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    set_seed(recipe.seed)
    labels = _label_names(rows)
    model, tokenizer = _prepare(rows, texts, labels, recipe)
    keys = [*_tasks(stopping), "macro_f1"]
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(recipe, scratch),
            train_dataset=_Encoded(rows, tokenizer, labels, recipe.max_length),
            eval_dataset=_Encoded(stopping, tokenizer, labels, recipe.max_length),
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_loss_func=_loss(rows, labels),
            compute_metrics=_metrics(labels),
            callbacks=[EarlyStoppingCallback(recipe.patience), _EpochReport(keys, on_epoch)],
        )
        trainer.remove_callback(PrinterCallback)  # it prints raw dictionaries to stdout
        trainer.train()
        measured = trainer.evaluate()
    _save(model, tokenizer, out)
    return {key: float(measured[f"eval_{key}"]) for key in keys}


class _EpochReport(TrainerCallback):
    """Passes on what was measured at the end of each epoch."""

    def __init__(
        self, keys: Sequence[str], on_epoch: Callable[[float, dict[str, float]], None]
    ) -> None:
        self._keys = keys
        self._on_epoch = on_epoch

    def on_evaluate(
        self,
        args: TrainingArguments,  # noqa: ARG002 (the trainer passes it)
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002 (likewise)
        **kwargs: Any,  # noqa: ANN401 (likewise)
    ) -> None:
        measured = {key: float(kwargs["metrics"][f"eval_{key}"]) for key in self._keys}
        self._on_epoch(state.epoch or 0.0, measured)


class _Encoded(Dataset[dict[str, Any]]):
    """Rows as token ids; the label is the model's output that the row should raise."""

    def __init__(
        self,
        rows: Sequence[LabelledRow],
        tokenizer: PreTrainedTokenizerBase,
        labels: Sequence[str],
        max_length: int,
    ) -> None:
        self._items = [
            {
                **encode(tokenizer, row.passage, row.task, max_length),
                "labels": labels.index(head_label(row.task, row.label)),
            }
            for row in rows
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._items[index]


def _tasks(rows: Sequence[LabelledRow]) -> list[str]:
    present = {row.task for row in rows}
    return [task for task in LABELS if task in present]


def _label_names(rows: Sequence[LabelledRow]) -> list[str]:
    return [head_label(task, label) for task in _tasks(rows) for label in LABELS[task]]


def _prepare(
    rows: Sequence[LabelledRow], texts: Sequence[str], labels: Sequence[str], recipe: Recipe
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    if recipe.base is None:
        corpus = list(dict.fromkeys([*(row.passage.text for row in rows), *texts]))
        tokenizer = build_tokenizer(corpus, recipe.shape)
        return build_model(tokenizer, corpus, labels, recipe.shape), tokenizer
    model, tokenizer, _ = read_pretrained(
        ModelName(recipe.base, recipe.revision),
        ignore_mismatched_sizes=True,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    if tokenizer.add_special_tokens({"additional_special_tokens": [MARK_OPEN, MARK_CLOSE]}):
        model.resize_token_embeddings(len(tokenizer))
    return model, tokenizer


def _arguments(recipe: Recipe, scratch: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=4 * recipe.batch_size,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        weight_decay=0.01,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        bf16=torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        logging_steps=200,
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        seed=recipe.seed,
    )


def _loss(rows: Sequence[LabelledRow], labels: Sequence[str]) -> Callable[..., torch.Tensor]:
    """Cross-entropy among the outputs of each row's task, rare classes weighing more."""
    weights = torch.tensor(_class_weights(rows, labels))
    task_of = torch.arange(len(labels)) // 3

    def loss(outputs: Any, targets: torch.Tensor, **_: object) -> torch.Tensor:  # noqa: ANN401
        logits = outputs.logits
        other_task = task_of.to(logits.device) != task_of.to(logits.device)[targets][:, None]
        masked = logits.masked_fill(other_task, torch.finfo(logits.dtype).min)
        return torch.nn.functional.cross_entropy(masked, targets, weights.to(logits.device))

    return loss


def _class_weights(rows: Sequence[LabelledRow], labels: Sequence[str]) -> list[float]:
    """Return one weight per output: the root of how much rarer it is than its task's average."""
    counts = Counter(head_label(row.task, row.label) for row in rows)
    by_task = Counter(row.task for row in rows)
    per_label = [by_task[task] / 3 for task in _tasks(rows) for _ in LABELS[task]]
    pairs = zip(per_label, labels, strict=True)
    return [float(np.sqrt(mean / max(counts[label], 1))) for mean, label in pairs]


def _metrics(labels: Sequence[str]) -> Callable[[EvalPrediction], dict[str, float]]:
    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        logits, truth = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
        per_task = _macro_f1_by_task(logits, truth, labels)
        return {**per_task, "macro_f1": float(np.mean(list(per_task.values())))}

    return metrics


def _macro_f1_by_task(
    logits: NDArray[np.float32], truth: NDArray[np.int64], labels: Sequence[str]
) -> dict[str, float]:
    result = {}
    for first in range(0, len(labels), 3):
        rows = truth // 3 == first // 3
        if rows.any():
            task = labels[first].rpartition("_")[0]
            guess = logits[rows, first : first + 3].argmax(axis=1)
            result[task] = float(
                f1_score(
                    truth[rows] - first, guess, labels=[0, 1, 2], average="macro", zero_division=0
                )
            )
    return result


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Write in half precision, which halves the file and changes no label that matters."""
    out.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
