"""Trains classifiers on labelled rows: the embedded one from nothing, or any encoder given.

One model may learn several tasks: each has its own three outputs over one encoder, and a row's loss
is the cross-entropy among the outputs of its task, weighted by class.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed
from transformers.utils import logging

from collector.errors import ModelError, OutputError
from models.averaging import mean_of_weights
from models.calibrating import FEWEST_ROWS, fit, uncalibrated
from models.calibration import Calibration, write_calibration
from models.classifier import Classifier
from models.distilling import distil, prepare_lesson
from models.embedded_shape import Shape, build_classifier, build_encoder, build_tokenizer
from models.engine.forward import longest_input
from models.engine.opening import open_forward
from models.engine.setting import TORCH_ON_CPU
from models.fitting_ngrams import fit_ngrams
from models.groups import by_language
from models.labels import LABELS
from models.measures import measure
from models.model_card import TaskRecord, TrainingRecord, versions, write_card, write_record
from models.model_name import EMBEDDED, ModelName
from models.passage import MARK_CLOSE, MARK_OPEN
from models.pretrained import read_pretrained
from models.pretraining import PretrainingPace, pretrain
from models.sentence_teacher import teacher_name
from models.target_encoder import (
    TargetEncoderConfig,
    TargetEncoderForMaskedLM,
    TargetEncoderForSequenceClassification,
)
from models.training_data import TrainingData, label_names, tasks_of
from models.training_loop import Pace, Watch, uses_bfloat16
from models.training_loop import fit as run_loop

__all__ = ["Recipe", "Watch", "default_recipe", "train"]

_EMBEDDED_SHAPE = TargetEncoderConfig.model_type


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `base` is None for the embedded shape, else a directory or hub id.

    An encoder of the embedded shape first goes `pretraining` times over all texts, masked, and then
    `distilling` times, learning to give the vectors of a sentence encoder, which is an extra. Of
    several `runs`, with seeds from `seed` on, the mean of the weights is what is kept.
    `max_length` is in tokens; a model that takes fewer is given as many as it takes. `cpu` keeps
    off a graphics card.
    """

    base: str | None = None
    revision: str | None = None
    shape: Shape = field(default_factory=Shape)
    pretraining: float = 5
    distilling: float = 0
    runs: int = 1
    epochs: float = 3
    batch_size: int = 32
    learning_rate: float = 4e-4
    warmup: float = 0.1
    patience: int = 2
    seed: int = 1
    max_length: int = 256
    cpu: bool = False


def default_recipe(base: str | None) -> Recipe:
    """Return what works for the embedded shape, from nothing or pretrained, or for other bases."""
    if base is None or base == EMBEDDED or _is_embedded_shape(Path(base).expanduser()):
        return Recipe(base=base)
    return Recipe(base=base, epochs=4, batch_size=16, learning_rate=3e-5)


def _is_embedded_shape(base: Path) -> bool:
    try:
        settings = json.loads((base / "config.json").read_text(encoding="utf-8"))
    except (
        OSError,
        ValueError,
        RecursionError,
    ):  # a hub id, or what reading the model will complain about
        return False
    return isinstance(settings, dict) and settings.get("model_type") == _EMBEDDED_SHAPE


def train(
    data: TrainingData, *, recipe: Recipe, out: Path, watch: Watch | None = None
) -> TrainingRecord:
    """Train on `data.rows`, stop by macro-F1 on `data.held_out`, write a Hugging Face directory.

    The directory holds weights in half precision, calibration, card and `training.json`, and
    appears whole or not at all. Raises InputError for rows that teach nothing, ModelError for a
    base that cannot be used and for a loss that is no number, OutputError for a full disk.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    data.check()
    watch = watch or Watch()
    started = time.monotonic()
    set_seed(recipe.seed)
    with _written_whole(out) as (made, scratch):
        model, tokenizer = _prepare(data, recipe, watch)
        pace = _pace(model, tokenizer, recipe)
        epochs = _fit(model, tokenizer, data, recipe.runs, pace=pace, scratch=scratch, watch=watch)
        precision = _save(model, tokenizer, made)
        tasks, calibration = _measure(made, data)
        record = TrainingRecord(
            base=recipe.base,
            revision=recipe.revision,
            pretraining=recipe.pretraining if recipe.base is None else 0,
            distilling=recipe.distilling if recipe.base is None else 0,
            teacher=teacher_name() if recipe.base is None and recipe.distilling else None,
            runs=recipe.runs,
            recipe=pace,
            epochs_run=epochs,
            architecture=model.config.model_type,
            precision=precision,
            parameters=model.num_parameters(),
            device=_device(pace),
            seconds=round(time.monotonic() - started, 1),
            versions=versions(),
            files=data.files,
            rows=len(data.rows),
            held_out=len(data.held_out),
            tasks=tasks,
            doubts=[*data.doubts(), *_uncalibrated(tasks)],
        )
        write_calibration(calibration, made)
        write_record(record, made)
        write_card(record, made)
    return record


def _fit(  # noqa: PLR0913 (what a loop needs, and how many)
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    data: TrainingData,
    runs: int,
    *,
    pace: Pace,
    scratch: Path,
    watch: Watch,
) -> float:
    """Train `model` in place so many times from where it stands, and leave it the mean."""
    if isinstance(model, TargetEncoderForSequenceClassification):
        model.add_ngrams(0)  # what another training left it
    start = {name: weight.clone() for name, weight in model.state_dict().items()}
    ends: list[dict[str, torch.Tensor]] = []
    epochs = 0.0
    for number in range(runs):
        model.load_state_dict(start)
        paced = replace(pace, seed=pace.seed + number)
        place = scratch / str(number)
        epochs += run_loop(model, tokenizer, data, pace=paced, scratch=place, watch=watch)
        ends.append({name: weight.clone().cpu() for name, weight in model.state_dict().items()})
    model.load_state_dict(mean_of_weights(ends))
    if isinstance(model, TargetEncoderForSequenceClassification):
        fit_ngrams(model, tokenizer, data.rows, pace.max_length)
    return epochs


@contextmanager
def _written_whole(out: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a directory that becomes `out` at the end, and one for what need not stay."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
            made, scratch = Path(beside, "model"), Path(beside, "scratch")
            made.mkdir()
            yield made, scratch
            made.rename(out)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{out}: cannot be written: {reason}") from error


def _prepare(
    data: TrainingData, recipe: Recipe, watch: Watch
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    labels = label_names(data.rows)
    if recipe.base is not None:
        return _pretrained(recipe.base, recipe.revision, labels)
    corpus = list(dict.fromkeys([*(row.passage.text for row in data.rows), *data.texts]))
    encoder, tokenizer = _from_nothing(corpus, recipe, watch)
    return build_classifier(encoder, labels), tokenizer


def _from_nothing(
    corpus: Sequence[str], recipe: Recipe, watch: Watch
) -> tuple[TargetEncoderForMaskedLM, PreTrainedTokenizerBase]:
    """Return an encoder that has learned from the texts, and from the teacher if one is asked."""
    # The teacher comes first: if it is missing, that is known before hours go into the encoder.
    lesson = prepare_lesson(corpus, watch.on_taught) if recipe.distilling else None
    tokenizer = build_tokenizer(corpus, recipe.shape)
    encoder = build_encoder(tokenizer, corpus, recipe.shape)
    if recipe.pretraining:
        pace = _pretraining_pace(recipe, recipe.pretraining)
        pretrain(encoder, tokenizer, corpus, pace=pace, on_epoch=watch.on_pretraining)
    if lesson:
        pace = _pretraining_pace(recipe, recipe.distilling)
        distil(encoder, tokenizer, lesson, pace=pace, on_epoch=watch.on_distilling)
    return encoder, tokenizer


def _pretraining_pace(recipe: Recipe, epochs: float) -> PretrainingPace:
    return PretrainingPace(epochs=epochs, seed=recipe.seed, cpu=_on_cpu(recipe))


def _pretrained(
    base: str, revision: str | None, labels: list[str]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    model, tokenizer, _ = read_pretrained(
        ModelName(base, revision),
        ignore_mismatched_sizes=True,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    if not _is_finite(model):
        raise ModelError(f"model {base}: its weights are not all numbers: give another --base")
    _pad(base, model, tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": [MARK_OPEN, MARK_CLOSE]})
    if len(tokenizer) > model.config.vocab_size:
        model.resize_token_embeddings(len(tokenizer))
    return model, tokenizer


def _pad(base: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a tokenizer without a padding token, as of most decoders, pad with its last one."""
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise ModelError(
                f"model {base}: its tokenizer has no padding token: set pad_token in its "
                "tokenizer_config.json"
            )
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id


def _pace(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> Pace:
    readable = longest_input(model.config, tokenizer)
    return Pace(
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        patience=recipe.patience,
        seed=recipe.seed,
        max_length=min(recipe.max_length, readable),
        cpu=_on_cpu(recipe),
    )


def _on_cpu(recipe: Recipe) -> bool:
    return recipe.cpu or not (torch.cuda.is_available() or torch.backends.mps.is_available())


def _device(pace: Pace) -> str:
    if pace.cpu:
        name = "cpu"
    else:
        name = torch.cuda.get_device_name() if torch.cuda.is_available() else "mps"
    return f"{name}, {'bfloat16' if uses_bfloat16(cpu=pace.cpu) else 'float32'}"


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path) -> str:
    """Write the model, in half precision if its weights fit, and return the precision."""
    model.cpu()
    if not _is_finite(model):
        raise ModelError("training ended with weights that are no numbers: lower --learning-rate")
    weights = [weight.detach() for weight in model.parameters() if weight.numel()]
    largest = max(float(weight.abs().max()) for weight in weights)
    fits = largest < torch.finfo(torch.float16).max
    (model.half() if fits else model).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return "float16" if fits else "float32"


def _is_finite(model: PreTrainedModel) -> bool:
    return all(bool(torch.isfinite(weight).all()) for weight in model.parameters())


def _uncalibrated(tasks: Mapping[str, TaskRecord]) -> list[str]:
    """Say of which tasks no temperature could be told although there were rows enough."""
    return [
        uncalibrated(task, part.measures.n)
        for task, part in tasks.items()
        if part.calibration is None and part.measures.n >= FEWEST_ROWS
    ]


def _measure(directory: Path, data: TrainingData) -> tuple[dict[str, TaskRecord], Calibration]:
    """Measure what was written, as scoring will read it, on the held-out rows, and calibrate it."""
    name = ModelName(str(directory))
    forward = open_forward(name, TORCH_ON_CPU)
    tasks, fits = {}, {}
    for task in tasks_of(data.held_out):
        rows = [row for row in data.held_out if row.task == task]
        truth = np.array([LABELS[task].index(row.label) for row in rows], dtype=np.int64)
        logits, _ = Classifier(forward, task, name=name).logits([row.passage for row in rows])
        best = logits.argmax(axis=1)
        fitted = fit(logits, truth, [row.lang or None for row in rows])
        tasks[task] = TaskRecord(
            measures=measure(truth, best, LABELS[task]),
            by_language=by_language(rows, truth, best),
            calibration=fitted,
        )
        if fitted:
            fits[task] = fitted
    return tasks, Calibration(fits)
