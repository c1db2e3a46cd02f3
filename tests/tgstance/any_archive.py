"""An archive of any contents, and all that an archive holds."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import insert, select

from collector.archive import Archive
from collector.moving.arrival import natural_key
from collector.moving.cells import Kind, kind_of
from collector.moving.manifest import moved_tables
from collector.post import storable_parts

__all__ = ["DAY", "contents", "fill"]

DAY = datetime(2025, 1, 1, 12, 30, 15, 123457, tzinfo=UTC)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["", "\\N", "\\", '"', "=1+1", "a\x00b", "\r", "\n", " ", "null", "\u2028", "😀"]
    ),
)

VALUES = {
    Kind.TEXT: TEXTS,
    Kind.MOMENT: st.dates(date(1971, 1, 1)).flatmap(
        lambda day: st.times().map(lambda time: datetime.combine(day, time, tzinfo=UTC))
    ),
    Kind.BOOLEAN: st.booleans(),
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Kind.INTEGER: st.integers(0, 2**31 - 1),
    Kind.JSON: st.dictionaries(st.text(max_size=3), st.integers() | st.floats(-1, 1) | TEXTS),
}


def cell(name: str, drawn: st.DataObject, column: Any) -> Any:
    """Some value of a column that fits into it."""
    if column.nullable and drawn.draw(st.booleans()):
        return None
    kind = kind_of(column)
    if name == "poll":
        return {"question": drawn.draw(TEXTS), "options": [drawn.draw(TEXTS)]}
    value = drawn.draw(VALUES[kind])
    return value[: column.type.length] if kind is Kind.TEXT else value


def fill(archive: Archive, drawn: st.DataObject, *, plain: bool = False) -> None:
    """Put some rows of any contents that fit together into every table that is moved.

    Plain texts are without what a server has no place for.
    """
    with archive.begin() as connection:
        there: dict[str, list[Any]] = {}
        for table in moved_tables():
            made, keys = [], set()
            for number in range(1, drawn.draw(st.integers(0, 3)) + 1):
                row = {column.name: cell(column.name, drawn, column) for column in table.columns}
                for column in table.columns:
                    for key in column.foreign_keys:
                        known = there[key.column.table.name]
                        row[column.name] = drawn.draw(st.sampled_from(known)) if known else None
                if any(
                    row[column.name] is None and not column.nullable for column in table.columns
                ):
                    break  # there is nothing that it could refer to
                first = number * 10 + drawn.draw(st.integers(0, 9))  # numbers have gaps
                row |= unlike(table.name, number, first, there)
                row = storable_parts(row) if plain else row
                same = tuple(row[name] for name in natural_key(table))
                if same in keys:
                    continue
                keys.add(same)
                made.append(row)
            if made:
                connection.execute(insert(table), made)
            names = [column.name for column in table.primary_key.columns]
            there[table.name] = [row[names[0]] for row in made]


def unlike(name: str, number: int, first: int, there: dict[str, list[Any]]) -> dict[str, Any]:
    """What tells the rows of a table apart, as the program would have it."""
    unique: dict[str, dict[str, Any]] = {
        "channels": {"telegram_id": number, "username": f"u{number}"},
        "channel_facts": {"seen_at": DAY + timedelta(number)},
        "posts": {"message_id": number, "text_hash": f"{number}"},
        "post_versions": {"text_hash": f"{number}"},
        "coverage": {"source": "import", "first_id": number, "last_id": number},
        "names": {"name": f"{number}"},
        "readings": {"hash": f"{number}"},
        "text_readings": {"text_hash": f"{number}"},
        "targets": {"fingerprint": f"{number}", "searched_to": max(there.get("readings") or [0])},
        "models": {"fingerprint": f"{number}"},
        "engines": {"description": f"{number}"},
        "codebooks": {"hash": f"{number}"},
        "gold_samples": {"seed": number},
        "gold_items": {"id": first},
        "gold_labels": {"coder": f"{number}"},
        "runs": {"id": f"{number}"},
        "scores": {"task": f"{number}"},
    }
    row = unique.get(name, {})
    numbered = {"channels", "channel_facts", "posts", "post_versions", "coverage", "readings"}
    numbered |= {"targets", "models", "engines", "gold_samples", "gold_items", "gold_labels"}
    return row | {"id": first} if name in numbered else row


def contents(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    """All rows, with what their references refer to in place of its number, to any depth."""
    found: dict[str, list[dict[str, Any]]] = {}
    by_key: dict[str, dict[Any, Any]] = {}
    with archive.connect() as connection:
        for table in moved_tables():
            rows = []
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                values = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
                for column in table.columns:
                    for key in column.foreign_keys:
                        known = by_key[key.column.table.name]
                        values[column.name] = known.get(values[column.name])
                if "searched_to" in values:
                    values["searched_to"] = by_key["readings"].get(values["searched_to"])
                rows.append(values)
            first = next(iter(table.primary_key.columns)).name
            named = [(row[first], row) for row in rows]
            if first == "id" and table.name != "runs":
                rows = [{k: v for k, v in row.items() if k != "id"} for row in rows]
            by_key[table.name] = {key: repr(row) for (key, _), row in zip(named, rows, strict=True)}
            found[table.name] = sorted(rows, key=repr)
    return found
