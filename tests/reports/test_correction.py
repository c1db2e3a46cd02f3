"""Which figures are corrected, by which way, and by how much."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.correction import CORRECTED, correct
from reports.gold import CELLS, PREDICTED

DAYS = pd.to_datetime(["2025-11-03", "2025-11-10"])
AGAINST, NEUTRAL, FAVOR = (int(np.flatnonzero(label == PREDICTED)[-1]) for label in range(3))

Frames = tuple[pd.DataFrame, pd.DataFrame]


def report(*areas: tuple[int, str], counts: dict[int, int], days: int = 1) -> Frames:
    """Return rows and cell counts of areas that are all alike, in each of the first `days`."""
    rows, cells = [], []
    for channel, target in areas:
        for day in DAYS[:days]:
            n = [sum(counts[c] for c in counts if PREDICTED[c] == label) for label in range(3)]
            total = sum(counts.values())
            rows.append((channel, target, day, total, *n, float(total)))
            cells += [(channel, day, target, cell, m, m) for cell, m in counts.items()]
    names = ["channel_key", "target", "period_start", "n_scored", "n_minus", "n_zero", "n_plus"]
    return (
        pd.DataFrame(rows, columns=[*names, "n_effective"]),
        pd.DataFrame(cells, columns=["channel_key", "day", "target", "cell", "posts", "texts"]),
    )


def settled(*texts: tuple[int, str, int, int, int]) -> pd.DataFrame:
    """Return gold texts: channel, target, cell, true label and how many such, all weighing 1."""
    rows = [(*text[:4], 1.0) for text in texts for _ in range(text[4])]
    return pd.DataFrame(rows, columns=["channel_key", "target", "cell", "truth", "weight"])


@pytest.fixture
def one_invention_in_two() -> Callable[..., pd.DataFrame]:
    """Return a maker of gold texts of a channel: half of what is called against is neutral."""

    def make(channel: int, target: str, n: int) -> pd.DataFrame:
        return settled(
            (channel, target, AGAINST, 0, n // 4),
            (channel, target, AGAINST, 1, n // 4),
            (channel, target, NEUTRAL, 1, n // 2),
        )

    return make


COUNTS = {AGAINST: 40, NEUTRAL: 60}  # raw net stance -0.4, and -0.2 where half of it is invented


def test_a_channel_with_fifty_labels_of_its_own_is_corrected_by_them(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    rows, counts = report((1, "t"), counts=COUNTS)
    gold = one_invention_in_two(1, "t", 52)
    found = correct(rows, counts, gold, minimum=10).iloc[0]
    assert (found["correction"], found["gold_n"]) == ("ppi", 52)
    # The sample has as many of both cells, so the rectifier is 1/4, with the tuned power.
    assert -0.3 < found["net_stance_corrected"] < -0.1
    assert found["net_stance_corrected_lo"] < -0.2 < found["net_stance_corrected_hi"]


def test_weights_undo_the_oversampling(one_invention_in_two: Callable[..., pd.DataFrame]) -> None:
    rows, counts = report((1, "t"), counts=COUNTS)
    gold = one_invention_in_two(1, "t", 200)
    gold["weight"] = np.where(gold["cell"] == AGAINST, 0.4, 0.6)
    found = correct(rows, counts, gold, minimum=10).iloc[0]
    assert found["net_stance_corrected"] == pytest.approx(-0.2, abs=0.001)
    assert found["share_against_corrected"] == pytest.approx(0.2, abs=0.001)
    assert found["share_favor_corrected"] == pytest.approx(0, abs=0.001)


def test_channels_with_fewer_lend_each_other_what_is_known_for_the_target(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    areas = [(channel, "t") for channel in range(10)]
    rows, counts = report(*areas, counts=COUNTS)
    gold = pd.concat([one_invention_in_two(channel, "t", 20) for channel in range(1, 10)])
    found = correct(rows, counts, gold, minimum=10)
    assert set(found["correction"]) == {"pooled"}
    assert set(found["gold_n"]) == {180}
    assert found["net_stance_corrected"].to_numpy() == pytest.approx(np.full(10, -0.2), abs=0.05)
    widths = found["net_stance_corrected_hi"] - found["net_stance_corrected_lo"]
    assert widths[0] == widths.max()  # the channel without labels of its own


def test_targets_with_few_labels_borrow_from_the_others(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    rows, counts = report((1, "t"), (1, "u"), (2, "t"), (2, "u"), counts=COUNTS)
    gold = pd.concat([one_invention_in_two(1, "t", 40), one_invention_in_two(2, "u", 20)])
    found = correct(rows, counts, gold, minimum=10)
    assert set(found["correction"]) == {"pooled-targets"}
    assert set(found["gold_n"]) == {60}


def test_all_three_ways_in_one_report(one_invention_in_two: Callable[..., pd.DataFrame]) -> None:
    rows, counts = report((1, "t"), (2, "t"), (3, "u"), counts=COUNTS)
    gold = pd.concat([one_invention_in_two(1, "t", 80), one_invention_in_two(2, "t", 40)])
    found = correct(rows, counts, gold, minimum=10)
    assert found["correction"].tolist() == ["ppi", "pooled", "pooled-targets"]
    assert found["gold_n"].tolist() == [80, 120, 120]


def test_fewer_than_fifty_labels_in_all_correct_nothing(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    rows, counts = report((1, "t"), counts=COUNTS)
    found = correct(rows, counts, one_invention_in_two(1, "t", 48), minimum=10).iloc[0]
    assert found[list(CORRECTED)].isna().all()
    assert (found["correction"], found["gold_n"]) == ("", 0)


def test_a_row_under_the_minimum_stays_empty(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    rows, counts = report((1, "t"), counts={AGAINST: 4, NEUTRAL: 5})
    found = correct(rows, counts, one_invention_in_two(1, "t", 80), minimum=10).iloc[0]
    assert np.isnan(found["net_stance_corrected"])
    assert found["correction"] == ""


def test_each_period_has_its_own_posts_and_the_channels_error_rates(
    one_invention_in_two: Callable[..., pd.DataFrame],
) -> None:
    rows, counts = report((1, "t"), counts=COUNTS, days=2)
    later = (counts["day"] == DAYS[1]) & (counts["cell"] == AGAINST)
    counts.loc[later, ["posts", "texts"]] = 0  # in the second week the model calls nothing against
    gold = one_invention_in_two(1, "t", 80)
    found = correct(rows, counts, gold, minimum=10)["net_stance_corrected"]
    assert found[0] < found[1]


def test_shares_are_shares_and_intervals_hold_the_figure() -> None:
    chance = np.random.default_rng(0)
    counts = {cell: int(chance.integers(1, 30)) for cell in range(CELLS)}
    rows, cells = report(*((c, t) for c in range(6) for t in "tuv"), counts=counts)
    gold = settled(
        *(
            (c, "t", int(cell), int(y), 2)
            for c in range(4)
            for cell, y in chance.integers(3, size=(20, 2))
        ),
        (5, "t", FAVOR, 0, 60),
    )
    found = correct(rows, cells, gold, minimum=1)
    shares: Any = found[[name for name in CORRECTED if name.startswith("share")]]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(rows)))
    assert shares.to_numpy().min() >= 0
    net, low, high = (found[f"net_stance_corrected{end}"] for end in ("", "_lo", "_hi"))
    assert ((low <= net) & (net <= high) & (low >= -1) & (high <= 1)).all()


def test_no_gold_and_no_rows_are_no_trouble() -> None:
    rows, counts = report((1, "t"), counts=COUNTS)
    assert correct(rows, counts, settled(), minimum=1)["correction"].tolist() == [""]
    nothing = correct(rows[:0], counts[:0], settled((1, "t", FAVOR, 2, 60)), minimum=1)
    assert len(nothing) == 0
