"""How what models have read and labelled gets from one archive into another."""

from typing import Any

from sqlalchemy import Table, bindparam, select, update

from collector.moving.arrival import Arrival, Rule, insert_missing
from collector.moving.files import Rows
from models.returning import DROPPED
from models.tables import readings, targets, text_readings

__all__ = ["MODELS_RULES"]


def put_readings(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add readings; complete those that lack what an earlier program did not keep."""
    told = {row["hash"]: row for row in rows}
    query = select(readings).where(readings.c.hash.in_(told))
    unsure: list[dict[str, Any]] = []
    for known in arrival.connection.execute(query):
        row = told[known.hash]
        if known.text == "" and row["text"] != "":
            arrival.emptied.add(known.id)
        if known.quoted is None and row["quoted"] is not None:
            unsure.append({"key": known.id, "is_quoted": row["quoted"]})
    if unsure:
        statement = update(readings).where(readings.c.id == bindparam("key"))
        arrival.connection.execute(statement.values(quoted=bindparam("is_quoted")), unsure)
    insert_missing(arrival, table, rows)


def put_text_readings(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add which reading texts have; one that was dropped here is to be read when it comes again."""
    here = arrival.mapped(text_readings, rows)
    marked = [
        row | ({"version": DROPPED} if mine["reading_id"] in arrival.emptied else {})
        for row, mine in zip(rows, here, strict=True)
    ]
    insert_missing(arrival, table, marked)


def put_targets(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add targets with how far they were looked for, which is all again if there was more here."""
    ids, alone = arrival.ids[readings.name], arrival.was_empty[readings.name]
    searched = [
        row | {"searched_to": ids.up_to(row["searched_to"]) if alone else 0} for row in rows
    ]
    insert_missing(arrival, table, searched)


MODELS_RULES: dict[str, Rule] = {
    readings.name: put_readings,
    text_readings.name: put_text_readings,
    targets.name: put_targets,
}
