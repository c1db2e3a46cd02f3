"""tgstance evaluate and tgstance train, on small files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
WRITTEN = Path(__file__).parents[2] / "benchmarks" / "data" / "written.dev.jsonl.gz"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "labelled"


def labelled(path: Path, count: int) -> Path:
    sides = {
        "against": "плох, какой стыд",
        "neutral": "там, говорят сегодня",
        "favor": "хорош, ура друзья",
    }
    rows = [
        {"text": f"Трамп {word} {number}", "target": "Трамп", "label": label, "task": "stance"}
        for number in range(count)
        for label, word in sides.items()
    ]
    rows.append({"text": "Трамп", "target": "Трамп", "label": "unrelated", "task": "stance"})
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_the_embedded_model_is_clearly_better_than_the_majority(run: Run) -> None:
    result = run("evaluate", str(WRITTEN), "--json")
    assert result.code == 0
    measured = json.loads(result.out)
    assert set(measured) == {"sentiment", "stance"}
    assert measured["sentiment"]["n"] == 473
    for task in measured.values():
        assert task["macro_f1"] > task["majority"]["macro_f1"] + 0.2
        assert 0 < task["accuracy"] < 1


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of labelled sets is not here")
@pytest.mark.parametrize(
    ("name", "task"),
    [("rusentne.dev", "target_sentiment"), ("opensentimentcorpus.dev", "sentiment")],
)
def test_it_is_better_on_other_sets_too(run: Run, name: str, task: str) -> None:
    measured = json.loads(run("evaluate", str(SHARED / f"{name}.jsonl.gz"), "--json").out)[task]
    assert measured["macro_f1"] > measured["majority"]["macro_f1"] + 0.1


def test_a_table_shows_the_baselines_and_what_is_left_out(run: Run, tmp_path: Path) -> None:
    path = str(labelled(tmp_path / "rows.jsonl", 20))
    result = run("evaluate", path, "--baseline-train", path)
    assert result.code == 0
    for expected in ("embedded", "TF-IDF + LR", "majority class", "macro-F1", "100.0"):
        assert expected in result.out
    assert "1 rows of stance labelled unrelated are left out" in result.out


def test_train_writes_a_model_that_evaluate_takes(run: Run, tmp_path: Path) -> None:
    rows = str(labelled(tmp_path / "rows.jsonl", 40))
    options = ["--epochs", "8", "--learning-rate", "0.0005", "--batch-size", "8"]
    trained = run("train", rows, "--dev", rows, "--out", "my-model", *options)
    assert trained.code == 0, trained.err
    assert "Wrote my-model" in trained.out
    assert "epoch 1: macro-F1" in trained.err
    measured = json.loads(run("evaluate", rows, "--model", "my-model", "--json").out)
    assert measured["stance"]["macro_f1"] > 0.9
    assert measured["stance"]["left_out"] == {"unrelated": 1}
    again = run("train", rows, "--out", "my-model")
    assert again.code == 2
    assert "my-model is already there" in again.err


def test_excluded_texts_are_not_trained_on(run: Run, tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 3)
    result = run("train", str(rows), "--dev", str(rows), "--exclude", str(rows), "--out", "m")
    assert result.code == 2
    assert "too few labelled rows" in result.err
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["evaluate", "missing.jsonl"], "missing.jsonl: cannot be read"),
        (["evaluate", "rows.jsonl", "--model", "./none"], "./none: no such directory"),
        (["train", "missing.jsonl", "--out", "m"], "missing.jsonl: cannot be read"),
        (["train", "rows.jsonl", "--base", "./none", "--out", "m"], "./none"),
        (["train", "rows.jsonl", "--text", "missing.txt", "--out", "m"], "missing.txt"),
    ],
)
def test_what_is_not_there_is_named(
    run: Run, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    labelled(tmp_path / "rows.jsonl", 30)
    result = run(*arguments)
    assert result.code == 2
    assert reason in result.err.splitlines()[-1]


def test_dev_rows_of_another_task_are_refused_before_training(run: Run, tmp_path: Path) -> None:
    rows = str(labelled(tmp_path / "rows.jsonl", 30))
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "x", "task": "sentiment", "label": "neutral"}\n')
    result = run("train", rows, "--dev", str(other), "--out", "m")
    assert result.code == 2
    assert "--dev has rows of sentiment, the training rows none" in result.err
    (tmp_path / "file").write_text("")
    result = run("train", rows, "--out", "file/m")
    assert result.code == 2
    assert "file/m: cannot be written" in result.err
    assert run("train", rows, "--out", "m", "--learning-rate", "-1").code == 2


def test_a_hub_model_while_offline_is_named_with_the_way_out(tmp_path: Path) -> None:
    rows = labelled(tmp_path / "rows.jsonl", 3)
    result = subprocess.run(
        [Path(sys.executable).with_name("tgstance"), "evaluate", rows, "--model", "nobody/none"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "model nobody/none is neither a directory here nor to be had from the hub" in line
    assert "download it elsewhere and give its directory" in line
