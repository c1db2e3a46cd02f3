"""tgstance evaluate: measures a model on labelled rows."""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ConfigError
from tgstance.evaluation.second_model import SecondModel, second_model_options
from tgstance.finite import Finite
from tgstance.harmless import escaped_json
from tgstance.label_option import label_option, model_label_option
from tgstance.session import Session

if TYPE_CHECKING:
    from collector.errors import ModelError
    from models.baselines import TfidfBaseline
    from models.cascade_curve import CascadeCurve
    from models.dataset import LabelledRow, LabelledSet
    from models.evaluation import TaskEvaluation
    from models.model_name import Kind, ModelName, Weights

    Tasks = dict[str, TaskEvaluation]

__all__ = ["evaluate"]

_PATH = click.Path(path_type=Path)


@click.command(short_help="Measure a model on labelled rows.")
@click.argument("path", metavar="FILE", type=_PATH)
@click.option(
    "--model",
    default="embedded",
    show_default=True,
    help="Directory, hub id or short name of a well-known model.",
)
@click.option("--revision", help="Revision of a hub model.")
@click.option(
    "--kind",
    type=click.Choice(["classifier", "nli"]),
    help="Whether the model knows our labels or natural-language inference. Default: as known of a "
    "well-known model, else classifier.",
)
@click.option(
    "--weights",
    type=click.Choice(["safetensors", "bin"]),
    help="Form of the weights; bin is read by torch's weights-only reader. Default: as known of a "
    "well-known model, else safetensors.",
)
@model_label_option
@second_model_options
@label_option
@click.option(
    "--baseline-train",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Labelled rows to train TF-IDF + logistic regression on, shown beside; those of posts in "
    "FILE are dropped. May be repeated.",
)
@click.option(
    "--abstain-below",
    metavar="SHARE",
    type=Finite(0, 1),
    help="Also measure what is left when the model abstains below this confidence (0 to 1).",
)
@click.option(
    "--plots",
    metavar="DIR",
    type=_PATH,
    help="Draw reliability and risk-coverage of each task there, and the cascade, as PNG and CSV. "
    "Needs the extra tgstance[plots].",
)
@click.option(
    "--predictions",
    metavar="FILE",
    type=_PATH,
    help="Write every row with the model's probabilities there, as JSON lines.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    envvar="TGSTANCE_EVALUATE_JSON",
    help="Print one JSON object, shares as fractions.",
)
@click.pass_obj
def evaluate(session: Session, /, **options: Any) -> None:  # noqa: ANN401 (click's)
    """Measure a model on FILE: JSON lines with text, task, label and, but for sentiment, target.

    Each task counts for itself: sentiment, stance, target_sentiment; one that the model cannot do
    is skipped. Rows labelled unrelated or mixed and rows without text are left out and counted.
    Intervals come from 1,000 resamples of whole posts (rows of one post_id or text). "Contrast
    groups right" is the share of groups (rows of one group) with every label right, "opposite
    stances right" that of posts against one target and in favor of another with all of these right.

    \b
    Example:
      tgstance evaluate written.dev.jsonl.gz --baseline-train written.train.jsonl.gz
      tgstance evaluate theirs.jsonl --label 1=favor --label 0=neutral --label=-1=against
      tgstance evaluate written.dev.jsonl.gz --cascade mdeberta-nli
    """
    second = SecondModel(**{one.name: options.pop(one.name) for one in fields(SecondModel)})
    _evaluate(session, _Options(second=second, **options))


@dataclass(frozen=True, slots=True)
class _Options:
    """What the options of the command say; None is "not given"."""

    path: Path
    model: str
    revision: str | None
    kind: "Kind | None"
    weights: "Weights | None"
    model_labels: Mapping[str, str]
    second: SecondModel
    labels: Mapping[str, str]
    baseline_train: tuple[Path, ...]
    abstain_below: float | None
    plots: Path | None
    predictions: Path | None
    as_json: bool

    def model_name(self) -> "ModelName":
        """Return the model that is asked for."""
        from models.presets import ModelSetting, resolve

        return resolve(
            ModelSetting(
                name=self.model,
                revision=self.revision,
                kind=self.kind,
                weights=self.weights,
                labels=self.model_labels,
            )
        )

    def check(self) -> None:
        """Raise ConfigError for what could only fail after the model has run."""
        if self.plots:
            from tgstance.evaluation.plots import require_matplotlib

            require_matplotlib()
        inputs = {path.resolve() for path in (self.path, *self.baseline_train)}
        if self.predictions and self.predictions.resolve() in inputs:
            raise ConfigError(f"--predictions {self.predictions} would overwrite the rows it names")
        self._check_places()

    def _check_places(self) -> None:
        from tgstance.evaluation.files import require_writable

        if self.plots:
            require_writable("--plots", self.plots)
        if self.predictions:
            if self.predictions.is_dir():
                raise ConfigError(f"--predictions: {self.predictions} is a directory: name a file")
            require_writable("--predictions", self.predictions.parent)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was measured, and by task: why the model cannot do it, and baseline rows dropped.

    `curves` are those of the cascade with `second`, if any.
    """

    labelled: "LabelledSet"
    second: "ModelName | None"
    tasks: "Tasks" = field(default_factory=dict)
    skipped: "dict[str, ModelError]" = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    curves: "dict[str, CascadeCurve]" = field(default_factory=dict)
    not_escalated: "dict[str, ModelError]" = field(default_factory=dict)

    def rows(self, task: str) -> int:
        """Return how many rows the file has of a task."""
        return sum(row.task == task for row in self.labelled.rows)


def _evaluate(session: Session, options: _Options) -> None:
    from models.dataset import read_set

    options.check()
    found = _measure(session, options, read_set(options.path, options.labels))
    if options.as_json:
        written = json.dumps(_as_json(found), indent=2, ensure_ascii=False, allow_nan=False)
        click.echo(escaped_json(written))
    else:
        _show(options, found)
    _write(options, found)


def _measure(session: Session, options: _Options, labelled: "LabelledSet") -> _Found:
    from models.evaluation import evaluate as evaluate_rows
    from models.loading import load_classifier
    from tgstance.logs import log
    from tgstance.terminal import progress

    name = options.model_name()
    found = _Found(labelled, options.second.beside(name))
    baselines = _baselines(options, found)
    with progress(options.model, len(labelled.rows), quiet=session.quiet) as advance:
        tasks = evaluate_rows(
            labelled.rows,
            lambda task: load_classifier(name, task),
            baselines,
            abstain_below=options.abstain_below,
            on_rows=advance,
            on_skipped=found.skipped.__setitem__,
        )
    for task, error in found.skipped.items():
        log.warning("the %s rows of %s are skipped: %s", found.rows(task), task, error)
    found.tasks.update(tasks)
    if found.second:
        _measure_cascade(session, found, found.second)
    return found


def _measure_cascade(session: Session, found: _Found, second: "ModelName") -> None:
    from models.cascade_curve import evaluate_cascade
    from models.loading import load_classifier
    from tgstance.logs import log
    from tgstance.terminal import progress

    rows = sum(len(measured.rows) for measured in found.tasks.values())
    with progress(f"cascade: {second.text}", rows, quiet=session.quiet) as advance:
        curves = evaluate_cascade(
            found.tasks,
            lambda task: load_classifier(second, task),
            advance,
            found.not_escalated.__setitem__,
        )
    for task, error in found.not_escalated.items():
        log.warning("the %s rows of %s have no cascade: %s", found.rows(task), task, error)
    found.curves.update(curves)


def _baselines(options: _Options, found: _Found) -> "Mapping[str, TfidfBaseline]":
    from models.baselines import fit_baselines
    from models.dataset import read_sets
    from tgstance.logs import log

    wanted = {row.task for row in found.labelled.rows}
    training = read_sets(options.baseline_train, options.labels).rows
    kept = _unknown([row for row in training if row.task in wanted], found)
    for task, count in found.dropped.items():
        log.warning(
            "%s rows of %s in --baseline-train are dropped: FILE has their text or post",
            count,
            task,
        )
    return fit_baselines(kept)


def _unknown(training: "Sequence[LabelledRow]", found: _Found) -> "list[LabelledRow]":
    """Return the rows whose post is not in the file, and count the others."""
    from models.intervals import shares_post

    kept = []
    for row, known in zip(training, shares_post(training, found.labelled.rows), strict=True):
        if known:
            found.dropped[row.task] += 1
        else:
            kept.append(row)
    return kept


def _show(options: _Options, found: _Found) -> None:
    from tgstance.evaluation.tables import show, show_cascade
    from tgstance.logs import log

    everything = log.isEnabledFor(logging.DEBUG)
    show(options.path, options.model, found.tasks, found.labelled, everything=everything)
    if found.second:
        show_cascade(f"{options.model}, then {found.second.text}", found.curves)


def _write(options: _Options, found: _Found) -> None:
    from tgstance.evaluation.files import write_predictions
    from tgstance.logs import log

    if options.predictions:
        write_predictions(options.predictions, found.tasks)
        log.info("wrote %s", options.predictions)
    if options.plots:
        from tgstance.evaluation.plots import write_plots

        for path in write_plots(options.plots, found.tasks, found.curves):
            log.info("wrote %s", path)


def _as_json(found: _Found) -> dict[str, object]:
    labelled = found.labelled
    result: dict[str, object] = {}
    for task, measured in found.tasks.items():
        missing = {label: count for (of, label), count in labelled.left_out.items() if of == task}
        result[task] = {
            **measured.as_json(),
            "left_out": missing,
            "empty": labelled.empty[task],
            "baseline_dropped": found.dropped[task],
            **_cascade_as_json(found, task),
        }
    for task, error in found.skipped.items():
        result[task] = {"skipped": {"n": found.rows(task), "reason": str(error)}}
    return result


def _cascade_as_json(found: _Found, task: str) -> dict[str, object]:
    if found.second is None:
        return {}
    if task in found.not_escalated:
        return {"cascade": {"skipped": {"reason": str(found.not_escalated[task])}}}
    return {"cascade": {"second": found.second.text, **found.curves[task].as_json()}}
