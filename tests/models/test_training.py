"""Training: that it learns, what it writes, what it refuses, and that a seed fixes it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from collector.errors import OutputError
from models.calibration import read_calibration
from models.dataset import LabelledRow
from models.embedded_shape import Shape
from models.labels import LABELS, SENTIMENT, STANCE
from models.model_card import TrainingRecord
from models.model_name import EMBEDDED, ModelName
from models.passage import Passage
from models.pretrained import locate
from models.training import Recipe, Watch, default_recipe, train
from models.training_data import TrainingData, describe_file
from models.training_loop import task_loss
from tests.models.simple_rows import classifier, rows

SHAPE = Shape(vocabulary=300, width=32, layers=1, heads=2, positions=32)
RECIPE = Recipe(
    shape=SHAPE, epochs=10, batch_size=16, learning_rate=5e-3, patience=30, max_length=32
)
SHORT = replace(RECIPE, epochs=1)


def only(task: str, given: list[LabelledRow]) -> list[LabelledRow]:
    return [row for row in given if row.task == task]


def with_mistakes(given: list[LabelledRow]) -> list[LabelledRow]:
    """Label one row in twenty as the next one of its label: no temperature fits rows all right."""
    turned = []
    for number, row in enumerate(given):
        labels = LABELS[row.task]
        wrong = labels[(labels.index(row.label) + 1) % 3]
        turned.append(replace(row, label=wrong) if number // 6 % 20 == 0 else row)
    return turned


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingRecord, Path]:
    folder = tmp_path_factory.mktemp("trained")
    source = folder / "rows.jsonl"
    source.write_text("not read again\n")
    given = rows(40)
    data = TrainingData(
        given, with_mistakes(rows(40, start=40)), files=[describe_file(source, "train", given)]
    )
    return folder / "model", train(data, recipe=RECIPE, out=folder / "model"), source


@pytest.mark.slow
def test_several_runs_leave_the_mean_of_their_weights(tmp_path: Path) -> None:
    data = TrainingData(rows(6), rows(2, start=50))
    one, other, both = (tmp_path / name for name in ("one", "other", "both"))
    start = train(data, recipe=replace(SHORT, pretraining=0), out=tmp_path / "start")
    assert start.runs == 1
    based = replace(SHORT, base=str(tmp_path / "start"))
    train(data, recipe=based, out=one)
    train(data, recipe=replace(based, seed=based.seed + 1), out=other)
    record = train(data, recipe=replace(based, runs=2), out=both)
    assert (record.runs, record.epochs_run) == (2, 2)
    assert "of 2 runs, whose weights were averaged" in (both / "README.md").read_text("utf-8")
    ends = [load_file(path / "model.safetensors") for path in (one, other)]
    mean = load_file(both / "model.safetensors")
    for name, weight in mean.items():
        expected = (ends[0][name].float() + ends[1][name].float()) / 2
        assert torch.allclose(weight.float(), expected, atol=2e-3), name
    assert any(not torch.equal(ends[0][name], mean[name]) for name in mean)


def test_a_model_trained_from_nothing_learns_both_tasks(
    trained: tuple[Path, TrainingRecord, Path],
) -> None:
    assert trained[1].macro_f1 > 0.9
    unseen = rows(10, start=100)
    for task in (SENTIMENT, STANCE):
        part = only(task, unseen)
        found = classifier(trained[0], task).predict([row.passage for row in part])
        right = [
            LABELS[task][column] == row.label
            for column, row in zip(found.probabilities.argmax(axis=1), part, strict=True)
        ]
        assert np.mean(right) > 0.9


def test_it_writes_an_ordinary_directory_in_half_precision(
    trained: tuple[Path, TrainingRecord, Path],
) -> None:
    directory, record, _ = trained
    settings = json.loads((directory / "config.json").read_text())
    assert settings["architectures"] == ["TargetEncoderForSequenceClassification"]
    assert settings["id2label"]["3"] == "stance_against"
    assert record.precision == "float16"
    weights = load_file(directory / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert [path.name for path in directory.parent.iterdir() if path.name[0] == "."] == []


def test_it_writes_down_data_recipe_versions_and_figures(
    trained: tuple[Path, TrainingRecord, Path],
) -> None:
    directory, _, source = trained
    record = json.loads((directory / "training.json").read_text())
    (file,) = record["files"]
    assert file["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert (file["name"], file["use"], file["rows"]) == ("rows.jsonl", "train", 240)
    assert file["labels"]["stance"] == {"against": 40, "neutral": 40, "favor": 40}
    assert file["languages"] == {"ru": 240}
    assert record["recipe"]["seed"] == 1
    assert (record["rows"], record["held_out"], record["epochs_run"]) == (240, 240, 10.0)
    assert {"python", "torch", "transformers", "tgstance"} <= set(record["versions"])
    assert record["tasks"]["stance"]["measures"]["classes"]["favor"]["support"] == 40
    assert record["tasks"]["stance"]["by_language"]["ru"]["n"] == 120
    assert record["seconds"] > 0


def test_the_card_says_what_it_is_and_leaves_the_licence_to_people(
    trained: tuple[Path, TrainingRecord, Path],
) -> None:
    directory, record, _ = trained
    card = ModelCard.load(directory / "README.md")
    assert card.data.to_dict()["language"] == ["ru"]
    assert "license" not in card.data.to_dict()
    assert card.data.to_dict()["pipeline_tag"] == "text-classification"
    assert f"| rows.jsonl | train | 240 | `{record.files[0].sha256}` |" in card.text
    assert "| all: macro-F1 | 120 | | | " in card.text
    assert "| language ru: macro-F1 of the classes there | 120 |" in card.text
    assert "240 held-out rows" in card.text
    assert "## Licence\n\nNot chosen." in card.text
    assert "{" not in card.text


def test_temperatures_are_fitted_on_the_held_out_rows(
    trained: tuple[Path, TrainingRecord, Path],
) -> None:
    calibration = read_calibration(trained[0])
    assert calibration is not None
    assert {task: fit.rows for task, fit in calibration.tasks.items()} == {
        SENTIMENT: 120,
        STANCE: 120,
    }
    fitted = trained[1].tasks[STANCE].calibration
    assert fitted is not None
    assert fitted.nll[1] <= fitted.nll[0] + 1e-6
    part = [row.passage for row in only(STANCE, rows(3))]
    found = classifier(trained[0], STANCE)
    logits, _ = found.logits(part)
    expected = calibration.probabilities(logits, STANCE, ["ru"] * len(part))
    assert np.allclose(found.predict(part).probabilities, expected, atol=1e-6)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_and_another_does_not(tmp_path: Path) -> None:
    data = TrainingData(rows(4), rows(2, start=4))
    texts = [row.passage.text for row in only(SENTIMENT, rows(4))]
    answers = []
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        train(data, recipe=replace(SHORT, seed=seed), out=tmp_path / name)
        answers.append(classifier(tmp_path / name, SENTIMENT).logits([Passage(t) for t in texts]))
    assert np.array_equal(answers[0][0], answers[1][0])
    assert not np.allclose(answers[0][0], answers[2][0], atol=1e-4)


def test_a_trained_encoder_can_be_trained_further_on_one_task(
    trained: tuple[Path, TrainingRecord, Path], tmp_path: Path
) -> None:
    stance = only(STANCE, rows(6))
    recipe = replace(default_recipe(str(trained[0])), epochs=1)
    record = train(TrainingData(stance, stance), recipe=recipe, out=tmp_path / "further")
    assert set(record.tasks) == {"stance"}
    assert record.recipe.max_length == 32
    assert any("36 held-out" in doubt or "18 held-out" in doubt for doubt in record.doubts)
    classifier(tmp_path / "further", STANCE)


def test_the_embedded_model_is_trained_further_as_what_it_is() -> None:
    embedded = default_recipe(str(locate(ModelName())))
    assert replace(embedded, base=EMBEDDED) == default_recipe(EMBEDDED)
    assert default_recipe(EMBEDDED).learning_rate > default_recipe("owner/encoder").learning_rate


def test_training_stops_when_the_held_out_rows_get_no_better(tmp_path: Path) -> None:
    seen: list[float] = []
    count: list[int] = []
    held = [replace(row, label="neutral") for row in rows(5, start=50)]
    record = train(
        TrainingData(rows(10), held),
        recipe=replace(RECIPE, epochs=12, patience=1, learning_rate=1e-7),
        out=tmp_path / "model",
        watch=Watch(count.append, lambda epoch, _: seen.append(epoch)),
    )
    assert record.epochs_run == len(seen) == 2
    assert sum(count) == 2 * 60


def test_the_loss_is_among_the_outputs_of_a_task_and_rows_count_by_their_weight() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, 50.0, 50.0, 50.0], [9.0, 9.0, 9.0, 1.0, 1.0, 1.0]])
    found = task_loss(logits, torch.tensor([2, 3]), torch.tensor([1.0, 3.0]))
    of_rows = [np.log(1 + np.exp(-1) + np.exp(-2)), np.log(3)]
    assert found.item() == pytest.approx(np.average(of_rows, weights=[1, 3]))


def test_an_interrupted_training_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(_epoch: float, _measured: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            TrainingData(rows(4), rows(2, start=4)),
            recipe=SHORT,
            out=tmp_path / "new" / "model",
            watch=Watch(on_epoch=interrupt),
        )
    assert list((tmp_path / "new").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data = TrainingData(rows(2), rows(2, start=2))
    with pytest.raises(OutputError, match=r"file/model: cannot be written: "):
        train(data, recipe=SHORT, out=tmp_path / "file" / "model")
