"""Prints the README's table of models: how well the embedded one does, beside trivial baselines.

    python benchmarks/quality.py [--data ../shared/data/labelled] [--model embedded]

On written.dev, which is part of this repository, always; on the other dev splits where the folder
with the labelled sets is at hand. The baseline is trained on the same sets as the embedded model,
once for each task. Takes some five minutes on one core, without the folder half a minute.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.baselines import TfidfBaseline, fit_baselines
from models.dataset import LabelledRow, read_set, read_sets
from models.evaluation import MAJORITY, MODEL, TFIDF, Labelling, TaskEvaluation, evaluate
from models.groups import AllRight
from models.loading import load_classifier
from models.model_name import ModelName

HERE = Path(__file__).parent
WRITTEN = HERE / "data" / "written.dev.jsonl.gz"
MORE = HERE.parent / "models/embedded/training/written_more.train.jsonl.gz"
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
ROW = "| {:<42} | {:>5} | {:>8} | {:>11} | {:>20} | {:>8} | {:>10} | {:>5} |"
GROUP_ROW = "| {:<42} | {:>5} | {:>8} | {:>11} | {:>5} |"


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one task of one dev split."""

    name: str
    found: TaskEvaluation

    def of(self, labelling: str) -> Labelling | None:
        """Return the measures of one way of labelling, None for a baseline that was not trained."""
        return self.found.labellings.get(labelling)


def main() -> None:
    """Print both tables."""
    options = parse()
    model = ModelName(options.model)
    baselines = fit_baselines(training_rows(options.data))
    header = ["dev split, task", "n", "majority", "TF-IDF + LR", "model (95 %)"]
    print(ROW.format(*header, "official", "model acc.", "ECE"))
    print(ROW.format("---", *["--:"] * 7), flush=True)
    written = []
    for path in dev_files(options.data):
        for measured in measure(path, model, baselines):
            print(row_of(measured), flush=True)
            if path.name == WRITTEN.name:
                written.append(measured)
    print("\nMacro-F1 in %; official: the set's own metric; ECE: expected calibration error\n")
    print_groups(written)


def parse() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared/data/labelled")
    parser.add_argument("--model", default="embedded")
    return parser.parse_args()


def measure(path: Path, model: ModelName, baselines: Mapping[str, TfidfBaseline]) -> list[Measured]:
    """Measure every task of one dev split."""
    tasks = evaluate(read_set(path).rows, lambda task: load_classifier(model, task), baselines)
    split = path.name.removesuffix(".jsonl.gz")
    return [Measured(f"{split}, {task}", found) for task, found in tasks.items()]


def row_of(measured: Measured) -> str:
    """Return the line of one task."""
    found = measured.found
    model = found.labellings[MODEL]
    bounds = model.intervals["macro_f1"]
    between = f" ({percent(bounds.low)}-{percent(bounds.high)})" if bounds else ""
    return ROW.format(
        measured.name,
        model.measures.n,
        macro_f1(measured.of(MAJORITY)),
        macro_f1(measured.of(TFIDF)),
        f"{percent(model.measures.macro_f1)}{between}",
        percent(getattr(model.measures, found.official.measure)),
        percent(model.measures.accuracy),
        percent(found.reliability.ece),
    )


def print_groups(written: list[Measured]) -> None:
    """Print the share of contrast groups and of posts with opposite stances that are all right."""
    print(GROUP_ROW.format("all labels right, in %", "n", "majority", "TF-IDF + LR", "model"))
    print(GROUP_ROW.format("---", *["--:"] * 4))
    for measured in written:
        for name, kind in (
            ("contrast groups", "contrast_groups"),
            ("posts with opposite stances", "opposite_stances"),
        ):
            counted: AllRight | None = getattr(measured.found.labellings[MODEL], kind)
            if counted:
                labellings = (measured.of(by) for by in (MAJORITY, TFIDF, MODEL))
                shares = [share(getattr(by, kind) if by else None) for by in labellings]
                print(GROUP_ROW.format(f"{measured.name}: {name}", counted.n, *shares))


def macro_f1(labelling: Labelling | None) -> str:
    """Return macro-F1 in %."""
    return percent(labelling.measures.macro_f1) if labelling else "-"


def share(counted: AllRight | None) -> str:
    """Return the share that is right, in %."""
    return percent(counted.share) if counted else "-"


def percent(value: float) -> str:
    """Return a share in %."""
    return f"{100 * value:.1f}"


def training_rows(data: Path) -> list[LabelledRow]:
    """Return the rows that the baseline learns from; none where the folder is absent."""
    files = [data / f"{name}.train.jsonl.gz" for name in TRAINING_SETS]
    if not all(path.exists() for path in files):
        print(f"{data} is not here: no TF-IDF + LR, and written.dev only\n")
        return []
    return read_sets([*files, MORE]).rows


def dev_files(data: Path) -> list[Path]:
    """Return the dev splits at hand."""
    files = [data / f"{name}.jsonl.gz" for name in DEV_SETS]
    return [path for path in files if path.exists()] or [WRITTEN]


if __name__ == "__main__":
    main()
