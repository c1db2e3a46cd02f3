"""What coders disagree about, and the sheet on which somebody settles it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from reports.annotation.items import items_of
from reports.annotation.labels import units
from reports.annotation.sheets import COLUMNS, sheet_rows

__all__ = ["Dispute", "dispute_columns", "dispute_rows", "disputes"]


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item (as of `items_of`) with the labels of its coders, and the one that settled it."""

    item: Row[*tuple[Any, ...]]
    by_coder: Mapping[str, str]
    adjudicated: str | None


def disputes(connection: Connection) -> list[Dispute]:
    """Return the units to which coders gave different labels, each as its newest item."""
    disputed = {unit.items[-1].id: unit for unit in units(connection) if unit.disputed}
    return [
        Dispute(item, disputed[item.id].by_coder, disputed[item.id].adjudicated)
        for item in items_of(connection, disputed.keys())
    ]


def dispute_columns(disputed: Sequence[Dispute]) -> list[str]:
    """Return the columns of a sheet to adjudicate: those of any sheet, and one for each coder."""
    return [*COLUMNS, *(_column(coder) for coder in _coders(disputed))]


def dispute_rows(disputed: Sequence[Dispute]) -> Iterator[dict[str, str | int]]:
    """Yield the rows of such a sheet."""
    coders = _coders(disputed)
    rows = sheet_rows(dispute.item for dispute in disputed)
    for dispute, row in zip(disputed, rows, strict=True):
        yield row | {_column(coder): dispute.by_coder.get(coder, "") for coder in coders}


def _coders(disputed: Sequence[Dispute]) -> list[str]:
    return sorted({coder for dispute in disputed for coder in dispute.by_coder})


def _column(coder: str) -> str:
    return f"coder {coder}"
