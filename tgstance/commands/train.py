"""tgstance train: makes a classifier from labelled rows."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.dataset import LabelledRow
    from models.training import Recipe

__all__ = ["train"]

_HELD_OUT = 0.05
_FEW = 100
_PATH = click.Path(path_type=Path)


@click.command(short_help="Train a classifier on labelled rows.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--out", required=True, type=_PATH, help="Directory for the model; must not exist yet."
)
@click.option(
    "--dev",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Rows to stop by; without it 5 % of the texts of FILE are held out for that.",
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
    help="Unlabelled texts (a line each, or JSON lines with text) for the vocabulary and "
    "embeddings of a model trained from nothing.",
)
@click.option(
    "--exclude",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="JSON lines whose texts are not to be trained on.",
)
@click.option("--epochs", type=click.FloatRange(min=0, min_open=True), help="At most so many.")
@click.option(
    "--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Peak learning rate."
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Rows a step.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same model.")
def train(*, paths: tuple[Path, ...], out: Path, **options: Any) -> None:  # noqa: ANN401 (click's)
    """Train a classifier on FILE...: JSON lines with text, task, label and, for stance, target.

    Several sets and tasks train one model together. It needs the extra tgstance[train].

    \b
    Example:
      tgstance train mine.jsonl --base ./xlm-roberta-base --out ./my-model
      tgstance evaluate held-out.jsonl --model ./my-model
    """
    if find_spec("accelerate") is None:
        raise ConfigError('training needs the extra: pip install "tgstance[train]"')
    if out.exists():
        raise ConfigError(f"{out} is already there: name a new directory with --out")
    _train(paths, out, _Options(**options))


@dataclass(frozen=True, slots=True)
class _Options:
    """What the options of the command say; None is "not given"."""

    dev: tuple[Path, ...]
    base: str | None
    revision: str | None
    text: tuple[Path, ...]
    exclude: tuple[Path, ...]
    epochs: float | None
    learning_rate: float | None
    batch_size: int | None
    seed: int

    def recipe(self) -> "Recipe":
        """Return the recipe for this base, changed where an option was given."""
        from models.training import default_recipe

        names = ("revision", "epochs", "learning_rate", "batch_size", "seed")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(default_recipe(self.base), **given)


def _train(paths: tuple[Path, ...], out: Path, options: _Options) -> None:
    from models.training import train as train_model
    from tgstance.terminal import log

    rows, stopping = _rows(paths, options)
    texts = _texts(options.text)
    _reserve(out)
    log.info("%s rows to train on, %s to stop by", len(rows), len(stopping))
    measured = train_model(
        rows, stopping, texts=texts, recipe=options.recipe(), out=out, on_epoch=_show_epoch
    )
    for name, value in measured.items():
        click.echo(f"{name}: {100 * value:.1f} % macro-F1 on the rows to stop by")
    click.echo(f"Wrote {out}")


def _rows(
    paths: tuple[Path, ...], options: _Options
) -> "tuple[Sequence[LabelledRow], Sequence[LabelledRow]]":
    """Return the rows to train on and those to stop by."""
    from models.dataset import read_sets
    from models.training import hold_out
    from tgstance.terminal import log

    excluded = set(_texts(options.exclude))
    rows = [row for row in read_sets(paths).rows if row.passage.text not in excluded]
    stopping = read_sets(options.dev).rows
    if not stopping:
        rows, stopping = hold_out(rows, _HELD_OUT)
    if not rows or not stopping:
        raise InputError("too few labelled rows to train on and to stop by")
    missing = {row.task for row in stopping} - {row.task for row in rows}
    if missing:
        raise InputError(f"--dev has rows of {', '.join(sorted(missing))}, the training rows none")
    if len(stopping) < _FEW:
        log.warning("only %s rows to stop by: their macro-F1 says little", len(stopping))
    return rows, stopping


def _reserve(out: Path) -> None:
    """Make sure that the model can be written before hours go into it."""
    try:
        out.mkdir(parents=True)
        out.rmdir()
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error


def _show_epoch(epoch: float, measured: "Mapping[str, float]") -> None:
    from tgstance.terminal import log

    figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in measured.items())
    log.info("epoch %.0f: macro-F1 in %% on the rows to stop by: %s", epoch, figures)


def _texts(paths: "Sequence[Path]") -> list[str]:
    from models.dataset import read_texts

    return [text for path in paths for text in read_texts(path)]
