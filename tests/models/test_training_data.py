"""What a model is trained on: what is refused, doubted, held out and counted more."""

import hashlib
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from collector.errors import InputError
from models.dataset import LabelledRow
from models.labels import SENTIMENT, STANCE
from models.passage import Passage
from models.training_data import (
    TrainingData,
    describe_file,
    emphasised,
    hold_out,
    row_weights,
)
from tests.models.simple_rows import rows


def stance(text: str, target: str = "Трамп", label: str = "favor", **where: str) -> LabelledRow:
    return LabelledRow(Passage(text, target), STANCE, label, "ru", **where)


def only(task: str, given: list[LabelledRow]) -> list[LabelledRow]:
    return [row for row in given if row.task == task]


def test_rare_labels_weigh_more_within_their_set_and_task() -> None:
    balanced = only(SENTIMENT, rows(8))
    rare = [row for row in only(STANCE, rows(8)) if row.label != "favor"]
    rare += [row for row in only(STANCE, rows(2)) if row.label == "favor"]
    elsewhere = [replace(row, source="other") for row in rare if row.label != "favor"]
    weights = row_weights([*balanced, *rare, *elsewhere])
    common, seldom = np.sqrt([(6 + 10) / (8 + 10), (6 + 10) / (2 + 10)])
    assert weights[: len(balanced)] == pytest.approx([1] * len(balanced))
    assert weights[len(balanced) :][: len(rare)] == pytest.approx([common] * 16 + [seldom] * 2)
    assert weights[-len(elsewhere) :] == pytest.approx([1] * len(elsewhere))


def test_a_task_with_one_label_is_refused_and_two_are_doubted() -> None:
    neutral = [row for row in rows(3) if row.task == SENTIMENT or row.label == "neutral"]
    with pytest.raises(InputError, match="every training row of stance is labelled neutral: add"):
        TrainingData(neutral, rows(1)).check()
    two = [row for row in rows(3) if row.task == SENTIMENT or row.label != "neutral"]
    TrainingData(two, rows(1)).check()
    assert "no training row of stance is labelled neutral" in TrainingData(two, rows(1)).doubts()
    assert "no held-out row of stance is labelled neutral" in TrainingData(rows(3), two).doubts()


def test_rows_that_teach_or_measure_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="too few labelled rows"):
        TrainingData([], rows(1)).check()
    with pytest.raises(InputError, match="--dev has rows of sentiment, the training rows none"):
        TrainingData(only(STANCE, rows(2)), rows(1)).check()


def test_held_out_rows_that_are_trained_on_are_told() -> None:
    doubts = TrainingData(rows(30), rows(20, start=20)).doubts()
    assert (
        "60 held-out rows have their text, post or group among the training rows: "
        "the figures flatter the model"
    ) in doubts


def test_all_rows_of_a_text_and_of_a_group_are_held_out_together() -> None:
    given = [row for row in rows(200) for _ in range(2)]
    kept, held = hold_out(given, 0.1)
    assert len(kept) + len(held) == len(given)
    assert not {row.passage.text for row in kept} & {row.passage.text for row in held}
    assert 0.05 < len(held) / len(given) < 0.15
    grouped = [replace(row, group=str(number // 2 % 50)) for number, row in enumerate(given)]
    kept, held = hold_out(grouped, 0.1)
    assert held
    assert not {row.group for row in kept} & {row.group for row in held}


def test_posts_with_opposite_stances_and_contrast_groups_count_more() -> None:
    opposed = [stance("a", "x", "against"), stance("a", "y", "favor"), stance("a", "z", "neutral")]
    plain = [stance("b", "x", "against"), stance("b", "y", "against"), stance("c", "x", "favor")]
    grouped = stance("d", "x", group="g")
    counted = Counter(emphasised([*opposed, *plain, grouped]))
    assert [counted[row] for row in opposed] == [3, 3, 3]
    assert [counted[row] for row in plain] == [1, 1, 1]
    assert counted[grouped] == 2


def test_rows_of_one_text_stay_together_when_some_of_them_have_a_group() -> None:
    given = []
    for number in range(400):
        text = f"Трамп хорош {number}"
        given += [LabelledRow(Passage(text), SENTIMENT, "positive", "ru")]
        given += [stance(text, group=f"g{number // 2}")]
    kept, held = hold_out(given, 0.1)
    assert held
    assert not {row.passage.text for row in kept} & {row.passage.text for row in held}
    assert not {row.group for row in kept if row.group} & {row.group for row in held if row.group}


def test_rows_of_one_post_with_different_texts_stay_together() -> None:
    given = [stance(f"{part} {post}", post_id=f"p{post}") for post in range(400) for part in "ab"]
    kept, held = hold_out(given, 0.1)
    assert 0.05 < len(held) / len(given) < 0.15
    assert not {row.post_id for row in kept} & {row.post_id for row in held}


def test_the_same_rows_are_split_the_same_way_in_any_order() -> None:
    given = [stance(f"{part} {post}", post_id=f"p{post}") for post in range(100) for part in "ab"]
    shuffled = [given[index] for index in np.random.default_rng(1).permutation(len(given))]
    assert set(hold_out(given, 0.2)[1]) == set(hold_out(shuffled, 0.2)[1])
    assert hold_out([], 0.2) == ([], [])


@pytest.mark.parametrize("where", [{"post_id": "7"}, {"group": "7"}])
def test_held_out_rows_of_a_post_or_group_that_is_trained_on_are_told(
    where: dict[str, str],
) -> None:
    trained, held = stance("a", source="one", **where), stance("b", source="one", **where)
    other = stance("c", source="other", **where)
    doubts = TrainingData([trained], [held, other]).doubts()
    assert any(
        doubt.startswith("1 held-out rows have their text, post or group") for doubt in doubts
    )


def test_a_file_has_a_fingerprint_and_a_pipe_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"a")
    assert describe_file(tmp_path / "a.jsonl", "text", 1).sha256 == hashlib.sha256(b"a").hexdigest()
    reading, writing = os.pipe()
    os.close(writing)
    assert describe_file(Path(f"/dev/fd/{reading}"), "text", 1).sha256 == ""
    os.close(reading)
