"""Teaches an encoder a language from unlabelled texts: it guesses tokens that were masked.

Devlin et al. 2019, "BERT", section 3.1; that even a few megabytes of the task's own kind of text
are worth it: Krishna et al. 2023, "Downstream Datasets Make Surprisingly Good Pretraining Corpora".
"""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import (
    DataCollatorForLanguageModeling,
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
from models.training_loop import uses_bfloat16

__all__ = ["PretrainingPace", "pretrain", "run_stage"]

_LENGTH = 128  # tokens of a sequence
_MASKED = 0.22
_BATCH = 32
_LEARNING_RATE = 8e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingPace:
    """How often the texts are read, by which seed, and whether to keep off a graphics card."""

    epochs: float
    seed: int
    cpu: bool


def pretrain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    pace: PretrainingPace,
    on_epoch: Callable[[float, float], None],
) -> None:
    """Train a masked language model on `texts` in place, and tell each epoch's mean loss in nats.

    Raises ModelError when the loss is no number any more.
    """
    run_stage(
        model,
        _Packed(tokenizer, texts),
        DataCollatorForLanguageModeling(tokenizer, mlm_probability=_MASKED),
        batch_size=_BATCH,
        pace=pace,
        on_epoch=on_epoch,
    )


def run_stage(
    model: nn.Module,
    items: Dataset[Any],
    collate: Callable[..., Any],
    *,
    batch_size: int,
    pace: PretrainingPace,
    on_epoch: Callable[[float, float], None],
) -> None:
    """Train a model that returns its `loss` on `items` in place, and tell each epoch's mean of it.

    `collate` makes the model's arguments of `batch_size` items. Raises ModelError when the loss is
    no number any more.
    """
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(pace, scratch, batch_size),
            train_dataset=items,
            data_collator=collate,
            callbacks=[_LossReport(on_epoch)],
        )
        trainer.remove_callback(PrinterCallback)  # it prints raw dictionaries to stdout
        trainer.train()


def _arguments(pace: PretrainingPace, scratch: str, batch_size: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=pace.epochs,
        per_device_train_batch_size=batch_size,
        learning_rate=_LEARNING_RATE,
        lr_scheduler_type="linear",
        warmup_steps=0.05,
        weight_decay=0.01,
        adam_beta2=0.98,
        bf16=uses_bfloat16(cpu=pace.cpu),
        use_cpu=pace.cpu,
        dataloader_pin_memory=torch.cuda.is_available() and not pace.cpu,
        save_strategy="no",
        logging_strategy="epoch",
        logging_nan_inf_filter=False,  # the report shall see it
        report_to="none",
        disable_tqdm=True,
        seed=pace.seed,
    )


class _LossReport(TrainerCallback):
    """Passes on the loss of each epoch, and stops when it is no number."""

    def __init__(self, on_epoch: Callable[[float, float], None]) -> None:
        self._on_epoch = on_epoch

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002 (the trainer passes it)
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002 (likewise)
        **kwargs: Any,  # noqa: ANN401 (likewise)
    ) -> None:
        loss = kwargs["logs"].get("loss")
        if loss is not None and not math.isfinite(loss):
            raise ModelError("the loss of pretraining is not a number")
        if loss is not None:
            self._on_epoch(state.epoch or 0.0, loss)


class _Packed(Dataset[dict[str, Any]]):
    """Texts as sequences of equal length at most; short ones that stand together share one."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> None:
        ids = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
        room = min(_LENGTH, tokenizer.model_max_length) - 2
        self._sequences = [[first, *body, last] for body in _pack(ids, room, last)]

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self._sequences[index]}


def _pack(texts: Sequence[Sequence[int]], length: int, between: int) -> Iterator[list[int]]:
    """Yield runs of at most `length` ids; a text longer than that goes on in the next run."""
    run: list[int] = []
    for text in texts:
        for start in range(0, len(text), length):
            part = text[start : start + length]
            if run and len(run) + 1 + len(part) > length:
                yield run
                run = []
            run = [*run, between, *part] if run else list(part)
    if run:
        yield run
