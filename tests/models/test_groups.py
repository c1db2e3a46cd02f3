"""Contrast groups, opposite stances and parts of a set, by hand."""

import numpy as np

from models.dataset import LabelledRow
from models.groups import (
    OTHER_TARGETS,
    AllRight,
    by_language,
    by_phenomenon,
    by_target,
    contrast_groups,
    opposite_stances,
)
from models.labels import STANCE
from models.passage import Passage


def row(
    *, group: str = "", target: str = "x", lang: str = "", phenomenon: str = "", source: str = ""
) -> LabelledRow:
    passage = Passage("text", target)
    return LabelledRow(
        passage, STANCE, "favor", lang, source=source, group=group, phenomenon=phenomenon
    )


def test_a_contrast_group_is_right_when_every_row_is() -> None:
    rows = [row(group=name) for name in ("1", "1", "2", "2", "3", "", "")]
    truth = np.array([0, 2, 0, 2, 1, 1, 1])
    predicted = np.array([0, 2, 0, 1, 1, 0, 0])
    assert contrast_groups(rows, truth, predicted) == AllRight(2, 1, 0.5)
    assert contrast_groups(rows[4:], truth[4:], predicted[4:]) is None


def test_groups_of_two_sets_are_kept_apart() -> None:
    rows = [row(group="1", source=source) for source in ("a", "a", "b", "b")]
    found = contrast_groups(rows, np.array([0, 1, 0, 1]), np.array([0, 1, 0, 0]))
    assert found == AllRight(2, 1, 0.5)


def test_a_post_of_opposite_stances_is_right_when_both_are() -> None:
    posts = np.array([0, 0, 1, 1, 1, 2, 2, 3])
    truth = np.array([0, 2, 0, 2, 1, 0, 1, 2])
    predicted = np.array([0, 0, 0, 2, 0, 0, 1, 2])  # post 1 errs on a neutral row only
    assert opposite_stances(posts, truth, predicted) == AllRight(2, 1, 0.5)
    assert opposite_stances(posts[5:], truth[5:], predicted[5:]) is None


def test_parts_are_measured_the_commonest_first() -> None:
    rows = [row(lang=lang, phenomenon="irony") for lang in ("uk", "ru", "ru", "")]
    truth, predicted = np.array([0, 0, 2, 1]), np.array([2, 0, 2, 1])
    found = by_language(rows, truth, predicted)
    assert list(found) == ["ru", "uk"]
    assert (found["ru"].n, found["ru"].accuracy, found["ru"].macro_f1) == (2, 1, 1)
    assert (found["uk"].n, found["uk"].accuracy, found["uk"].macro_f1) == (1, 0, 0)
    assert by_phenomenon(rows, truth, predicted)["irony"].n == 4


def test_rare_targets_are_measured_together() -> None:
    rows = [row(target="НАТО")] * 10 + [row(target="Трамп")] * 9 + [row(target="ЕС")] * 2
    truth = np.ones(21, dtype=np.int64)
    found = by_target(rows, truth, truth)
    assert {name: part.n for name, part in found.items()} == {"НАТО": 10, OTHER_TARGETS: 11}
    assert by_target(rows[10:], truth[10:], truth[10:]) == {}
