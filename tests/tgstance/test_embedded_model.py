"""The embedded model, as tgstance evaluate measures it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
WRITTEN = Path(__file__).parents[2] / "benchmarks" / "data" / "written.dev.jsonl.gz"
SIDES = {"against": "плох, стыд", "neutral": "там, говорят", "favor": "хорош, ура"}
SHARED = Path(__file__).parents[3] / "shared" / "data" / "labelled"


@pytest.mark.slow
def test_the_embedded_model_is_clearly_better_than_the_majority(run: Run) -> None:
    result = run("evaluate", str(WRITTEN), "--json")
    assert result.code == 0
    measured = json.loads(result.out)
    assert set(measured) == {"sentiment", "stance"}
    assert measured["sentiment"]["n"] == 473
    for task in measured.values():
        assert task["macro_f1"] > task["majority"]["macro_f1"] + 0.2
        assert 0 < task["accuracy"] < 1


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the folder of labelled sets is not here")
@pytest.mark.parametrize(
    ("name", "task"),
    [("rusentne.dev", "target_sentiment"), ("opensentimentcorpus.dev", "sentiment")],
)
def test_it_is_better_on_other_sets_too(run: Run, name: str, task: str) -> None:
    measured = json.loads(run("evaluate", str(SHARED / f"{name}.jsonl.gz"), "--json").out)[task]
    assert measured["macro_f1"] > measured["majority"]["macro_f1"] + 0.1


def labelled(path: Path, text: str) -> str:
    about = {"target": "Трамп", "task": "stance"}
    rows = [
        {"text": text.format(word=word, number=number), "label": label, **about}
        for number in range(20)
        for label, word in SIDES.items()
    ]
    rows.append({"text": "Трамп", "label": "unrelated", **about})
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def test_baselines_stand_beside_it_and_what_is_left_out_is_said(run: Run, tmp_path: Path) -> None:
    training = labelled(tmp_path / "training.jsonl", "Трамп {word}, {number} раз")
    rows = labelled(tmp_path / "rows.jsonl", "Трамп {word} {number}")
    result = run("evaluate", rows, "--baseline-train", training)
    assert result.code == 0
    for expected in ("embedded", "TF-IDF + LR", "majority class", "macro-F1", "100.0"):
        assert expected in result.out
    assert "1 rows of stance labelled unrelated are left out" in result.out
