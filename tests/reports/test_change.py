"""The difference to the period before."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.archive import Archive
from reports.figures import stance_figures
from reports.interval import difference_interval, net_interval
from reports.selection import Period, Selection

Make = Callable[..., Selection]
Call = Callable[..., None]


def opinions(day: str, favor: int, against: int) -> list[dict[str, Any]]:
    return [
        {"text": f"{word} Трамп {day} {number}", "date": f"{day}T10:00:00Z"}
        for word, count in (("За", favor), ("Не", against))
        for number in range(count)
    ]


def rows(archive: Archive, selection: Selection) -> list[Any]:
    with archive.connect() as connection:
        frame = stance_figures(connection, selection)
    return list(frame[frame["target"] == "Трамп"].itertuples())


@pytest.fixture
def put_opinions(put: Call, label: Call) -> Call:
    def put_opinions(*days: tuple[str, int, int]) -> None:
        put(*(post for day in days for post in opinions(*day)))
        label("За Трамп", "favor", target="Трамп")
        label("Не Трамп", "against", target="Трамп")

    return put_opinions


def test_change_is_the_difference_to_the_day_before(
    archive: Archive, put_opinions: Call, select_report: Make
) -> None:
    # From Sunday to Monday: days of one week that differ so would be taken to hang together.
    put_opinions(("2025-11-09", 12, 0), ("2025-11-10", 0, 12), ("2025-11-11", 1, 11))
    first, second, third = rows(archive, select_report(period=Period.DAY))
    assert pd.isna(first.net_stance_change)
    assert first.changed is None
    assert second.net_stance_change == -2
    assert second.changed is True
    assert second.net_stance_change_hi < 0
    assert third.net_stance_change == pytest.approx(1 / 6)
    assert third.changed is False
    assert third.net_stance_change_lo < 0 < third.net_stance_change_hi


def test_days_without_data_are_gaps(
    archive: Archive, put_opinions: Call, select_report: Make
) -> None:
    put_opinions(
        ("2025-11-03", 5, 0), ("2025-11-05", 5, 0), ("2025-11-06", 1, 0), ("2025-11-07", 5, 0)
    )
    found = rows(archive, select_report(period=Period.DAY, minimum=3))
    assert [row.suppressed for row in found] == [False, False, True, False]
    assert all(pd.isna(row.net_stance_change) and row.changed is None for row in found)


def test_no_change_over_all_time(archive: Archive, put_opinions: Call, select_report: Make) -> None:
    put_opinions(("2025-11-03", 5, 0), ("2025-11-10", 0, 5))
    (row,) = rows(archive, select_report(period=Period.ALL))
    assert row.changed is None


def test_a_cut_week_is_not_compared(
    archive: Archive, put_opinions: Call, select_report: Make
) -> None:
    put_opinions(
        ("2025-11-05", 5, 0), ("2025-11-12", 0, 5), ("2025-11-19", 5, 0), ("2025-11-25", 0, 5)
    )
    cut = select_report(period=Period.WEEK, since=date(2025, 11, 5), until=date(2025, 11, 26))
    assert [row.net_stance_change == 2 for row in rows(archive, cut)] == [False, False, True, False]
    whole = select_report(period=Period.WEEK)
    assert [row.net_stance_change for row in rows(archive, whole)][1:] == [-2, 2, -2]


def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(4)
    for old, new in (((0.1, 0.8, 0.1), (0.3, 0.6, 0.1)), ((0.02, 0.9, 0.08), (0.02, 0.95, 0.03))):
        sides = []
        for shares, n in ((new, 40), (old, 80)):
            counts = generator.multinomial(n, shares, size=6_000)
            plus, minus = counts[:, 0], counts[:, 2]
            sides.append(((plus - minus) / n, *net_interval(plus, minus, n)))
        low, high = difference_interval(*sides)
        truth = (new[0] - new[2]) - (old[0] - old[2])
        assert np.mean((low <= truth) & (high >= truth)) > 0.93


def test_the_interval_of_a_difference_is_the_published_formula() -> None:
    # Newcombe's example of two proportions by MOVER: 56/70 and 48/80 with Wilson intervals.
    low, high = difference_interval((0.8, 0.6921, 0.8773), (0.6, 0.4905, 0.7004))
    assert (low, high) == (pytest.approx(0.0524, abs=1e-3), pytest.approx(0.3339, abs=1e-3))


@given(*[st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted)] * 2)
def test_the_difference_is_within_its_interval(old: list[float], new: list[float]) -> None:
    def estimate(ends: list[float]) -> tuple[float, float, float]:
        return ends[1], ends[0], ends[2]

    low, high = difference_interval(estimate(new), estimate(old))
    assert low - 1e-9 <= new[1] - old[1] <= high + 1e-9
