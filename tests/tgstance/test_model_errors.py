import json
from pathlib import Path
from typing import Any

import pytest

from models.model_name import ModelName
from tgstance.model_errors import model_errors


def trained(directory: Path, confusion: Any) -> ModelName:
    """Return a model whose training wrote down this confusion matrix."""
    task = {"measures": {"confusion": confusion}}
    (directory / "training.json").write_text(json.dumps({"tasks": {"stance": task}}))
    return ModelName(str(directory))


def test_errors_on_the_rows_that_training_held_out(tmp_path: Path) -> None:
    # 10 % of the neutral rows invented, half of the opinions right, a quarter the wrong way round:
    # of 100 posts with 5 opinions 9.5 + 1.25 sides would be wrong and 2.5 right.
    found = model_errors(trained(tmp_path, [[20, 10, 10], [5, 90, 5], [10, 10, 20]]))
    assert found == (
        "On the 180 pairs of text and target that its training held out, the model saw a side in "
        "10% of the neutral ones, and the right side in 50% of the others; where 5% of posts take "
        "a side, 81% of the sides it names would be wrong."
    )


def test_a_model_that_is_always_right_invents_nothing(tmp_path: Path) -> None:
    found = model_errors(trained(tmp_path, [[5, 0, 0], [0, 5, 0], [0, 0, 5]]))
    assert found is not None
    assert "0% of the sides it names would be wrong" in found


def test_a_model_that_never_takes_a_side(tmp_path: Path) -> None:
    found = model_errors(trained(tmp_path, [[0, 5, 0], [0, 5, 0], [0, 5, 0]]))
    assert found is not None
    assert "0% of the sides" in found


@pytest.mark.parametrize(
    "confusion", [None, [], [[1, 2], [3, 4]], [[0, 0, 0]] * 3, [["a"] * 3] * 3, [[-1, 2, 3]] * 3]
)
def test_nothing_is_said_where_nothing_useful_is_written_down(
    tmp_path: Path, confusion: Any
) -> None:
    assert model_errors(trained(tmp_path, confusion)) is None


def test_nothing_is_said_of_models_that_nobody_measured(tmp_path: Path) -> None:
    assert model_errors(ModelName(str(tmp_path))) is None
    assert model_errors(ModelName("owner/model", revision="0" * 40)) is None
    assert model_errors(ModelName(str(tmp_path / "none"))) is None


def test_the_embedded_model_says_how_often_it_errs() -> None:
    assert "that its training held out" in (model_errors(ModelName()) or "")
