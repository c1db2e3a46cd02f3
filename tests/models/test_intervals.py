"""Bootstrap intervals over posts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.dataset import LabelledRow
from models.intervals import Interval, families_of, interval, posts_of, resample, shares_post
from models.labels import STANCE
from models.measures import MEASURES, from_confusion
from models.passage import Passage

MACRO_F1 = MEASURES.index("macro_f1")


def row(text: str, post_id: str = "", source: str = "", group: str = "") -> LabelledRow:
    passage, where = Passage(text, "x"), {"source": source, "post_id": post_id, "group": group}
    return LabelledRow(passage, STANCE, "favor", "ru", **where)


def labelling(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels and guesses of which some 70 % are right."""
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 3, n)
    return truth, np.where(chance.random(n) < 0.55, truth, chance.integers(0, 3, n))


def macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    matrix = np.zeros((3, 3), dtype=np.int64)
    np.add.at(matrix, (truth, predicted), 1)
    return float(from_confusion(matrix)[MACRO_F1])


def interval_of(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], posts: NDArray[np.int64]
) -> Interval:
    found = interval(resample(truth, [predicted], posts)[0, MACRO_F1])
    assert found is not None
    return found


def test_rows_of_one_post_id_or_of_one_text_are_one_post() -> None:
    rows = [row("a", "1"), row("b", "1"), row("b"), row("c"), row("d", "2"), row("c", "3")]
    first, second, third, fourth, fifth, sixth = posts_of(rows).tolist()
    assert first == second == third
    assert fourth == sixth
    assert len({first, fourth, fifth}) == 3


def test_the_same_post_id_in_another_set_is_another_post() -> None:
    rows = [row("a", "1", "one"), row("b", "1", "other")]
    assert len(set(posts_of(rows).tolist())) == 2


def test_posts_of_one_group_are_one_family_but_not_one_post() -> None:
    rows = [row("a", "1", group="g"), row("b", group="g"), row("b"), row("c", "1"), row("d")]
    rows.append(row("e", source="other", group="g"))
    first, second, third, fourth, fifth, sixth = families_of(rows).tolist()
    assert first == second == third == fourth
    assert len({first, fifth, sixth}) == 3
    assert posts_of(rows)[0] != posts_of(rows)[1]
    assert posts_of([]).shape == (0,)


def test_rows_share_a_post_by_its_text_or_id() -> None:
    rows = [row("a"), row("b", "1"), row("c", "2"), row("d", group="g")]
    others = [row("a"), row("x", "1"), row("y", "2", "other"), row("z", group="g")]
    assert shares_post(rows, others).tolist() == [True, True, False, False]
    assert shares_post([], others).tolist() == []


def test_an_interval_is_the_same_every_time_and_holds_the_measure() -> None:
    truth, predicted = labelling(300)
    found = interval_of(truth, predicted, np.arange(300))
    assert found == interval_of(truth, predicted, np.arange(300))
    assert found.low < macro_f1(truth, predicted) < found.high
    assert found.high - found.low < 0.15


def test_rows_that_say_the_same_thing_do_not_narrow_the_interval() -> None:
    truth, predicted = labelling(150)
    posts = np.arange(150)
    single = interval_of(truth, predicted, posts)
    copies = (np.tile(column, 4) for column in (truth, predicted, posts))
    assert interval_of(*copies) == single
    truth, predicted = np.tile(truth, 4), np.tile(predicted, 4)
    as_if_apart = interval_of(truth, predicted, np.arange(600))
    assert single.high - single.low > 1.5 * (as_if_apart.high - as_if_apart.low)


def test_the_accuracy_interval_is_about_that_of_the_binomial() -> None:
    truth = np.zeros(400, dtype=np.int64)
    predicted = np.repeat([0, 1], 200)
    column = MEASURES.index("accuracy")
    found = interval(resample(truth, [predicted], np.arange(400))[0, column])
    assert found is not None
    assert found.low == pytest.approx(0.5 - 0.049, abs=0.006)
    assert found.high == pytest.approx(0.5 + 0.049, abs=0.006)


def test_labellings_are_measured_on_the_same_resamples() -> None:
    truth, predicted = labelling(100)
    both = resample(truth, [predicted, predicted], np.arange(100), resamples=50)
    assert both.shape == (2, 3, 50)
    assert (both[0] == both[1]).all()


def test_one_post_has_no_interval() -> None:
    values = resample(np.array([0, 1]), [np.array([0, 1])], np.array([0, 0]))
    assert interval(values[0, 0]) is None
