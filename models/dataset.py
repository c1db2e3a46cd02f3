"""Labelled rows in JSON Lines, plain or gzipped, for training and evaluation.

A row has `text`, `task`, `label`, for stance and target sentiment a `target`, and optionally
`lang`, the target's `aliases` and the `span` [start, end) of characters that names it.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from collector.errors import InputError
from models.labels import LABELS, LEFT_OUT, SENTIMENT
from models.passage import Passage
from models.reading import read
from models.targets import Mention, Target, TargetMatcher

__all__ = ["LabelledRow", "LabelledSet", "read_set", "read_sets", "read_texts"]

_SPAN_OPEN, _SPAN_CLOSE = "\ue000", "\ue001"  # private use: no rule of reading touches them


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One passage with the label that people gave it for one task."""

    passage: Passage
    task: str
    label: str
    lang: str

    @property
    def label_index(self) -> int:
        """The column of the label: 0 against or negative, 1 neutral, 2 favor or positive."""
        return LABELS[self.task].index(self.label)


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The rows of one or several files, and how many were left out, by (task, label)."""

    rows: list[LabelledRow]
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_sets(paths: Iterable[Path]) -> LabelledSet:
    """Read several files as one set."""
    sets = [read_set(path) for path in paths]
    left_out = sum((part.left_out for part in sets), Counter[tuple[str, str]]())
    return LabelledSet([row for part in sets for row in part.rows], left_out)


def read_set(path: Path) -> LabelledSet:
    """Read one file.

    Raises InputError, with the line, when a row cannot be used or there is none.
    """
    found = LabelledSet([])
    for number, record in _records(path):
        try:
            label = str(record["label"]).lower()
            if label in LEFT_OUT:
                found.left_out[str(record["task"]), label] += 1
            else:
                found.rows.append(_row(record, label))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}, line {number}: {_reason(error)}") from error
    if not found.rows:
        raise InputError(f"{path}: no labelled row in it (JSON lines with text, task and label)")
    return found


def read_texts(path: Path) -> list[str]:
    """Read unlabelled texts, as a classifier reads them: a text a line, or JSON lines with `text`.

    Raises InputError when there is none.
    """
    as_json = next(_lines(path), "").lstrip().startswith("{")
    raw = (record["text"] for _, record in _records(path)) if as_json else _lines(path)
    texts = [text for text in map(read, raw) if text]
    if not texts:
        raise InputError(f"{path}: no text in it")
    return texts


def _lines(path: Path) -> Iterator[str]:
    try:
        with _open(path) as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _reason(error: Exception) -> str:
    return f"the row has no {error}" if isinstance(error, KeyError) else str(error)


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: not JSON: {error}") from error


def _open(path: Path) -> TextIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8-sig")


def _row(record: dict[str, Any], label: str) -> LabelledRow:
    task = record["task"]
    if task not in LABELS:
        raise ValueError(f"unknown task {task!r}: one of {', '.join(LABELS)}")
    if label not in LABELS[task]:
        raise ValueError(f"unknown label {label!r} for {task}: one of {', '.join(LABELS[task])}")
    passage = Passage(read(record["text"])) if task == SENTIMENT else _about_target(record)
    return LabelledRow(passage, task, label, str(record.get("lang") or ""))


def _about_target(record: dict[str, Any]) -> Passage:
    target = record["target"]
    if not isinstance(target, str) or not target.strip():
        raise ValueError("a row about a target needs a target")
    if record.get("span"):
        text, mentions = _read_with_span(record["text"], *record["span"])
        return Passage(text, target, mentions)
    text = read(record["text"])
    found = _matcher(target, tuple(record.get("aliases") or ())).find(text)
    return Passage(text, target, tuple(*found.values()))


def _read_with_span(text: str, start: int, end: int) -> tuple[str, tuple[Mention, ...]]:
    """Read a text and find where a span of characters has gone."""
    flagged = read(f"{text[:start]}{_SPAN_OPEN}{text[start:end]}{_SPAN_CLOSE}{text[end:]}")
    first, last = flagged.find(_SPAN_OPEN), flagged.find(_SPAN_CLOSE) - 1
    plain = flagged.replace(_SPAN_OPEN, "").replace(_SPAN_CLOSE, "")
    return plain, (Mention(first, last),) if 0 <= first < last else ()


@lru_cache(maxsize=10_000)
def _matcher(target: str, aliases: tuple[str, ...]) -> TargetMatcher:
    return TargetMatcher([Target(target, aliases)])
