"""The files that tgstance evaluate writes: the rows as the model labelled them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from collector.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from models.evaluation import TaskEvaluation

__all__ = ["require_writable", "write_predictions", "writing"]


def require_writable(option: str, directory: Path) -> None:
    """Raise ConfigError where no file could be written in a directory, which need not be yet."""
    place = directory.absolute()
    try:
        there = next(path for path in (place, *place.parents) if path.exists())
        with TemporaryDirectory(dir=there, prefix=".writing-"):
            pass
    except OSError as error:
        raise ConfigError(
            f"{option}: {directory} cannot be written ({error.strerror}): name another place"
        ) from error


@contextmanager
def writing(directory: Path) -> Iterator[Path]:
    """Give a folder to write files in, and move them to `directory` when all are written.

    Raises OutputError when that fails; what stood in `directory` before is then as it was.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=directory, prefix=".writing-") as scratch:
            yield Path(scratch)
            for file in sorted(Path(scratch).iterdir()):
                file.replace(directory / file.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{directory}: cannot be written ({reason})") from error


def write_predictions(path: Path, tasks: "Mapping[str, TaskEvaluation]") -> None:
    """Write JSON lines: each row with the model's probabilities, its label and whether it is right.

    Raises OutputError when that fails.
    """
    with (
        writing(path.parent) as scratch,
        (scratch / path.name).open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for found in tasks.values():
            for row in _rows(found):
                stream.write(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n")


def _rows(found: "TaskEvaluation") -> Iterator[dict[str, Any]]:
    from models.labels import LABELS

    labels, said = LABELS[found.task], found.predictions
    for index, row in enumerate(found.rows):
        predicted = labels[found.predicted[index]]
        shares = (round(float(value), 6) for value in said.probabilities[index])
        yield {
            "task": found.task,
            "label": row.label,
            "predicted": predicted,
            "right": predicted == row.label,
            "probabilities": dict(zip(labels, shares, strict=True)),
            "truncated": bool(said.truncated[index]),
            "target": row.passage.target,
            "mentioned": bool(row.passage.mentions),
            "lang": row.lang,
            "source": row.source,
            "post_id": row.post_id,
            "group": row.group,
            "phenomenon": row.phenomenon,
            "text": row.passage.text,
        }
