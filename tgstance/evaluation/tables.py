"""The tables that tgstance evaluate prints."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from tgstance.harmless import harmless
from tgstance.terminal import show_table

if TYPE_CHECKING:
    from models.cascade_curve import CascadeCurve, CascadePoint
    from models.dataset import LabelledSet
    from models.evaluation import Labelling, TaskEvaluation
    from models.groups import AllRight
    from models.intervals import Interval
    from models.measures import Measures, OfficialMetric, PartMeasures
    from models.reliability import Threshold

    Tasks = Mapping[str, TaskEvaluation]

__all__ = ["show", "show_cascade"]

_NAMES = {"tfidf_lr": "TF-IDF + LR", "majority": "majority class"}
_MOST_PARTS = 12


def show(
    path: Path, model: str, tasks: "Tasks", labelled: "LabelledSet", *, everything: bool
) -> None:
    """Print all tables; of many targets the commonest only, unless `everything` is asked for."""
    title = escape(harmless(path.name))
    _show_main(title, model, tasks)
    _show_classes(tasks)
    _show_parts(tasks, everything=everything)
    _show_confidence(tasks)
    _show_notes(model, tasks, labelled)


def show_cascade(name: str, curves: "Mapping[str, CascadeCurve]") -> None:
    """Print what each share of rows that the second model labels is worth, by task."""
    rows = [
        (
            task,
            "all" if point.below is None else f"{point.below:.9g}" if point.below else "none",
            point.escalated,
            _percent(point.share),
            _percent(point.accuracy),
            _with_interval(point.macro_f1, point.intervals["macro_f1"]),
            _gain(point),
        )
        for task, curve in curves.items()
        for point in curve.points
    ]
    headers = ["task", "escalate below", "escalated", "share", "accuracy", "macro-F1"]
    headers += ["macro-F1 less the first's"]
    show_table(f"{escape(harmless(name))}, in % (95 % interval)", headers, rows)


def _gain(point: "CascadePoint") -> str:
    if not point.escalated:
        return ""
    bounds = point.intervals["gain"]
    between = f" ({_signed(bounds.low)} to {_signed(bounds.high)})" if bounds else ""
    return f"{_signed(point.gain)}{between}"


def _show_main(title: str, model: str, tasks: "Tasks") -> None:
    rows = [
        (
            task,
            Path(model).name if name == "model" else _NAMES[name],
            measures.n,
            _with_interval(measures.macro_f1, labelling.intervals["macro_f1"]),
            _with_interval(measures.accuracy, labelling.intervals["accuracy"]),
            _official(found.official, measures, labelling),
            _share(labelling.contrast_groups),
            _share(labelling.opposite_stances),
        )
        for task, found in tasks.items()
        for name, labelling in found.labellings.items()
        for measures in [labelling.measures]
    ]
    headers = ["task", "by", "n", "macro-F1", "accuracy", "official metric"]
    headers += ["contrast groups right", "opposite stances right"]
    _show_filled(f"{title}, in % (95 % interval)", headers, rows)


def _show_classes(tasks: "Tasks") -> None:
    rows = []
    for task, found in tasks.items():
        measures = found.labellings["model"].measures
        for (label, one), line in zip(measures.classes.items(), measures.confusion, strict=True):
            shares = (_percent(value) for value in (one.precision, one.recall, one.f1))
            rows.append((task, label, one.support, *shares, *line))
    headers = ["task", "label", "n", "precision", "recall", "F1"]
    headers += ["read as against/negative", "as neutral", "as favor/positive"]
    show_table("The model, by label, in % and in rows", headers, rows)


def _show_parts(tasks: "Tasks", *, everything: bool) -> None:
    rows, hidden = [], 0
    for task, found in tasks.items():
        kinds = {
            "language": found.languages,
            "target": found.targets,
            "phenomenon": found.phenomena,
        }
        for kind, parts in kinds.items():
            shown = list(parts.items())[: None if everything else _MOST_PARTS]
            hidden += len(parts) - len(shown)
            rows += [(task, kind, name, *_part(part)) for name, part in shown]
    if rows:
        title = "The model, by part; macro-F1 over the labels that occur there, in %"
        show_table(title, ["task", "by", "part", "n", "macro-F1", "accuracy"], rows)
    if hidden:
        click.echo(f"{hidden} smaller parts are not shown: tgstance -v evaluate shows all")


def _show_confidence(tasks: "Tasks") -> None:
    rows = [
        (
            task,
            f"{threshold.abstain_below:g}",
            threshold.answered,
            threshold.abstained,
            *(
                _percent(value)
                for value in (threshold.coverage, threshold.accuracy, threshold.macro_f1)
            ),
        )
        for task, found in tasks.items()
        for threshold in found.thresholds
    ]
    headers = ["task", "abstain below", "answered", "abstained", "coverage", "accuracy"]
    show_table("The model, when it abstains, in %", [*headers, "macro-F1"], rows)


def _show_notes(model: str, tasks: "Tasks", labelled: "LabelledSet") -> None:
    for task, found in tasks.items():
        for line in _notes(model, found):
            click.echo(harmless(f"{task}: {line}"))
    for (task, label), count in labelled.left_out.items():
        click.echo(f"{count} rows of {task} labelled {label} are left out")
    for task, count in labelled.empty.items():
        click.echo(f"{count} rows of {task} are left out: their text holds nothing to read")


def _notes(model: str, found: "TaskEvaluation") -> Iterable[str]:
    official = found.official
    reference = f" ({official.reference})" if official.reference else ""
    yield f"the official metric is {official.name}{reference}"
    if found.over_tfidf:
        ahead = found.over_tfidf
        bounds = ahead.interval
        between = f" (95 %: {_signed(bounds.low)} to {_signed(bounds.high)})" if bounds else ""
        yield f"macro-F1 of {model} less that of TF-IDF + LR: {_signed(ahead.macro_f1)}{between}"
    fit = found.reliability
    yield (
        f"expected calibration error {_percent(fit.ece)} %, Brier score {fit.brier:.3f} (0 to 1), "
        f"log loss {fit.log_loss:.3f}, area under risk-coverage {found.risk_coverage.aurc:.3f}"
    )
    if found.answered:
        yield _answered(found.answered)
    if found.without_mention:
        yield f"{found.without_mention} rows name a target that does not occur in the text"
    truncated = int(found.predictions.truncated.sum())
    if truncated:
        yield f"{truncated} texts are too long for the model, which read them in part"


def _answered(kept: "Threshold") -> str:
    counts = f"abstaining below {kept.abstain_below:g}: {kept.abstained} abstained, "
    if not kept.answered:
        return f"{counts}none answered"
    return (
        f"{counts}{kept.answered} answered with macro-F1 {_percent(kept.macro_f1)}, "
        f"accuracy {_percent(kept.accuracy)} %"
    )


def _show_filled(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table without the columns in which no row has anything."""
    filled = [index for index in range(len(headers)) if any(row[index] != "" for row in rows)]
    chosen = [[row[index] for index in filled] for row in rows]
    show_table(title, [headers[index] for index in filled], chosen)


def _official(metric: "OfficialMetric", measures: "Measures", labelling: "Labelling") -> str:
    """Return the official figure where it is not the macro-F1 that has a column already."""
    if metric.measure == "macro_f1":
        return ""
    return _with_interval(getattr(measures, metric.measure), labelling.intervals[metric.measure])


def _part(part: "PartMeasures") -> tuple[object, ...]:
    return part.n, _percent(part.macro_f1), _percent(part.accuracy)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _with_interval(share: float, bounds: "Interval | None") -> str:
    between = f" ({_percent(bounds.low)} to {_percent(bounds.high)})" if bounds else ""
    return f"{_percent(share)}{between}"


def _share(groups: "AllRight | None") -> str:
    return f"{groups.right}/{groups.n} = {_percent(groups.share)}" if groups else ""
