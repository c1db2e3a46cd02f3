"""Pictures and tables of reliability, of risk over coverage, and of cascades."""

import csv
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ConfigError
from tgstance.evaluation.files import writing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from models.cascade_curve import CascadeCurve
    from models.evaluation import TaskEvaluation
    from models.reliability import Reliability, RiskCoverage

__all__ = ["require_matplotlib", "write_plots"]

_INCHES, _DOTS_PER_INCH = (5.0, 5.0), 150


def require_matplotlib() -> None:
    """Raise ConfigError, with the way out, where plots cannot be drawn."""
    if find_spec("matplotlib") is None:
        raise ConfigError('plots need the extra: pip install "tgstance[plots]"')


def write_plots(
    directory: Path,
    tasks: "Mapping[str, TaskEvaluation]",
    curves: "Mapping[str, CascadeCurve]",
) -> list[Path]:
    """Write, for each task, two PNG files and the same numbers as CSV; return their paths.

    A third is of the task's cascade, where there is one. Raises OutputError when that fails; what
    stood in `directory` before is then as it was.
    """
    names: list[str] = []
    with writing(directory) as scratch:
        for task, found in tasks.items():
            _write_reliability(scratch / f"reliability-{task}", task, found.reliability)
            _write_risk_coverage(scratch / f"risk-coverage-{task}", task, found.risk_coverage)
        for task, measured in curves.items():
            _write_cascade(scratch / f"cascade-{task}", task, measured)
        names = sorted(file.name for file in scratch.iterdir())
    return [directory / name for name in names]


def _write_reliability(stem: Path, task: str, measured: "Reliability") -> None:
    rows = [(part.n, part.confidence, part.accuracy) for part in measured.bins]
    _write_csv(stem, ["n", "confidence", "accuracy"], rows)

    def draw(axes: "Axes") -> None:
        _, confidences, accuracies = zip(*rows, strict=True)
        axes.plot([0, 1], [0, 1], linestyle="--", color="grey", label="as sure as right")
        axes.plot(confidences, accuracies, marker="o", label="the model")
        axes.set(xlim=(0, 1), xlabel="confidence", ylabel="share of right labels")
        axes.set_title(f"{task}: expected calibration error {100 * measured.ece:.1f} %")
        axes.legend(loc="upper left")

    _write_png(stem, draw)


def _write_risk_coverage(stem: Path, task: str, curve: "RiskCoverage") -> None:
    columns = (curve.coverage, curve.threshold, curve.risk)
    _write_csv(stem, ["coverage", "confidence", "risk"], list(zip(*columns, strict=True)))

    def draw(axes: "Axes") -> None:
        axes.plot(curve.coverage, curve.risk)
        axes.set(xlim=(0, 1), xlabel="share of rows answered", ylabel="share of errors among them")
        axes.set_title(f"{task}: area under the curve {curve.aurc:.3f}")

    _write_png(stem, draw)


def _write_cascade(stem: Path, task: str, curve: "CascadeCurve") -> None:
    rows = [(point.below, point.share, point.accuracy, point.macro_f1) for point in curve.points]
    _write_csv(stem, ["escalate_below", "share", "accuracy", "macro_f1"], rows)

    def draw(axes: "Axes") -> None:
        _, shares, accuracies, macro_f1s = zip(*rows, strict=True)
        axes.plot(shares, accuracies, marker="o", label="accuracy")
        axes.plot(shares, macro_f1s, marker="s", label="macro-F1")
        axes.set(xlim=(0, 1), xlabel="share of rows that the second model labels")
        axes.set_title(f"{task}: the cascade")
        axes.legend(loc="lower right")

    _write_png(stem, draw)


def _write_csv(stem: Path, header: Sequence[str], rows: Sequence[Sequence[float | None]]) -> None:
    with stem.with_suffix(".csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _write_png(stem: Path, draw: "Callable[[Axes], None]") -> None:
    # A figure of its own: pyplot keeps state, and looks for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(axes)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    figure.savefig(stem.with_suffix(".png"), metadata={"Software": None})
