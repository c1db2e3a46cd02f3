"""Prints what more written posts bring: macro-F1 on written.dev by the share of them trained on.

    python benchmarks/learning_curve.py [--base DIR] [--epochs 3] [--shares 0.25 0.5 1]

Needs the folder with the labelled sets. A share of the posts of written.train and
written_more.train, each with all its rows, is trained on beside all other sets; a larger share
holds the smaller ones. The model has the
embedded one's shape. Give its pretrained encoder with --base: without one each share pretrains one
on its own rows alone, which takes longer and makes weaker models.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.baselines import fit_baselines
from models.dataset import LabelledRow, read_set, read_sets
from models.evaluation import MODEL, TFIDF, Labelling, evaluate
from models.intervals import posts_of
from models.loading import load_classifier
from models.model_name import ModelName
from models.training import Recipe, default_recipe, train
from models.training_data import TrainingData, hold_out

HERE = Path(__file__).parent
WRITTEN = HERE / "data" / "written.dev.jsonl.gz"
MORE = HERE.parent / "models/embedded/training/written_more.train.jsonl.gz"
OTHERS = ("telegram_annotated", "rusentne", "ruopinionne", "newsmtsc", "opensentimentcorpus")
ROW = "| {:>13} | {:>12} | {:<9} | {:>20} | {:>20} |"
HELD_OUT = 0.05
SEED = 1


def main() -> None:
    """Print a line for each share and task, as soon as it is measured."""
    options = parse()
    torch.set_num_threads(options.threads)
    recipe = replace(default_recipe(options.base), epochs=options.epochs)
    written, others = training_rows(options.data)
    dev = read_set(WRITTEN).rows
    print(ROW.format("written posts", "written rows", "task", "TF-IDF + LR (95 %)", "model (95 %)"))
    print(ROW.format("--:", "--:", "---", "--:", "--:"), flush=True)
    for count, rows in nested(written, options.shares):
        for task, baseline, model in measure([*rows, *others], dev, recipe):
            print(ROW.format(count, len(rows), task, cell(baseline), cell(model)), flush=True)


def parse() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared/data/labelled")
    parser.add_argument("--base", help="A pretrained encoder of the embedded shape.")
    parser.add_argument("--epochs", type=float, default=default_recipe(None).epochs)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    return parser.parse_args()


def training_rows(data: Path) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Return the rows of the written set and those of all others."""
    files = [data / f"{name}.train.jsonl.gz" for name in ("written", *OTHERS)]
    if not all(path.exists() for path in files):
        sys.exit(f"{data} is not here: name the folder of labelled sets with --data")
    return read_sets([files[0], MORE]).rows, read_sets(files[1:]).rows


def nested(
    rows: Sequence[LabelledRow], shares: Sequence[float]
) -> Iterator[tuple[int, list[LabelledRow]]]:
    """Yield, for each share of the posts, their number and all their rows."""
    posts = posts_of(rows)
    total = int(posts.max()) + 1
    rank = np.random.default_rng(SEED).permutation(total)
    for share in shares:
        count = round(share * total)
        yield count, [row for row, post in zip(rows, posts, strict=True) if rank[post] < count]


def measure(
    rows: Sequence[LabelledRow], dev: Sequence[LabelledRow], recipe: Recipe
) -> Iterator[tuple[str, Labelling, Labelling]]:
    """Train the baseline and a model on the same rows; yield the measures of each task of `dev`."""
    learned, stopping = hold_out(rows, HELD_OUT)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "model"
        train(TrainingData(learned, stopping), recipe=recipe, out=out)
        name = ModelName(str(out))
        tasks = {row.task for row in dev}
        baselines = fit_baselines([row for row in learned if row.task in tasks])
        found = evaluate(dev, lambda task: load_classifier(name, task), baselines)
    for task, measured in found.items():
        yield task, measured.labellings[TFIDF], measured.labellings[MODEL]


def cell(labelling: Labelling) -> str:
    """Return macro-F1 in %, with its interval."""
    bounds = labelling.intervals["macro_f1"]
    between = f" ({100 * bounds.low:.1f}-{100 * bounds.high:.1f})" if bounds else ""
    return f"{100 * labelling.measures.macro_f1:.1f}{between}"


if __name__ == "__main__":
    main()
