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
from typing import Annotated, Any, Literal, Self, TextIO

from pydantic import BaseModel, StringConstraints, ValidationError, model_validator

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
            row = _Record.model_validate(record)
        except ValidationError as error:
            raise InputError(f"{path}, line {number}: {_reason(error)}") from error
        if row.label in LEFT_OUT:
            found.left_out[row.task, row.label] += 1
        else:
            found.rows.append(row.labelled())
    if not found.rows:
        raise InputError(f"{path}: no labelled row in it (JSON lines with text, task and label)")
    return found


def read_texts(path: Path) -> list[str]:
    """Read unlabelled texts, as a classifier reads them: a text a line, or JSON lines with `text`.

    Raises InputError when there is none.
    """
    as_json = next(_lines(path), "").lstrip().startswith("{")
    texts = [text for text in map(read, _json_texts(path) if as_json else _lines(path)) if text]
    if not texts:
        raise InputError(f"{path}: no text in it")
    return texts


def _json_texts(path: Path) -> Iterator[str]:
    for number, record in _records(path):
        text = record.get("text") if isinstance(record, dict) else None
        if not isinstance(text, str):
            raise InputError(f"{path}, line {number}: the row has no text")
        yield text


def _lines(path: Path) -> Iterator[str]:
    try:
        with _open(path) as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


class _Record(BaseModel):
    """A row as it is written; what else it holds is left aside."""

    text: str
    task: Literal["sentiment", "stance", "target_sentiment"]
    label: Annotated[str, StringConstraints(to_lower=True)]
    target: str | None = None
    aliases: tuple[str, ...] | None = None
    span: tuple[int, int] | None = None
    lang: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        allowed = LABELS[self.task]
        if self.label not in allowed and self.label not in LEFT_OUT:
            raise ValueError(
                f"unknown label {self.label!r} for {self.task}: one of {', '.join(allowed)}"
            )
        if self.task != SENTIMENT and not (self.target or "").strip():
            raise ValueError("a row about a target needs a target")
        if self.span and not 0 <= self.span[0] < self.span[1] <= len(self.text):
            raise ValueError(f"span {list(self.span)} is not within the text")
        return self

    def labelled(self) -> LabelledRow:
        passage = Passage(read(self.text)) if self.task == SENTIMENT else self._about_target()
        return LabelledRow(passage, self.task, self.label, self.lang or "")

    def _about_target(self) -> Passage:
        if self.span:
            text, mentions = _read_with_span(self.text, *self.span)
            return Passage(text, self.target, mentions)
        text = read(self.text)
        found = _matcher(self.target or "", self.aliases or ()).find(text)
        return Passage(text, self.target, tuple(*found.values()))


def _reason(error: ValidationError) -> str:
    """Say what is wrong with a row, for the first thing that is."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing" and len(problem["loc"]) == 1:
        return f"the row has no {where}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _records(path: Path) -> Iterator[tuple[int, Any]]:
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


def _read_with_span(text: str, start: int, end: int) -> tuple[str, tuple[Mention, ...]]:
    """Read a text and find where a span of characters has gone."""
    flagged = read(f"{text[:start]}{_SPAN_OPEN}{text[start:end]}{_SPAN_CLOSE}{text[end:]}")
    first, last = flagged.find(_SPAN_OPEN), flagged.find(_SPAN_CLOSE) - 1
    plain = flagged.replace(_SPAN_OPEN, "").replace(_SPAN_CLOSE, "")
    return plain, (Mention(first, last),) if 0 <= first < last else ()


@lru_cache(maxsize=10_000)
def _matcher(target: str, aliases: tuple[str, ...]) -> TargetMatcher:
    return TargetMatcher([Target(target, aliases)])
