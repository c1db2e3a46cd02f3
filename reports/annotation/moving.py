"""How samples and hand-made labels get from one archive into another."""

from typing import Any

from sqlalchemy import Table, bindparam, select, update

from collector.moving.arrival import Arrival, Rule, insert_missing
from collector.moving.files import Rows
from reports.annotation.tables import gold_labels, gold_samples

__all__ = ["REPORTS_RULES"]

_OF_A_SAMPLE = ("drawn_at", "seed", "size", "model")
_SAID = ("label", "labelled_at", "codebook", "note")


def put_samples(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add the samples that were not drawn here."""
    insert_missing(arrival, table, rows, _OF_A_SAMPLE)


def put_labels(arrival: Arrival, table: Table, rows: Rows) -> None:
    """Add labels; of two by one coder of one text the later one counts."""
    insert_missing(arrival, table, rows)
    ids = arrival.ids[gold_labels.name]
    told = {ids[row["id"]]: row for row in rows}
    query = select(gold_labels).where(gold_labels.c.id.in_(told))
    later: list[dict[str, Any]] = [
        {f"{name}_": told[known.id][name] for name in _SAID} | {"key": known.id}
        for known in arrival.connection.execute(query)
        if told[known.id]["labelled_at"] > known.labelled_at
    ]
    if later:
        values: dict[str, Any] = {name: bindparam(f"{name}_") for name in _SAID}
        statement = update(gold_labels).where(gold_labels.c.id == bindparam("key"))
        arrival.connection.execute(statement.values(values), later)


REPORTS_RULES: dict[str, Rule] = {
    gold_samples.name: put_samples,
    gold_labels.name: put_labels,
}
