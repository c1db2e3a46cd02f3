"""Calibration: what a temperature does, how it is fitted, and its file."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from collector.errors import ModelError
from models.calibrating import fit, uncalibrated
from models.calibration import (
    FILE_NAME,
    Calibration,
    Fit,
    TaskFit,
    read_calibration,
    write_calibration,
)
from models.labels import SENTIMENT, STANCE

FIT = {"temperature": 1, "rows": 1, "nll": [1, 1], "ece": [0, 0]}
LOGITS = arrays(np.float32, (5, 3), elements=st.floats(-30, 30, width=32))


def fitted(temperature: float, **languages: float) -> TaskFit:
    nothing = {"rows": 300, "nll": (1.0, 0.9), "ece": (0.2, 0.1)}
    return TaskFit(
        temperature=temperature,
        languages={code: Fit(temperature=own, **nothing) for code, own in languages.items()},
        **nothing,
    )


def drawn(
    count: int, temperature: float, seed: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows whose right label is drawn as often as logits / temperature say."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 3, (count, 3)).astype(np.float32)
    likely = np.exp(logits / temperature)
    shares = (likely / likely.sum(axis=1, keepdims=True)).cumsum(axis=1)
    return logits, (shares < chance.random((count, 1))).sum(axis=1)


def test_without_temperatures_it_is_a_plain_softmax() -> None:
    logits = np.array([[0, 0, 0], [1, 2, 3]], dtype=np.float32)
    result = Calibration().probabilities(logits, STANCE, ["ru", None])
    assert result.dtype == np.float32
    assert np.allclose(result, [[1 / 3] * 3, [0.0900, 0.2447, 0.6652]], atol=1e-4)
    assert Calibration().probabilities(logits[:0], STANCE, []).shape == (0, 3)


@given(LOGITS, st.floats(0.25, 8), st.floats(0.25, 8))
def test_a_temperature_changes_no_order_and_rows_sum_to_one(
    logits: NDArray[np.float32], of_task: float, of_language: float
) -> None:
    calibration = Calibration({STANCE: fitted(of_task, ru=of_language)})
    result = calibration.probabilities(logits, STANCE, ["ru", "uk", None, "", "ru"])
    assert np.array_equal(result[range(5), logits.argmax(axis=1)], result.max(axis=1))
    assert np.allclose(result.sum(axis=1), 1, atol=1e-5)


def test_a_language_has_its_own_temperature_and_others_the_tasks() -> None:
    calibration = Calibration({STANCE: fitted(2, ru=4), SENTIMENT: fitted(1)})
    assert calibration.by_language
    assert not Calibration({STANCE: fitted(2)}).by_language
    logits = np.tile(np.array([0, 1, 4], dtype=np.float32), (3, 1))
    russian, ukrainian, unknown = calibration.probabilities(logits, STANCE, ["ru", "uk", None])
    plain = Calibration().probabilities(logits / np.float32(4), STANCE, [None] * 3)[0]
    assert np.allclose(russian, plain)
    assert np.array_equal(ukrainian, unknown)
    assert russian.max() < ukrainian.max()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fitting_finds_the_temperature_that_made_the_rows(temperature: float) -> None:
    logits, truth = drawn(4_000, temperature)
    found = fit(logits, truth, ["ru"] * 4_000)
    assert found is not None
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert found.rows == 4_000
    assert found.nll[1] <= found.nll[0]
    assert found.ece[1] < 0.03
    if temperature != 1.0:
        assert found.ece[1] < found.ece[0]


def test_languages_are_fitted_where_there_are_enough_rows() -> None:
    many, many_truth = drawn(1_000, 0.5)
    other, other_truth = drawn(199, 3)
    languages = ["ru"] * 1_000 + ["uk"] * 199
    found = fit(np.concatenate([many, other]), np.concatenate([many_truth, other_truth]), languages)
    assert found is not None
    assert set(found.languages) == {"ru"}
    assert found.languages["ru"].temperature == pytest.approx(0.5, rel=0.2)
    assert found.temperature > found.languages["ru"].temperature
    unnamed = fit(many, many_truth, [None] * 1_000)
    assert unnamed is not None
    assert not unnamed.languages


def test_rows_that_tell_no_temperature_are_not_fitted() -> None:
    logits, truth = drawn(99, 2)
    assert fit(logits, truth, ["ru"] * 99) is None
    certain, _ = drawn(300, 1)
    assert fit(certain, certain.argmax(axis=1), ["ru"] * 300) is None
    assert fit(certain, certain.argmin(axis=1), ["ru"] * 300) is None
    assert "only 99 held-out rows of stance" in uncalibrated(STANCE, 99)
    assert "no temperature within 0.25 and 8 fits its 300" in uncalibrated(STANCE, 300)


def test_a_language_whose_rows_tell_no_temperature_has_that_of_the_task() -> None:
    logits, truth = drawn(3_000, 2)
    easy, _ = drawn(300, 1)
    languages = ["ru"] * 3_000 + ["uk"] * 300
    every = np.concatenate([logits, easy])
    found = fit(every, np.concatenate([truth, easy.argmax(axis=1)]), languages)
    assert found is not None
    assert set(found.languages) == {"ru"}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None
    calibration = Calibration({STANCE: fitted(1.5, ru=2.5), SENTIMENT: fitted(0.9)})
    write_calibration(calibration, tmp_path)
    assert read_calibration(tmp_path) == calibration
    write_calibration(Calibration(), tmp_path)
    assert read_calibration(tmp_path) == Calibration()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"tasks": {"stance": {"temperature": 0, "rows": 1, "nll": [1, 1], "ece": [0, 0]}}}',
        '{"tasks": {"stance": {"temperature": NaN, "rows": 1, "nll": [1, 1], "ece": [0, 0]}}}',
        '{"tasks": {"stance": {}}}',
        "{}",
        '{"task": {}}',
        '{"tasks": {}, "task": {}}',
        json.dumps({"tasks": {"stanse": FIT}}),
        json.dumps({"tasks": {"stance": {**FIT, "language": {"ru": FIT}}}}),
        json.dumps({"tasks": {"stance": {**FIT, "languages": {"ru": {**FIT, "row": 1}}}}}),
    ],
)
def test_a_broken_file_is_named_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(ModelError, match=r"calibration\.json is broken: restore it, or remove"):
        read_calibration(tmp_path)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ModelError, match="Is a directory"):
        read_calibration(tmp_path)
