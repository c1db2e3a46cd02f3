"""Draws a gold sample and records it in the archive."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, insert

from reports.annotation.allocation import STRATUM, allocate, strata_of
from reports.annotation.frame import KEY, PREDICTED
from reports.annotation.tables import gold_items, gold_samples
from reports.selection import Selection

__all__ = ["draw", "record"]


def draw(units: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    """Draw about `size` units, all of them where there are fewer, in random order.

    `units` is a frame of `reports.annotation.frame.frame`. Within a stratum each set of units is as
    likely as any other (simple random sampling without replacement). Added columns: stratum_size,
    stratum_drawn, inclusion_probability. The same units, size and seed give the same sample.
    """
    chance = np.random.default_rng(seed)
    strata = strata_of(units)
    drawn, probability = allocate(strata, size, chance)
    strata = strata.rename(columns={"size": "stratum_size"}).assign(
        stratum_drawn=drawn, inclusion_probability=probability
    )
    shuffled = units.iloc[chance.permutation(len(units))].merge(strata, on=STRATUM, how="left")
    place = shuffled.groupby(STRATUM).cumcount()
    return shuffled[place < shuffled["stratum_drawn"]].reset_index(drop=True)


def record(
    connection: Connection, selection: Selection, sample: pd.DataFrame, *, size: int, seed: int
) -> int:
    """Store a sample as drawn from `selection`, its items in the order of rows; return its id."""
    sample_values = {
        "drawn_at": datetime.now(UTC),
        "seed": seed,
        "size": size,
        "model": selection.stance.fingerprint,
        "abstain_below": selection.abstain_below,
        "frame": _described(selection),
    }
    sample_id: int = connection.execute(
        insert(gold_samples).values(sample_values).returning(gold_samples.c.id)
    ).scalar_one()
    columns = [*KEY, "post_id", "stratum_size", "stratum_drawn", "inclusion_probability"]
    labels = [PREDICTED[number] for number in sample["predicted"]]
    rows = [
        {"sample_id": sample_id, "predicted": label, **dict(zip(columns, values, strict=True))}
        for label, values in zip(labels, sample[columns].itertuples(index=False), strict=True)
    ]
    connection.execute(insert(gold_items), rows)
    return sample_id


def _described(selection: Selection) -> dict[str, Any]:
    return {
        "since": selection.since and selection.since.isoformat(),
        "until": selection.until and selection.until.isoformat(),
        "channels": list(selection.channels),
        "targets": [target.name for target in selection.targets],
        "include": selection.include.value,
    }
