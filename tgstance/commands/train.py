"""tgstance train: makes a classifier from labelled rows."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ConfigError
from tgstance.finite import Finite
from tgstance.label_option import label_option
from tgstance.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.dataset import LabelledRow
    from models.model_card import TrainingRecord
    from models.training import Recipe
    from models.training_data import DataFile, TrainingData

__all__ = ["train"]

_HELD_OUT = 0.05
_PATH = click.Path(path_type=Path)


@click.command(short_help="Train a classifier on labelled rows.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--out", required=True, type=_PATH, help="Directory for the model; must not exist yet."
)
@label_option
@click.option(
    "--dev",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Rows to stop by and to calibrate on; without it 5 % of the posts of FILE are held out "
    "for that.",
)
@click.option(
    "--base",
    help="Encoder to fine-tune: a directory or hub id. Default: none, the "
    "embedded model's shape is trained from nothing.",
)
@click.option("--revision", help="Revision of a hub model given as --base.")
@click.option(
    "--text",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Unlabelled texts (a line each, or JSON lines with text) that a model trained from "
    "nothing learns the languages from.",
)
@click.option(
    "--exclude",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Texts (as for --text) that are not to be trained on, with or without labels.",
)
@click.option(
    "--pretraining",
    metavar="EPOCHS",
    type=Finite(min=0),
    help="How often a model trained from nothing first reads all texts, guessing masked tokens. "
    "[default: 5]",
)
@click.option(
    "--distilling",
    metavar="EPOCHS",
    type=Finite(min=0),
    help="How often a model trained from nothing then reads all texts, learning the vectors that a "
    "sentence encoder gives them. Needs the extra tgstance[teacher]. [default: 0]",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    help="Train so many times from the same start, with seeds from --seed on, and keep the mean of "
    "their weights, which is as good as the models together and no slower than one. [default: 1]",
)
@click.option("--epochs", type=Finite(min=0, min_open=True), help="At most so many.")
@click.option("--learning-rate", type=Finite(min=0, min_open=True), help="Peak learning rate.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Rows a step.")
@click.option(
    "--max-length",
    type=click.IntRange(min=8),
    help="Tokens of a row to train on; at most what the base takes. [default: 256]",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a graphics card if there is one.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Same seed, same model.",
)
@click.pass_obj
def train(session: Session, /, *, paths: tuple[Path, ...], out: Path, **options: Any) -> None:  # noqa: ANN401 (click's)
    """Train a classifier on FILE...: JSON lines with text, task, label and, for stance, target.

    Several sets and tasks train one model together. Training stops by macro-F1 on held-out rows,
    on which the model is also measured and calibrated. OUT is an ordinary Hugging Face directory
    with a card (README.md), all figures and fingerprints of the data (training.json) and
    temperatures (calibration.json). It needs the extra tgstance[train].

    \b
    Example:
      tgstance train mine.jsonl --base ./xlm-roberta-base --out ./my-model
      tgstance evaluate held-out.jsonl --model ./my-model
    """
    if find_spec("accelerate") is None:
        raise ConfigError('training needs the extra: pip install "tgstance[train]"')
    if out.exists():
        raise ConfigError(f"{out} is already there: name a new directory with --out")
    given = _Options(**options)
    given.check()
    _train(session, paths, out, given)


@dataclass(frozen=True, slots=True)
class _Options:
    """What the options of the command say; None is "not given"."""

    labels: "Mapping[str, str]"
    dev: tuple[Path, ...]
    base: str | None
    revision: str | None
    text: tuple[Path, ...]
    exclude: tuple[Path, ...]
    pretraining: float | None
    distilling: float | None
    runs: int | None
    epochs: float | None
    learning_rate: float | None
    batch_size: int | None
    max_length: int | None
    device: str
    seed: int

    def check(self) -> None:
        """Raise ConfigError for options that would do nothing together."""
        shaping = (self.text or None, self.pretraining, self.distilling)
        if self.base and any(option is not None for option in shaping):
            raise ConfigError(
                "--text, --pretraining and --distilling shape a model trained from nothing: leave "
                "them out with --base"
            )
        if self.revision and not self.base:
            raise ConfigError("--revision is one of a hub model: name that with --base")

    def recipe(self) -> "Recipe":
        """Return the recipe for this base, changed where an option was given.

        Raises ConfigError where there is no graphics card to compute on.
        """
        import torch

        from models.training import default_recipe

        if self.device == "cuda" and not torch.cuda.is_available():
            raise ConfigError("--device cuda: torch sees no graphics card here; leave it out")
        names = (
            "revision",
            "pretraining",
            "distilling",
            "runs",
            "epochs",
            "learning_rate",
            "batch_size",
            "max_length",
            "seed",
        )
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(default_recipe(self.base), cpu=self.device == "cpu", **given)


def _train(session: Session, paths: tuple[Path, ...], out: Path, options: _Options) -> None:
    from models.training import Watch
    from models.training import train as train_model
    from models.training_data import emphasised
    from tgstance.logs import log
    from tgstance.terminal import progress

    data, recipe = _data(paths, options), options.recipe()
    _reserve(out)
    log.info("%s rows to train on, %s held out", len(data.rows), len(data.held_out))
    for doubt in data.doubts():
        log.warning("%s", doubt)
    steps = int(len(emphasised(data.rows)) * recipe.epochs) * recipe.runs
    with progress("rows", steps, quiet=session.quiet) as advance:
        watch = Watch(advance, _show_epoch, _show_pretraining, _show_taught, _show_distilling)
        record = train_model(data, recipe=recipe, out=out, watch=watch)
    _show(record, out)


def _data(paths: tuple[Path, ...], options: _Options) -> "TrainingData":
    """Return the rows to train on and those held out, with the fingerprints of their files."""
    from models.training_data import TrainingData, hold_out

    rows, files = _read(paths, "train", options)
    held_out, dev_files = _read(options.dev, "dev", options)
    texts, text_files = _read_texts(options.text, "text")
    excluded, excluded_files = _read_texts(options.exclude, "exclude")
    rows, texts = _without(set(excluded), rows, texts)
    if not options.dev:
        rows, held_out = hold_out(rows, _HELD_OUT)
    data = TrainingData(
        rows, held_out, texts, files=[*files, *dev_files, *text_files, *excluded_files]
    )
    data.check()
    return data


def _without(
    excluded: set[str], rows: "Sequence[LabelledRow]", texts: "Sequence[str]"
) -> "tuple[list[LabelledRow], list[str]]":
    """Leave out what is not to be trained on, and say how much that is."""
    from tgstance.logs import log

    kept = [row for row in rows if row.passage.text not in excluded]
    kept_texts = [text for text in texts if text not in excluded]
    gone = len(rows) - len(kept), len(texts) - len(kept_texts)
    if any(gone):
        log.info("--exclude leaves out %s rows and %s unlabelled texts", *gone)
    elif excluded:
        log.warning("--exclude leaves out nothing: no row or text is among its texts")
    return kept, kept_texts


def _read(
    paths: "Sequence[Path]", use: str, options: _Options
) -> "tuple[list[LabelledRow], list[DataFile]]":
    from models.dataset import read_sets
    from models.training_data import describe_file

    rows, files = [], []
    for path in paths:
        found = read_sets([path], options.labels).rows
        rows += found
        files.append(describe_file(path, use, found))
    return rows, files


def _read_texts(paths: "Sequence[Path]", use: str) -> "tuple[list[str], list[DataFile]]":
    from models.dataset import read_texts
    from models.training_data import describe_file

    texts, files = [], []
    for path in paths:
        found = read_texts(path)
        texts += found
        files.append(describe_file(path, use, len(found)))
    return texts, files


def _reserve(out: Path) -> None:
    """Make sure that the model can be written before hours go into it."""
    try:
        out.mkdir(parents=True)
        out.rmdir()
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error


def _show_epoch(epoch: float, measured: "Mapping[str, float]") -> None:
    from tgstance.logs import log

    figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in measured.items())
    log.info("epoch %.0f: macro-F1 in %% on the held-out rows: %s", epoch, figures)


def _show_pretraining(epoch: float, loss: float) -> None:
    from tgstance.logs import log

    log.info("pretraining, epoch %.0f: loss of masked tokens %.2f nats", epoch, loss)


def _show_taught(done: int, total: int) -> None:
    from tgstance.logs import log

    log.info("the sentence encoder has read %s of %s pieces of text", done, total)


def _show_distilling(epoch: float, distance: float) -> None:
    from tgstance.logs import log

    log.info("distilling, epoch %.1f: cosine distance from the teacher %.3f", epoch, distance)


def _show(record: "TrainingRecord", out: Path) -> None:
    from models.calibrating import FEWEST_ROWS, uncalibrated
    from tgstance.logs import log

    for task, part in record.tasks.items():
        temperature = (
            f", temperature {part.calibration.temperature:.2f}" if part.calibration else ""
        )
        click.echo(
            f"{task}: {100 * part.measures.macro_f1:.1f} % macro-F1 on {part.measures.n} held-out "
            f"rows{temperature}"
        )
        # Of too few rows the doubts have told before.
        if not part.calibration and part.measures.n >= FEWEST_ROWS:
            log.warning("%s", uncalibrated(task, part.measures.n))
    click.echo(f"Wrote {out}")
