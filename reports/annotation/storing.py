"""Takes the labels of a sheet into the archive, row by row."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Update, and_, bindparam, insert, select, update

from collector.errors import ConfigError
from models.tables import readings
from reports.annotation.comparing import same_text
from reports.annotation.label_words import label_of
from reports.annotation.labels import CHOICES
from reports.annotation.sheet_reading import Problem, Sheet, SheetRow
from reports.annotation.tables import gold_items, gold_labels

__all__ = ["StoreResult", "check_coder", "store_labels"]

_LONGEST_NAME = 64
_LONGEST_ITEM = 18  # digits
_SHOWN = 40  # characters of a cell
_ITEM = re.compile(r"([0-9]{1,18})(?:\.0+)?")  # a program may have made a float of it


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of a sheet: labels by kind, rows without a label yet, rows left out."""

    new: int
    changed: int
    unchanged: int
    empty: int
    problems: Sequence[Problem]


class _Label(NamedTuple):
    item: int
    label: str
    note: str | None


class _Refused(Exception):  # noqa: N818 (it never leaves this module)
    """Why a row cannot be used."""


def check_coder(name: str) -> str:
    """Return a coder's name without spaces around it. Raises ConfigError if it cannot be one."""
    stripped = name.strip()
    if not stripped or len(stripped) > _LONGEST_NAME or not stripped.isprintable():
        raise ConfigError(f"--coder {name!r}: give a name of 1 to {_LONGEST_NAME} characters")
    return stripped


def store_labels(
    connection: Connection, sheet: Sheet, *, coder: str, codebook: str, adjudicated: bool
) -> StoreResult:
    """Store the labels of a sheet as those of `coder`, in place of that coder's earlier ones.

    `codebook` is the hash of a registered one. Rows that cannot be used change nothing: neither
    does a row without a label. With `adjudicated` the labels settle their items.
    """
    labelled = [row for row in sheet.rows if row.label]
    good, problems = _checked(labelled, _drawn_texts(connection), narrow=sheet.narrow)
    of_coder = (gold_labels.c.coder == coder) & (gold_labels.c.adjudicated == adjudicated)
    query = select(gold_labels.c.item_id, gold_labels.c.label).where(of_coder)
    before = {row.item_id: row.label for row in connection.execute(query)}
    common = {"coder": coder, "adjudicated": adjudicated, "codebook": codebook}
    _write(connection, good, before, common)
    kinds = Counter(
        "new" if row.item not in before else "same" if before[row.item] == row.label else "changed"
        for row in good
    )
    return StoreResult(
        new=kinds["new"],
        changed=kinds["changed"],
        unchanged=kinds["same"],
        empty=len(sheet.rows) - len(labelled),
        problems=sorted([*sheet.problems, *problems]),
    )


def _drawn_texts(connection: Connection) -> dict[int, str]:
    query = select(gold_items.c.id, readings.c.text).join(readings)
    return {row.id: row.text for row in connection.execute(query)}


def _checked(
    rows: Sequence[SheetRow], texts: Mapping[int, str], *, narrow: bool
) -> tuple[list[_Label], list[Problem]]:
    places: dict[str, list[int]] = {}
    for row in rows:
        places.setdefault(_number(row.item), []).append(row.number)
    good, problems = [], []
    for row in rows:
        try:
            others = [place for place in places[_number(row.item)] if place != row.number]
            good.append(_read(row, others, texts, narrow=narrow))
        except _Refused as refused:
            problems.append(Problem(row.number, str(refused)))
    return good, problems


def _read(
    row: SheetRow, others: Sequence[int], texts: Mapping[int, str], *, narrow: bool
) -> _Label:
    """Return what a row says. Raises _Refused if it cannot be used."""
    number = _number(row.item)
    if len(number) > _LONGEST_ITEM or not number.isdecimal() or int(number) not in texts:
        raise _Refused(f"there is no item {row.item[:_SHOWN]!r} in this archive")
    if others:
        raise _Refused(f"item {number} is also in row {others[0]}: keep one of them")
    label = label_of(row.label)
    if label is None:
        raise _Refused(f"unknown label {row.label[:_SHOWN]!r}; use {', '.join(CHOICES)}")
    if row.text is not None and not same_text(texts[int(number)], row.text, narrow=narrow):
        raise _Refused(
            f"the text is not that of item {number}: leave texts as they are, sort only whole "
            "rows, and save as UTF-8"
        )
    return _Label(int(number), label, row.note or None)


def _number(item: str) -> str:
    match = _ITEM.fullmatch(item)
    return match[1].lstrip("0") if match else item


def _write(
    connection: Connection,
    rows: Sequence[_Label],
    before: Mapping[int, str],
    common: Mapping[str, Any],
) -> None:
    now = datetime.now(UTC)
    values = [
        {"item_id": row.item, "label": row.label, "note": row.note, "labelled_at": now, **common}
        for row in rows
    ]
    new = [row for row in values if row["item_id"] not in before]
    known = [
        {f"{name}_": value for name, value in row.items()}
        for row in values
        if row["item_id"] in before
    ]
    if new:
        connection.execute(insert(gold_labels), new)
    if known:
        connection.execute(_replacing(), known)


def _replacing() -> Update:
    """Return the statement that replaces what a coder said of an item."""
    keys = ("item_id", "coder", "adjudicated")
    same = and_(*(gold_labels.c[name] == bindparam(f"{name}_") for name in keys))
    changed = ("label", "note", "labelled_at", "codebook")
    return update(gold_labels).where(same).values({name: bindparam(f"{name}_") for name in changed})
