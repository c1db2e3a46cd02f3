"""tgstance evaluate: measures a model on labelled rows."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections import Counter

    from models.evaluation import Measures

    Results = dict[str, dict[str, Measures]]
    LeftOut = Counter[tuple[str, str]]

__all__ = ["evaluate"]

_NAMES = {"model": "model", "tfidf_lr": "TF-IDF + LR", "majority": "majority class"}


@click.command(short_help="Measure a model on labelled rows.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--model", default="embedded", show_default=True, help="Directory or hub id.")
@click.option("--revision", help="Revision of a hub model.")
@click.option(
    "--baseline-train",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labelled rows to train TF-IDF + logistic regression on, shown beside; may be repeated.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    envvar="TGSTANCE_EVALUATE_JSON",
    help="Print one JSON object, shares as fractions.",
)
def evaluate(
    path: Path, model: str, revision: str | None, baseline_train: tuple[Path, ...], *, as_json: bool
) -> None:
    """Measure MODEL on FILE: JSON lines with text, task, label and, but for sentiment, target.

    Each task counts for itself: sentiment, stance, target_sentiment. Rows labelled unrelated or
    mixed are left out and counted.

    \b
    Example:
      tgstance evaluate written.dev.jsonl.gz --baseline-train written.train.jsonl.gz
    """
    from models.classifier import load_classifier
    from models.dataset import read_set, read_sets
    from models.evaluation import evaluate as evaluate_rows
    from models.model_name import ModelName

    labelled = read_set(path)
    baseline_rows = read_sets(baseline_train).rows
    name = ModelName(model, revision)
    results = evaluate_rows(labelled.rows, lambda task: load_classifier(name, task), baseline_rows)
    if as_json:
        click.echo(json.dumps(_as_json(results, labelled.left_out), indent=2))
    else:
        _show(path, model, results, labelled.left_out)


def _as_json(results: "Results", left_out: "LeftOut") -> dict[str, object]:
    tasks: dict[str, object] = {}
    for task, measured in results.items():
        others = {name: part.as_json() for name, part in measured.items() if name != "model"}
        missing = {label: count for (of, label), count in left_out.items() if of == task}
        tasks[task] = {**measured["model"].as_json(), **others, "left_out": missing}
    return tasks


def _show(path: Path, model: str, results: "Results", left_out: "LeftOut") -> None:
    from tgstance.terminal import show_table

    rows = [
        (
            task,
            model if name == "model" else _NAMES[name],
            measures.n,
            *(f"{100 * value:.1f}" for value in (measures.macro_f1, measures.accuracy)),
            *(f"{100 * value:.1f}" for value in measures.f1.values()),
        )
        for task, measured in results.items()
        for name, measures in measured.items()
    ]
    classes = ["F1 against/negative", "F1 neutral", "F1 favor/positive"]
    show_table(f"{path.name}, in %", ["task", "by", "n", "macro-F1", "accuracy", *classes], rows)
    for (task, label), count in left_out.items():
        click.echo(f"{count} rows of {task} labelled {label} are left out")
