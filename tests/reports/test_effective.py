"""How many independent posts a row's posts are worth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.effective import day_correlations, effective_n
from reports.interval import net_interval

CHANNELS, DAYS = 2_000, 15
SHARES = (0.25, 0.6, 0.15)  # of 1, 0, -1
TRUTH = SHARES[0] - SHARES[2]
VALUES = np.array([1, 0, -1])

Numbers = NDArray[np.int64]


def simulated(rho: float, copied: float, *, seed: int) -> pd.DataFrame:
    """Return posts of channels: texts of one day agree with correlation `rho`, a share is copied.

    With probability sqrt(rho) a text takes the value of its day, else one of its own.
    """
    generator = np.random.default_rng(seed)
    day = np.repeat(np.arange(CHANNELS * DAYS), generator.poisson(4, CHANNELS * DAYS))
    of_day = generator.choice(VALUES, p=SHARES, size=CHANNELS * DAYS)[day]
    own = generator.choice(VALUES, p=SHARES, size=len(day))
    value = np.where(generator.random(len(day)) < np.sqrt(rho), of_day, own)
    times = np.where(generator.random(len(day)) < copied, 4, 1)
    posts = pd.DataFrame({"channel_key": day // DAYS, "day": day, "value": value})
    posts["text"] = posts.index
    posts = posts.loc[posts.index.repeat(times)].reset_index(drop=True)
    # Copies come on any day of the channel.
    later = posts.duplicated("text") & (generator.random(len(posts)) < 0.5)
    moved = posts["channel_key"] * DAYS + generator.integers(0, DAYS, len(posts))
    return posts.assign(day=posts["day"].where(~later, moved), target="Трамп")


def counted(posts: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows of channels as the report has them, and the correlation within days."""
    posts = posts.assign(square=posts["value"] ** 2)
    distinct = posts.drop_duplicates(["day", "text"]).groupby(["channel_key", "target", "day"])
    days = distinct["value"].agg(n="size", total="sum").assign(squares=distinct["square"].sum())
    days = days.reset_index()

    def pairs(*keys: str) -> pd.Series:
        sizes = posts.groupby(["channel_key", *keys]).size()
        return (sizes * (sizes - 1)).groupby("channel_key").sum()

    by_channel = posts.assign(plus=posts["value"] > 0, minus=posts["value"] < 0)
    sums = by_channel.groupby("channel_key")[["plus", "minus"]].sum()
    rows = sums.assign(
        n=posts.groupby("channel_key").size(),
        pairs_same_day=pairs("day"),
        pairs_same_text=pairs("text"),
        pairs_same_day_and_text=pairs("day", "text"),
    )
    return rows, day_correlations(days.assign(week=days["day"] // 5))


def coverage(rows: pd.DataFrame, n_effective: pd.Series | None) -> float:
    low, high = net_interval(rows["plus"], rows["minus"], rows["n"], n_effective)
    return float(np.mean((low <= TRUTH) & (high >= TRUTH)))


@pytest.mark.parametrize(
    ("rho", "copied", "naive"),
    [(0.0, 0.0, 0.96), (0.3, 0.0, 0.88), (0.0, 0.2, 0.83), (0.2, 0.2, 0.8)],
)
def test_the_interval_holds_the_truth_as_often_as_it_says(
    rho: float, copied: float, naive: float
) -> None:
    rows, correlation = counted(simulated(rho, copied, seed=1))
    n_effective = effective_n(rows, pd.Series(correlation["Трамп"], index=rows.index))
    assert 0.93 < coverage(rows, n_effective) < 0.97
    assert coverage(rows, None) < naive


@pytest.mark.parametrize(("rho", "copied"), [(0.0, 0.0), (0.0, 0.3), (0.1, 0.0), (0.4, 0.0)])
def test_the_correlation_within_days_is_found(rho: float, copied: float) -> None:
    _, correlation = counted(simulated(rho, copied, seed=2))
    assert correlation["Трамп"] == pytest.approx(rho, abs=0.02)


def test_the_correlation_is_the_analysis_of_variance_by_hand() -> None:
    # Two days of three and two days of one: means 2/3, 0, 1, 0 about the channel's 3/8, n_0 = 5/3.
    days = pd.DataFrame({"n": [3, 3, 1, 1], "total": [2, 0, 1, 0], "squares": [2, 2, 1, 0]})
    between, within, size = (4 / 3 + 1 - 9 / 8) / 3, (2 - 4 / 3 + 2) / 4, (8 - 20 / 8) / 3
    rho = (between - within) / (between + (size - 1) * within)
    days = days.assign(channel_key=1, target="Трамп", week=1)
    assert day_correlations(days)["Трамп"] == pytest.approx(max(rho, 0))
    agreeing = days.assign(total=[3, -3, 1, 0], squares=[3, 3, 1, 0])
    assert day_correlations(agreeing)["Трамп"] == pytest.approx(1)


def test_a_channel_that_changes_its_mind_is_none_whose_days_hang_together() -> None:
    weeks = pd.DataFrame({"week": range(60), "total": [4] * 30 + [-4] * 30})
    days = weeks.loc[weeks.index.repeat(5)].assign(channel_key=1, target="Трамп", n=10, squares=6)
    assert day_correlations(days)["Трамп"] == 0
    assert day_correlations(days.assign(week=1))["Трамп"] > 0.15


def test_a_target_with_few_days_gets_the_correlation_of_all() -> None:
    posts = simulated(0.4, 0, seed=3)
    few = posts["channel_key"] < 1
    posts = posts.assign(target=np.where(few, "редкая", "Трамп"))
    _, correlation = counted(posts)
    assert correlation["редкая"] == pytest.approx(correlation["Трамп"], abs=0.01)


def test_days_of_single_posts_tell_no_correlation() -> None:
    days = pd.DataFrame({"n": 1, "total": [1, -1, 0], "squares": [1, 1, 0]})
    assert day_correlations(days.assign(channel_key=1, target="Трамп", week=1))["Трамп"] == 0


def test_posts_of_one_day_in_numbers() -> None:
    # Four posts of one day, two of them copies: 16 / (4 + 2 + 0.5 * (12 - 2)).
    row = pd.DataFrame(
        {"n": [4], "pairs_same_day": 12, "pairs_same_text": 2, "pairs_same_day_and_text": 2}
    )
    assert effective_n(row, pd.Series([0.5])).tolist() == [pytest.approx(16 / 11)]
    assert effective_n(row * 0, pd.Series([0.5])).tolist() == [0]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_posts_are_worth_one_at_least_and_all_at_most(
    posts: list[tuple[int, int]], rho: float
) -> None:
    def pairs(keys: list[object]) -> int:
        return sum(keys.count(key) - 1 for key in keys)

    row = pd.DataFrame(
        {
            "n": [len(posts)],
            "pairs_same_day": pairs([day for day, _ in posts]),
            "pairs_same_text": pairs([text for _, text in posts]),
            "pairs_same_day_and_text": pairs(list(posts)),
        }
    )
    (worth,) = effective_n(row, pd.Series([rho]))
    assert 1 - 1e-9 <= worth <= len(posts) + 1e-9
