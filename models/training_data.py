"""What a model is trained on: labelled rows, held-out rows, unlabelled texts, and their files."""

import hashlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from collector.errors import InputError
from models.calibrating import FEWEST_ROWS, uncalibrated
from models.dataset import LabelledRow
from models.encoding import encode
from models.intervals import families_of
from models.labels import LABELS, STANCE, head_label

__all__ = [
    "DataFile",
    "EncodedRows",
    "TrainingData",
    "describe_file",
    "emphasised",
    "hold_out",
    "label_names",
    "row_weights",
    "tasks_of",
]

_OPPOSITE = 3
_CONTRAST = 2
_DOUBT = 10  # rows, as if every set had as many of each label: three rows are no pattern


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that a model was made with, so that others can tell whether they have the same.

    `use` is `train`, `dev`, `text` or `exclude`; `labels` counts its rows by task and label,
    `languages` by language. Both are empty for texts without labels, and `sha256` is empty for a
    pipe, which can be read only once.
    """

    name: str
    use: str
    sha256: str
    rows: int
    labels: Mapping[str, Mapping[str, int]]
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Rows to learn from, and `held_out` rows to stop by, to calibrate on and to measure on.

    `texts` are unlabelled: they shape the embedded model's vocabulary and embeddings, and it is
    pretrained on them.
    """

    rows: Sequence[LabelledRow]
    held_out: Sequence[LabelledRow]
    texts: Sequence[str] = ()
    files: Sequence[DataFile] = ()

    def check(self) -> None:
        """Raise InputError, with the way out, for rows from which nothing can be learned."""
        if not self.rows or not self.held_out:
            raise InputError("too few labelled rows to train on and to stop by: give more files")
        missing = {row.task for row in self.held_out} - {row.task for row in self.rows}
        if missing:
            raise InputError(
                f"--dev has rows of {', '.join(sorted(missing))}, the training rows none"
            )
        for task, labels in _labels_by_task(self.rows).items():
            if len(labels) == 1:
                raise InputError(
                    f"every training row of {task} is labelled {labels[0]}: add rows with another "
                    f"label, or leave out the rows of {task}"
                )

    def doubts(self) -> list[str]:
        """Return, in a sentence each, what makes the result say less than it seems to."""
        families = families_of([*self.held_out, *self.rows])
        count = len(self.held_out)
        seen = int(np.isin(families[:count], families[count:]).sum())
        found = [*_absent(self.rows, "training"), *_absent(self.held_out, "held-out")]
        if seen:
            found.append(
                f"{seen} held-out rows have their text, post or group among the training rows: the "
                "figures flatter the model"
            )
        for task in tasks_of(self.rows):
            count = sum(row.task == task for row in self.held_out)
            if count < FEWEST_ROWS:
                found.append(uncalibrated(task, count))
        return found


class EncodedRows(Dataset[dict[str, Any]]):
    """Rows as token ids, with what they count; the label is the output that a row should raise."""

    def __init__(
        self,
        rows: Sequence[LabelledRow],
        tokenizer: PreTrainedTokenizerBase,
        labels: Sequence[str],
        max_length: int,
    ) -> None:
        self._items = [
            {
                **encode(tokenizer, row.passage, row.task, max_length),
                "labels": labels.index(head_label(row.task, row.label)),
                "weights": weight,
            }
            for row, weight in zip(rows, row_weights(rows), strict=True)
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._items[index]


def hold_out(
    rows: Sequence[LabelledRow], share: float
) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Split rows into training rows and a share of held-out ones.

    All rows of one text, one post and one contrast group go to the same side, and what these join;
    the same rows are always split in the same way, in whatever order they come.
    """
    bound = int(share * 2**32)
    families = families_of(rows).tolist()
    first: dict[int, str] = {}
    for family, row in zip(families, rows, strict=True):
        first[family] = min(row.passage.text, first.get(family, row.passage.text))
    parts: tuple[list[LabelledRow], list[LabelledRow]] = ([], [])
    for family, row in zip(families, rows, strict=True):
        parts[zlib.crc32(first[family].encode()) < bound].append(row)
    return parts


def emphasised(rows: Sequence[LabelledRow]) -> list[LabelledRow]:
    """Return the rows with those repeated that no mood of the text can answer.

    Rows of a post that is against one target and in favor of another come `_OPPOSITE` times, rows
    of a contrast group `_CONTRAST` times: there are few of them, and without them a small model
    learns the mood of the text in place of the stance.
    """
    labels = defaultdict(set)
    for row in rows:
        if row.task == STANCE:
            labels[_post(row)].add(row.label)
    opposed = {post for post, found in labels.items() if {"against", "favor"} <= found}
    result = list(rows)
    for row in rows:
        times = _OPPOSITE if row.task == STANCE and _post(row) in opposed else 1
        times += _CONTRAST - 1 if row.group else 0
        result += [row] * (times - 1)
    return result


def _post(row: LabelledRow) -> tuple[str, str]:
    return row.source, row.post_id or row.passage.text


def describe_file(path: Path, use: str, rows: Sequence[LabelledRow] | int) -> DataFile:
    """Return a file's fingerprint and what is in it; without labels, how many texts."""
    sha256 = _sha256(path) if path.is_file() else ""
    if isinstance(rows, int):
        return DataFile(path.name, use, sha256, rows, {}, {})
    labels = {
        task: dict(Counter(row.label for row in rows if row.task == task).most_common())
        for task in tasks_of(rows)
    }
    languages = Counter(row.lang or "unknown" for row in rows)
    return DataFile(path.name, use, sha256, len(rows), labels, dict(languages.most_common()))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tasks_of(rows: Sequence[LabelledRow]) -> list[str]:
    """Return the tasks that rows are about, in the order of `LABELS`."""
    present = {row.task for row in rows}
    return [task for task in LABELS if task in present]


def label_names(rows: Sequence[LabelledRow]) -> list[str]:
    """Return the outputs of a model that learns the tasks of these rows: three a task."""
    return [head_label(task, label) for task in tasks_of(rows) for label in LABELS[task]]


def row_weights(rows: Sequence[LabelledRow]) -> list[float]:
    """Return what each row counts: the root of how much rarer its label is than it might be.

    Labels are counted within each set and task: in a set of everyday posts, where opinions are
    rare, a model would otherwise learn to know the set, and that it holds none.
    """
    labels = Counter((row.source, row.task, row.label) for row in rows)
    sets = Counter((row.source, row.task) for row in rows)
    kinds = Counter((source, task) for source, task, _ in labels)
    return [
        float(
            np.sqrt(
                (sets[row.source, row.task] / kinds[row.source, row.task] + _DOUBT)
                / (labels[row.source, row.task, row.label] + _DOUBT)
            )
        )
        for row in rows
    ]


def _labels_by_task(rows: Sequence[LabelledRow]) -> dict[str, list[str]]:
    present = {(row.task, row.label) for row in rows}
    return {
        task: [label for label in LABELS[task] if (task, label) in present]
        for task in tasks_of(rows)
    }


def _absent(rows: Sequence[LabelledRow], which: str) -> list[str]:
    return [
        f"no {which} row of {task} is labelled {label}"
        for task, labels in _labels_by_task(rows).items()
        for label in LABELS[task]
        if label not in labels
    ]
