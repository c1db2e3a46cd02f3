"""Labelled rows in JSON Lines, plain or gzipped, for training and evaluation.

A row has `text`, `task`, `label`, for stance and target sentiment a `target`, and optionally
`lang` (ISO 639-1), the target's `aliases`, the `span` [start, end) of characters that names it, and
where the row belongs: `source` (the set), `post_id` (rows of one post share it), `group` (posts
alike but labelled differently), `phenomenon`; `target_type` or `phenomenon` "claim" tells that the
target is a sentence to affirm or deny.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TextIO

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError, model_validator

from collector.errors import InputError
from collector.formats.unpacking import GZIP, unpacked
from models.labels import LABELS, LEFT_OUT, SENTIMENT, canonical
from models.passage import Passage
from models.reading import read
from models.targets import Mention, Target, TargetMatcher

__all__ = ["LabelledRow", "LabelledSet", "read_set", "read_sets", "read_texts"]

_Lines = Iterator[tuple[int, str]]

_LONGEST_LABEL = 40  # characters that a message shows
_LONGEST_LINE = 16 * 2**20  # characters
_SPAN_OPEN, _SPAN_CLOSE = "\ue000", "\ue001"  # private use: no rule of reading touches them
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = "it holds half of a character (a lone surrogate)"
_TWO_LETTERS = {"rus": "ru", "ukr": "uk", "eng": "en"}


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One passage with the label that people gave it for one task; "" where a field is not given.

    `group` joins posts that are alike but labelled differently (a contrast group).
    """

    passage: Passage
    task: str
    label: str
    lang: str
    source: str = ""
    post_id: str = ""
    group: str = ""
    phenomenon: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The rows of one or several files, and how many were left out.

    `left_out` counts by (task, label); `empty` counts, by task, rows in whose text a classifier
    finds nothing to read (no text, or an address only): such a post is not scored either.
    """

    rows: list[LabelledRow]
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)


def read_sets(paths: Iterable[Path], labels: Mapping[str, str] | None = None) -> LabelledSet:
    """Read several files as one set; see `read_set`.

    A row without a `source` gets its file's path as one: files number their posts each for itself.
    """
    result = LabelledSet([])
    for path in paths:
        part = read_set(path, labels)
        result.rows.extend(replace(row, source=row.source or str(path)) for row in part.rows)
        result.left_out.update(part.left_out)
        result.empty.update(part.empty)
    return result


def read_set(path: Path, labels: Mapping[str, str] | None = None) -> LabelledSet:
    """Read one file.

    `labels` maps the file's labels to ours, or to one that is left out; well-known names of our
    labels need no map, and capitals do not matter. Raises InputError, with the line, when a row
    cannot be used or there is none.
    """
    scheme = {_plain(theirs): ours for theirs, ours in (labels or {}).items()}
    found = LabelledSet([])
    for number, record in _records(path, _lines(path)):
        try:
            row = _Record.model_validate(record)
            label = _ours(row, scheme)
        except ValidationError as error:
            raise InputError(f"{path}, line {number}: {_reason(error)}") from error
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        _add(found, row, label)
    if not found.rows:
        raise InputError(f"{path}: no labelled row in it (JSON lines with text, task and label)")
    return found


def _add(found: LabelledSet, record: "_Record", label: str) -> None:
    if label in LEFT_OUT:
        found.left_out[record.task, label] += 1
        return
    row = record.labelled(label)
    if row.passage.text:
        found.rows.append(row)
    else:
        found.empty[row.task] += 1


def _ours(record: "_Record", scheme: Mapping[str, str]) -> str:
    """Return our label for a row. Raises InputError where there is none."""
    plain = _plain(record.label)
    ours = _plain(scheme.get(plain, plain))
    if ours in LEFT_OUT:
        return ours
    label = canonical(ours, record.task)
    if label is None:
        allowed = ", ".join((*LABELS[record.task], *sorted(LEFT_OUT)))
        shown = record.label[:_LONGEST_LABEL]
        raise InputError(
            f"unknown label {shown!r} for {record.task}: one of {allowed}; "
            f"name what it means with --label {shown}={LABELS[record.task][0]} or the like"
        )
    return label


def _plain(label: str) -> str:
    return label.strip().lower()


def read_texts(path: Path) -> list[str]:
    """Read unlabelled texts, as a classifier reads them: a text a line, or JSON lines with `text`.

    Raises InputError when there is none.
    """
    rest = _lines(path)
    first = list(islice(rest, 1))
    as_json = any(line.lstrip().startswith("{") for _, line in first)
    lines = chain(first, rest)
    found = _json_texts(path, lines) if as_json else (line for _, line in lines)
    texts = [text for text in map(read, found) if text]
    if not texts:
        raise InputError(f"{path}: no text in it")
    return texts


def _json_texts(path: Path, lines: _Lines) -> Iterator[str]:
    for number, record in _records(path, lines):
        text = record.get("text")
        if not isinstance(text, str):
            raise InputError(f"{path}, line {number}: the row has no text")
        if _LONE_SURROGATE.search(text):
            raise InputError(f"{path}, line {number}: {_HALF}")
        yield text


def _lines(path: Path) -> _Lines:
    """Yield the lines that are not blank, with their numbers."""
    try:
        with _open(path) as lines:
            read = iter(lambda: lines.readline(_LONGEST_LINE), "")
            for number, line in enumerate(read, 1):
                if len(line) == _LONGEST_LINE:
                    raise InputError(f"{path}, line {number}: is over {_LONGEST_LINE:,} characters")
                if line.strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _as_text(value: object) -> object:
    """Take numbers as names: sets number their labels, posts and groups."""
    if isinstance(value, float):
        return str(int(value) if value.is_integer() else value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _iso_639_1(code: str) -> str:
    """Return the language alone, in two letters where we know them: "ru" for "rus" and "ru-RU"."""
    language = re.split("[-_]", code.strip().lower())[0]
    return _TWO_LETTERS.get(language, language)


_Name = Annotated[str, BeforeValidator(_as_text)]
_OptionalName = Annotated[str | None, BeforeValidator(_as_text)]


class _Record(BaseModel):
    """A row as it is written; what else it holds is left aside."""

    text: str
    task: Literal["sentiment", "stance", "target_sentiment"]
    label: _Name
    target: str | None = None
    target_type: str | None = None
    aliases: tuple[str, ...] | None = None
    span: tuple[int, int] | None = None
    lang: Annotated[str, AfterValidator(_iso_639_1)] | None = None
    source: _OptionalName = None
    post_id: _OptionalName = None
    group: _OptionalName = None
    phenomenon: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nan(cls, values: dict[str, object]) -> dict[str, object]:
        """Take NaN for nothing: so pandas writes a field that is not given."""
        return {name: None if value != value else value for name, value in values.items()}  # noqa: PLR0124 (NaN alone)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.task != SENTIMENT and not (self.target or "").strip():
            raise ValueError("a row about a target needs a target")
        if self.span and not 0 <= self.span[0] < self.span[1] <= len(self.text):
            raise ValueError(f"span {list(self.span)} is not within the text")
        self._check_characters()
        return self

    def _check_characters(self) -> None:
        """Refuse half a surrogate pair: JSON can hold it, neither tokenizers nor files can."""
        try:
            self.model_dump_json()
        except ValueError as error:
            raise ValueError(_HALF) from error

    def labelled(self, label: str) -> LabelledRow:
        """Return the row, with its label in our words."""
        return LabelledRow(
            self._passage(),
            self.task,
            label,
            self.lang or "",
            source=self.source or "",
            post_id=self.post_id or "",
            group=self.group or "",
            phenomenon=self.phenomenon or "",
        )

    def _passage(self) -> Passage:
        language = self.lang or None
        if self.task == SENTIMENT:
            return Passage(read(self.text), language=language)
        text, mentions = self._read_with_mentions()
        claim = "claim" in (self.target_type, self.phenomenon)
        return Passage(text, self.target, mentions, claim=claim, language=language)

    def _read_with_mentions(self) -> tuple[str, tuple[Mention, ...]]:
        if self.span:
            return _read_with_span(self.text, *self.span)
        text = read(self.text)
        found = _matcher(self.target or "", self.aliases or ()).find(text)
        return text, tuple(*found.values())


def _reason(error: ValidationError) -> str:
    """Say what is wrong with a row, for the first thing that is."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing" and len(problem["loc"]) == 1:
        return f"the row has no {where}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _records(path: Path, lines: _Lines) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in lines:
        try:
            record = json.loads(line, object_pairs_hook=_once_each)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: not JSON: {error}") from error
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        if not isinstance(record, dict):
            raise InputError(f"{path}, line {number}: not a JSON object ({{...}})")
        yield number, record


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says the same thing twice: JSON leaves open which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise InputError(f"the row has {key!r} twice")
    return found


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """Open a file once only: a pipe has nothing left for a second time."""
    with path.open("rb") as file:
        packed = file.peek(len(GZIP)).startswith(GZIP)
        unzipped = unpacked(file, path) if packed else file
        with TextIOWrapper(unzipped, encoding="utf-8-sig") as lines:
            yield lines


def _read_with_span(text: str, start: int, end: int) -> tuple[str, tuple[Mention, ...]]:
    """Read a text and find where a span of characters has gone."""
    flagged = read(f"{text[:start]}{_SPAN_OPEN}{text[start:end]}{_SPAN_CLOSE}{text[end:]}")
    first, last = flagged.find(_SPAN_OPEN), flagged.find(_SPAN_CLOSE) - 1
    plain = flagged.replace(_SPAN_OPEN, "").replace(_SPAN_CLOSE, "")
    return plain, (Mention(first, last),) if 0 <= first < last else ()


@lru_cache(maxsize=10_000)
def _matcher(target: str, aliases: tuple[str, ...]) -> TargetMatcher:
    return TargetMatcher([Target(target, aliases)])
