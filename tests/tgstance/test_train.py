"""tgstance train, on small files."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
import torch

from tests.tgstance.started import TGSTANCE, start

Run = Callable[..., Any]
QUICK = ("--epochs", "8", "--learning-rate", "0.0005", "--batch-size", "8")
SIDES = {
    "against": "плох, какой стыд",
    "neutral": "там, говорят сегодня",
    "favor": "хорош, ура друзья",
}


def labelled(path: Path, count: int, **changes: str) -> str:
    rows = [
        {"text": f"Трамп {word} {number}", "target": "Трамп", "label": label, "task": "stance"}
        for number in range(count)
        for label, word in SIDES.items()
    ]
    rows.append({"text": "Трамп", "target": "Трамп", "label": "unrelated", "task": "stance"})
    path.write_text("".join(f"{json.dumps(row | changes)}\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_it_writes_a_model_that_evaluate_takes(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    trained = run("train", rows, "--dev", rows, "--out", "my-model", *QUICK)
    assert trained.code == 0, trained.err
    assert trained.out.splitlines()[-1] == "Wrote my-model"
    assert "% macro-F1 on 120 held-out rows" in trained.out
    assert "120 rows to train on, 120 held out" in trained.err
    assert "120 held-out rows have their text, post or group among the training" in trained.err
    assert "epoch 1: macro-F1" in trained.err
    files = json.loads(Path("my-model/training.json").read_text())["files"]
    assert [(file["name"], file["use"]) for file in files] == [
        ("rows.jsonl", "train"),
        ("rows.jsonl", "dev"),
    ]
    measured = json.loads(run("evaluate", rows, "--model", "my-model", "--json").out)
    assert measured["stance"]["macro_f1"] > 0.9
    again = run("train", rows, "--out", "my-model")
    assert again.code == 2
    assert "my-model is already there" in again.err


def test_a_few_percent_of_the_texts_are_held_out_and_said_to_be_few(
    run: Run, tmp_path: Path
) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    texts = tmp_path / "texts.txt"
    texts.write_text("погода\nдождь\n", encoding="utf-8")
    result = run("train", rows, "--text", str(texts), "--out", "m", "--epochs", "0.2")
    assert result.code == 0, result.err
    record = json.loads(Path("m/training.json").read_text())
    assert record["rows"] + record["held_out"] == 120
    assert 1 <= record["held_out"] <= 15
    assert record["files"][1]["rows"] == 2
    assert f"only {record['held_out']} held-out rows of stance" in result.err
    assert "temperature" not in result.out
    assert json.loads(Path("m/calibration.json").read_text()) == {"tasks": {}}


def test_labels_of_others_are_mapped(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    theirs = Path(rows).read_text().replace('"favor"', '"ja"')
    Path(rows).write_text(theirs)
    refused = run("train", rows, "--out", "m")
    assert refused.code == 2
    assert "unknown label 'ja'" in refused.err
    result = run("train", rows, "--label", "ja=favor", "--out", "m", "--epochs", "0.2")
    assert result.code == 0, result.err
    assert json.loads(Path("m/training.json").read_text())["files"][0]["labels"]["stance"] == {
        "against": 40,
        "neutral": 40,
        "favor": 40,
    }


def test_excluded_texts_are_not_trained_on(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 3)
    result = run("train", rows, "--dev", rows, "--exclude", rows, "--out", "m")
    assert result.code == 2
    assert "too few labelled rows" in result.err
    assert not Path("m").exists()


@pytest.mark.slow
def test_what_is_excluded_is_counted_in_rows_and_texts(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 20)
    (tmp_path / "texts.txt").write_text("погода\nдождь\n", encoding="utf-8")
    (tmp_path / "out.txt").write_text("\nдождь\nТрамп хорош, ура друзья 1\n", encoding="utf-8")
    options = ["--text", "texts.txt", "--exclude", "out.txt", "--epochs", "0.2"]
    result = run("train", rows, "--dev", rows, *options, "--out", "m")
    assert result.code == 0, result.err
    assert "--exclude leaves out 1 rows and 1 unlabelled texts" in result.err
    record = json.loads(Path("m/training.json").read_text())
    assert record["rows"] == 59
    assert "дождь" not in Path("m/tokenizer.json").read_text(encoding="utf-8")
    (tmp_path / "out.txt").write_text("другое\n", encoding="utf-8")
    again = run("train", rows, "--dev", rows, *options, "--out", "n")
    assert "--exclude leaves out nothing: no row or text is among its texts" in again.err


@pytest.mark.slow
def test_a_task_that_cannot_be_calibrated_is_told(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    result = run("train", rows, "--dev", rows, "--out", "m", *QUICK)
    assert "stance is not calibrated: no temperature within 0.25 and 8 fits its 120" in result.err
    assert json.loads(Path("m/calibration.json").read_text()) == {"tasks": {}}


def test_rows_may_come_through_a_pipe(run: Run, tmp_path: Path) -> None:
    content = Path(labelled(tmp_path / "rows.jsonl", 40)).read_bytes()
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(content)
    result = run("train", f"/dev/fd/{reading}", "--out", "m", "--epochs", "0.2")
    os.close(reading)
    assert result.code == 0, result.err
    (file,) = json.loads(Path("m/training.json").read_text())["files"]
    assert (file["rows"], file["sha256"]) == (120, "")


def test_rows_of_one_label_are_refused(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 30, label="favor")
    result = run("train", rows, "--out", "m")
    assert result.code == 2
    assert "every training row of stance is labelled favor: add rows" in result.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.jsonl"], "missing.jsonl: cannot be read"),
        (["rows.jsonl", "--base", "./none"], "./none"),
        (["rows.jsonl", "--text", "missing.txt"], "missing.txt"),
        (["rows.jsonl", "--dev", "other.jsonl"], "--dev has rows of sentiment, the training rows"),
        (["rows.jsonl", "--out", "rows.jsonl/m"], "rows.jsonl/m: cannot be written"),
        (["rows.jsonl", "--learning-rate", "-1"], "--learning-rate"),
        (["rows.jsonl", "--max-length", "1"], "--max-length"),
        (["rows.jsonl", "--epochs", "inf"], "'inf' is not a number to compute with"),
        (["rows.jsonl", "--learning-rate", "nan"], "'nan' is not a number to compute with"),
        (["rows.jsonl", "--pretraining", "nan"], "'nan' is not a number to compute with"),
        (["rows.jsonl", "--seed", "-1"], "--seed"),
        (["rows.jsonl", "--seed", str(2**32)], "--seed"),
        (["rows.jsonl", "--base", "x", "--text", "t.txt"], "leave them out with --base"),
        (["rows.jsonl", "--base", "x", "--pretraining", "0"], "leave them out with --base"),
        (["rows.jsonl", "--revision", "main"], "--revision is one of a hub model: name that"),
        (["rows.jsonl", "--learning-rate", "1e9", "--epochs", "50"], "the loss is not a number"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_written(
    run: Run, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    labelled(tmp_path / "rows.jsonl", 30)
    (tmp_path / "other.jsonl").write_text('{"text": "x", "task": "sentiment", "label": "neutral"}')
    result = run("train", "--out", "m", *arguments)
    assert result.code == 2
    assert reason in result.err.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} <= {"rows.jsonl", "other.jsonl"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_graphics_card_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 30)
    result = run("train", rows, "--out", "m", "--device", "cuda")
    assert result.code == 2
    assert "--device cuda: torch sees no graphics card here" in result.err
    assert run("train", rows, "--out", "m", "--device", "cpu", "--epochs", "0.2").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_leaves_nothing(
    run: Run, tmp_path: Path, number: signal.Signals
) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    arguments = ["train", rows, "--dev", rows, "--out", "m", "--epochs", "1000"]
    with start(*arguments) as process:
        assert process.stderr is not None
        assert any("epoch 1" in line for line in process.stderr)
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.slow
def test_a_bar_is_shown_at_a_terminal_only(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 40)
    arguments = ["train", rows, "--dev", rows, "--out", "m", "--epochs", "2"]
    terminal = pexpect.spawn(TGSTANCE, arguments, encoding="utf-8", timeout=60)
    terminal.expect("rows.*/240")
    terminal.expect("Wrote m")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
