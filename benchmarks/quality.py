"""Prints macro-F1 of the embedded model beside the majority class and TF-IDF + LR.

    python benchmarks/quality.py [--data ../shared/data/labelled] [--model embedded]

On written.dev, which is part of this repository, always; on the other dev splits where the folder
with the labelled sets is at hand. The baseline is trained on the same sets as the embedded model.
"""

import argparse
from pathlib import Path

from models.classifier import load_classifier
from models.dataset import LabelledRow, read_set, read_sets
from models.evaluation import evaluate
from models.model_name import ModelName

HERE = Path(__file__).parent
WRITTEN = HERE / "data" / "written.dev.jsonl.gz"
DEV_SETS = (
    "written.dev",
    "telegram_annotated.dev",
    "telegram_opinionated.dev",
    "opensentimentcorpus.dev",
    "rusentne.dev",
    "newsmtsc_rw.dev",
    "newsmtsc_mt.dev",
)
TRAINING_SETS = (
    "written",
    "telegram_annotated",
    "rusentne",
    "ruopinionne",
    "newsmtsc",
    "opensentimentcorpus",
)
ROW = "| {:<42} | {:>5} | {:>8} | {:>11} | {:>8} | {:>10} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared/data/labelled")
    parser.add_argument("--model", default="embedded")
    options = parser.parse_args()
    name = ModelName(options.model)
    training = training_rows(options.data)
    print(ROW.format("dev split, task", "n", "majority", "TF-IDF + LR", "model", "model acc."))
    print(ROW.format("---", "--:", "--:", "--:", "--:", "--:"))
    for path in dev_files(options.data):
        measured = evaluate(read_set(path).rows, lambda task: load_classifier(name, task), training)
        for task, by in measured.items():
            baseline = by.get("tfidf_lr")
            print(
                ROW.format(
                    f"{path.name.removesuffix('.jsonl.gz')}, {task}",
                    by["model"].n,
                    f"{100 * by['majority'].macro_f1:.1f}",
                    f"{100 * baseline.macro_f1:.1f}" if baseline else "-",
                    f"{100 * by['model'].macro_f1:.1f}",
                    f"{100 * by['model'].accuracy:.1f}",
                ),
                flush=True,
            )


def training_rows(data: Path) -> list[LabelledRow]:
    """Return the rows that the baseline learns from; none where the folder is absent."""
    files = [data / f"{name}.train.jsonl.gz" for name in TRAINING_SETS]
    if not all(path.exists() for path in files):
        print(f"{data} is not here: no TF-IDF + LR, and written.dev only\n")
        return []
    return read_sets(files).rows


def dev_files(data: Path) -> list[Path]:
    """Return the dev splits at hand."""
    files = [data / f"{name}.jsonl.gz" for name in DEV_SETS]
    return [path for path in files if path.exists()] or [WRITTEN]


if __name__ == "__main__":
    main()
