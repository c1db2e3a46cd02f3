"""The loop that trains a classifier, with the loss and the measure that it goes by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
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
)

from collector.errors import ModelError
from models.training_data import (
    EncodedRows,
    TrainingData,
    emphasised,
    label_names,
    tasks_of,
)

__all__ = ["Pace", "Watch", "fit", "task_loss", "uses_bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the loop goes: steps of `batch_size` rows for at most `epochs` rounds over all rows.

    The learning rate rises to its peak over the first `warmup` share of the steps and falls to
    zero in a line. The loop ends when `patience` epochs have not raised the held-out macro-F1.
    """

    epochs: float
    batch_size: int
    learning_rate: float
    warmup: float
    patience: int
    seed: int
    max_length: int
    cpu: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Is told how training goes: how many more rows were read, and each epoch's macro-F1.

    The figures (0 to 1) are those of the tasks on the held-out rows, and their mean as `macro_f1`.
    Of pretraining it is told each epoch's mean loss in nats; of distilling, how many pieces of text
    the teacher has read, and of how many, and then each epoch's mean cosine distance from it.
    """

    on_rows: Callable[[int], None] = lambda _count: None
    on_epoch: Callable[[float, dict[str, float]], None] = lambda _epoch, _measured: None
    on_pretraining: Callable[[float, float], None] = lambda _epoch, _loss: None
    on_taught: Callable[[int, int], None] = lambda _done, _total: None
    on_distilling: Callable[[float, float], None] = lambda _epoch, _distance: None


def fit(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    data: TrainingData,
    *,
    pace: Pace,
    scratch: Path,
    watch: Watch,
) -> float:
    """Train `model` in place, up to its best epoch, and return how many epochs were run.

    Checkpoints go to `scratch`. Raises ModelError when the loss is no number any more.
    """
    labels = label_names(data.rows)
    keys = [*tasks_of(data.held_out), "macro_f1"]
    trainer = _Trainer(
        model=model,
        args=_arguments(pace, scratch),
        train_dataset=EncodedRows(emphasised(data.rows), tokenizer, labels, pace.max_length),
        eval_dataset=EncodedRows(data.held_out, tokenizer, labels, pace.max_length),
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=_metrics(labels),
        callbacks=[EarlyStoppingCallback(pace.patience), _EpochReport(keys, watch.on_epoch)],
    )
    trainer.on_rows = watch.on_rows
    trainer.remove_callback(PrinterCallback)  # it prints raw dictionaries to stdout
    trainer.train()
    return float(trainer.state.epoch or 0)


def task_loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy among the three outputs of each row's task.

    `logits` is (n, outputs), three for each task; `labels` (n,) the outputs to raise; `weights`
    (n,) what each row counts.
    """
    tasks = torch.arange(logits.shape[1], device=logits.device) // 3
    other_task = tasks != tasks[labels][:, None]
    logits = logits.float()
    masked = logits.masked_fill(other_task, torch.finfo(logits.dtype).min)
    losses = torch.nn.functional.cross_entropy(masked, labels, reduction="none")
    return (losses * weights).sum() / weights.sum()


def uses_bfloat16(*, cpu: bool) -> bool:
    """Whether to compute in bfloat16: where the processor does, it takes half the time or less."""
    if not cpu:
        return torch.cuda.is_available() and bool(torch.cuda.is_bf16_supported())
    if not hasattr(torch.cpu, "get_capabilities"):  # a torch older than that
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class _Trainer(Trainer):
    """Weighs rows, tells how many were read, and stops when the loss is no number."""

    on_rows: Callable[[int], None]

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: object = None,  # noqa: ARG002 (likewise)
    ) -> Any:  # noqa: ANN401 (likewise)
        labels, weights = inputs.pop("labels"), inputs.pop("weights")
        outputs = model(**inputs)
        loss = task_loss(outputs.logits, labels, weights)
        return (loss, outputs) if return_outputs else loss

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (passed on)
        inputs = kwargs.get("inputs", args[1] if len(args) > 1 else {})
        loss = super().training_step(*args, **kwargs)
        step = self.state.global_step + 1
        if not math.isfinite(loss.item()):
            raise ModelError(f"the loss is not a number at step {step}: lower --learning-rate")
        self.on_rows(len(inputs["labels"]))
        return loss


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


def _arguments(pace: Pace, scratch: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=pace.epochs,
        per_device_train_batch_size=pace.batch_size,
        per_device_eval_batch_size=4 * pace.batch_size,
        learning_rate=pace.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=pace.warmup,
        weight_decay=0.01,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        bf16=uses_bfloat16(cpu=pace.cpu),
        use_cpu=pace.cpu,
        dataloader_pin_memory=torch.cuda.is_available() and not pace.cpu,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        label_names=["labels", "weights"],
        seed=pace.seed,
    )


def _metrics(labels: Sequence[str]) -> Callable[[EvalPrediction], dict[str, float]]:
    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        logits, truth = np.asarray(prediction.predictions), np.asarray(prediction.label_ids[0])
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
