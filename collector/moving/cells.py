"""What a cell of a table is in a file: by the kind of its column, the same way there and back.

A moment is UTC in ISO 8601 with six digits of a second. JSON goes into CSV and Parquet as its text.
"""

import json
import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, String, Table

from collector.tables import UTCDateTime

__all__ = ["Kind", "json_text", "kind_of", "kinds", "read_json", "read_text", "shown_text"]

NULL = r"\N"  # as PostgreSQL's COPY writes it; a text that begins with \ gets one more
LARGEST = 2**63


class Kind(StrEnum):
    """What a column holds."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"
    JSON = "json"


WANTED: dict[Kind, type[Any]] = {Kind.INTEGER: int, Kind.NUMBER: float, Kind.BOOLEAN: bool}

TYPES = {
    UTCDateTime: Kind.MOMENT,
    JSON: Kind.JSON,
    Boolean: Kind.BOOLEAN,
    Integer: Kind.INTEGER,
    Float: Kind.NUMBER,
    String: Kind.TEXT,
}


def kind_of(column: Column[Any]) -> Kind:
    """Return the kind of a column."""
    return next(kind for known, kind in TYPES.items() if isinstance(column.type, known))


def kinds(table: Table) -> dict[str, Kind]:
    """Return the kinds of a table's columns by name."""
    return {column.name: kind_of(column) for column in table.columns}


def json_text(value: object) -> str:
    """Return JSON in one line, as readable as UTF-8 can hold it: half a character is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def shown_moment(moment: datetime) -> str:
    """Return a moment in UTC as text."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def shown_json(value: Any, kind: Kind) -> Any:  # noqa: ANN401 (a cell)
    """Return a cell as a value of JSON."""
    return shown_moment(value) if kind is Kind.MOMENT and value is not None else value


def read_json(value: Any, kind: Kind) -> Any:  # noqa: ANN401 (a cell)
    """Return the cell that a value of JSON stands for. Raises ValueError if it is of no kind."""
    if value is None or kind is Kind.JSON:
        return value
    if kind is Kind.NUMBER and type(value) is int:
        return float(value)
    wanted: type[Any] = WANTED.get(kind, str)
    if type(value) is not wanted:
        raise ValueError(f"{str(value)[:40]!r} is no {kind}")
    if kind is Kind.INTEGER and not -LARGEST <= value < LARGEST:
        raise ValueError(f"{value} is too large")
    if kind is Kind.NUMBER and not math.isfinite(value):
        raise ValueError(f"{value} is no {kind}")
    if kind is Kind.TEXT:
        value.encode()  # a UnicodeEncodeError, for half a character, is a ValueError
    return parsed_moment(value) if kind is Kind.MOMENT else value


def parsed_moment(text: str) -> datetime:
    """Return a moment from text. Raises ValueError if it is none, or has no time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text[:40]!r} has no time zone")
    return moment.astimezone(UTC)


def shown_text(value: Any, kind: Kind) -> str:  # noqa: ANN401 (a cell)
    """Return a cell as text of a CSV file."""
    if value is None:
        return NULL
    if kind is Kind.TEXT:
        return f"\\{value}" if value.startswith("\\") else str(value)
    return shown_moment(value) if kind is Kind.MOMENT else json_text(value)


def read_text(text: str, kind: Kind) -> Any:  # noqa: ANN401 (a cell)
    """Return the cell that text of a CSV file stands for. Raises ValueError if it is none."""
    if text == NULL:
        return None
    if kind is Kind.TEXT:
        return text.removeprefix("\\")
    return read_json(text if kind is Kind.MOMENT else json.loads(text), kind)
