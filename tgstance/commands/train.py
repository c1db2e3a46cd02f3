"""tgstance train: makes a classifier from labelled rows."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.dataset import LabelledRow

__all__ = ["train"]

_HELD_OUT = 0.05
_PATH = click.Path(path_type=Path)


@click.command(short_help="Train a classifier on labelled rows.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--out", required=True, type=_PATH, help="Directory for the model; must not exist yet."
)
@click.option(
    "--dev",
    "dev",
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
    "texts",
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
@click.option("--learning-rate", type=float, help="Peak learning rate.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Rows a step.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same model.")
def train(  # noqa: PLR0913 (one argument an option)
    paths: tuple[Path, ...],
    *,
    out: Path,
    dev: tuple[Path, ...],
    base: str | None,
    revision: str | None,
    texts: tuple[Path, ...],
    exclude: tuple[Path, ...],
    epochs: float | None,
    learning_rate: float | None,
    batch_size: int | None,
    seed: int,
) -> None:
    """Train a classifier on FILE...: JSON lines with text, task, label and, for stance, target.

    Several sets and tasks train one model together. It needs the extra tgstance[train].

    \b
    Example:
      tgstance train mine.jsonl --base ./xlm-roberta-base --out ./my-model
      tgstance evaluate held-out.jsonl --model ./my-model
    """
    _check_accelerate()
    from models.dataset import read_sets
    from models.training import Recipe, default_recipe, hold_out
    from models.training import train as train_model
    from tgstance.terminal import log

    if out.exists():
        raise ConfigError(f"{out} is already there: name a new directory with --out")
    rows = _without(read_sets(paths).rows, exclude)
    stopping: Sequence[LabelledRow] = read_sets(dev).rows
    if not stopping:
        rows, stopping = hold_out(rows, _HELD_OUT)
    if not rows or not stopping:
        raise InputError("too few labelled rows to train on and to stop by")
    default = default_recipe(base)
    recipe = Recipe(
        base=base,
        revision=revision,
        epochs=epochs or default.epochs,
        learning_rate=learning_rate or default.learning_rate,
        batch_size=batch_size or default.batch_size,
        seed=seed,
    )
    log.info("%s rows to train on, %s to stop by", len(rows), len(stopping))
    measured = train_model(
        rows, stopping, texts=_texts(texts), recipe=recipe, out=out, on_epoch=_show_epoch
    )
    for name, value in measured.items():
        click.echo(f"{name}: {100 * value:.1f} % macro-F1 on the rows to stop by")
    click.echo(f"Wrote {out}")


def _show_epoch(epoch: float, measured: "Mapping[str, float]") -> None:
    from tgstance.terminal import log

    figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in measured.items())
    log.info("epoch %.0f: macro-F1 in %% on the rows to stop by: %s", epoch, figures)


def _check_accelerate() -> None:
    if find_spec("accelerate") is None:
        raise ConfigError('training needs the extra: pip install "tgstance[train]"')


def _without(rows: "list[LabelledRow]", exclude: "Sequence[Path]") -> "list[LabelledRow]":
    left_out = set(_texts(exclude))
    return [row for row in rows if row.passage.text not in left_out]


def _texts(paths: "Sequence[Path]") -> list[str]:
    from models.dataset import read_texts

    return [text for path in paths for text in read_texts(path)]
