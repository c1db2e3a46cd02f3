"""tgstance evaluate from end to end, on rows and a model made on the spot."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from models.embedded_shape import Shape, build_tokenizer
from models.labels import LABELS, head_label

Run = Callable[..., Any]

TEXTS = ("Трамп хорош, ура", "Трамп плох, позор", "Трамп прибыл в НАТО", "погода сегодня")
FEW = (("Погода", "favor"), ("Дождь", "against"))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An untrained classifier with a head for sentiment and one for stance."""
    return untrained(tmp_path_factory.mktemp("model"), "sentiment", "stance")


def untrained(directory: Path, *tasks: str) -> str:
    tokenizer = build_tokenizer(TEXTS * 3, Shape(vocabulary=200))
    labels = [head_label(task, label) for task in tasks for label in LABELS[task]]
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.3,
        pad_token_id=0,
        id2label=dict(enumerate(labels)),
    )
    BertForSequenceClassification(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return str(directory)


@pytest.fixture
def rows(tmp_path: Path) -> str:
    """48 rows of 12 posts in two languages: one sentiment and three stances each."""
    return write(tmp_path / "rows.jsonl", [row for post in range(12) for row in of_post(post)])


def of_post(post: int, first_id: int = 0) -> list[dict[str, Any]]:
    common = {
        "text": f"{TEXTS[post % 4]} {post}",
        "post_id": first_id + post,
        "lang": ("ru", "uk")[post % 2],
        "group": post // 4,
        "phenomenon": "irony",
        "source": "RuSentNE-2023/PERSON",
    }
    stances = zip(("Трамп", "НАТО", "погода"), LABELS["stance"], strict=True)
    return [
        {**common, "task": "sentiment", "label": LABELS["sentiment"][post % 3]},
        *({**common, "task": "stance", "target": name, "label": label} for name, label in stances),
    ]


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def test_everything_is_printed_and_agrees_with_the_json(run: Run, rows: str, model: str) -> None:
    others = [
        {**row, "text": f"Иначе: {row['text']}"} for p in range(12) for row in of_post(p, 100)
    ]
    baseline = write(Path("others.jsonl"), others)
    options = ["evaluate", rows, "--model", model, "--baseline-train", baseline]
    options += ["--abstain-below", "1"]
    shown, printed = run(*options), run(*options, "--json")
    assert (shown.code, printed.code) == (0, 0)
    measured = json.loads(printed.out)
    assert set(measured) == {"sentiment", "stance"}
    for found in measured.values():
        low, high = (100 * found["intervals"]["macro_f1"][bound] for bound in ("low", "high"))
        assert f"{100 * found['macro_f1']:.1f}" in shown.out
        assert f"{low:.1f} to {high:.1f}" in shown.out
        assert f"expected calibration error {100 * found['reliability']['ece']:.1f} %" in shown.out
        assert 0 <= found["tfidf_lr"]["macro_f1"] <= 1
        assert found["official"]["value"] == found["polar_f1"]
        assert found["answered"]["abstained"] == found["n"]
    stance = measured["stance"]
    assert (stance["n"], stance["posts"]) == (36, 12)
    assert stance["opposite_stances"]["n"] == 12
    assert stance["contrast_groups"]["n"] == 3
    assert stance["over_tfidf_lr"]["macro_f1"] == pytest.approx(
        stance["macro_f1"] - stance["tfidf_lr"]["macro_f1"]
    )
    for expected in (
        "TF-IDF + LR",
        "majority class",
        "macro-F1 of positive and negative",
        "opposite stances right",
        f"abstaining below 1: {stance['n']} abstained, none answered",
        "rows name a target that does not occur in the text",
        "irony",
        "uk",
    ):
        assert expected in shown.out


def test_what_is_answered_is_measured_apart(run: Run, rows: str, model: str) -> None:
    options = ["evaluate", rows, "--model", model, "--abstain-below", "0.5"]
    stance = json.loads(run(*options, "--json").out)["stance"]
    (same,) = [one for one in stance["thresholds"] if one["abstain_below"] == 0.5]
    assert stance["answered"] == same
    assert same["answered"] + same["abstained"] == stance["n"]
    note = f"abstaining below 0.5: {same['abstained']} abstained, {same['answered']} answered"
    assert note in run(*options).out


def test_plots_are_pictures_beside_their_numbers(
    run: Run, rows: str, model: str, tmp_path: Path
) -> None:
    directory = tmp_path / "plots"
    directory.mkdir()
    (directory / "mine.txt").write_text("stays")
    result = run("evaluate", rows, "--model", model, "--plots", str(directory))
    assert result.code == 0
    names = {
        f"{kind}-{task}.{suffix}"
        for kind in ("reliability", "risk-coverage")
        for task in ("sentiment", "stance")
        for suffix in ("png", "csv")
    }
    assert {path.name for path in directory.iterdir()} == {*names, "mine.txt"}
    for path in directory.glob("*.png"):
        assert path.read_bytes().startswith(PNG)
        assert path.stat().st_size > 5_000
    with (directory / "reliability-stance.csv").open(encoding="utf-8") as stream:
        assert sum(int(line["n"]) for line in csv.DictReader(stream)) == 36
    with (directory / "risk-coverage-stance.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert (len(lines), float(lines[-1]["coverage"])) == (36, 1)


def test_plots_without_matplotlib_name_the_way_out_before_the_model_runs(
    run: Run, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    result = run("evaluate", rows, "--model", "./none", "--plots", "plots")
    assert result.code == 2
    assert 'pip install "tgstance[plots]"' in result.err
    assert not Path("plots").exists()


def test_predictions_hold_every_row(run: Run, rows: str, model: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "predictions.jsonl"
    options = ["evaluate", rows, "--model", model, "--predictions", str(path), "--json"]
    measured = json.loads(run(*options).out)
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(written) == 48
    stances = [row for row in written if row["task"] == "stance"]
    right = sum(row["right"] for row in stances) / len(stances)
    assert right == pytest.approx(measured["stance"]["accuracy"])
    for row in written:
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert row["predicted"] == max(row["probabilities"], key=row["probabilities"].get)
        assert row["right"] == (row["predicted"] == row["label"])


def test_labels_of_others_are_mapped(run: Run, model: str, tmp_path: Path) -> None:
    common = {"text": "Трамп", "target": "Трамп", "task": "stance"}
    given = [1, "0", -1, "NONE", "skip"]
    path = write(tmp_path / "theirs.jsonl", [{**common, "label": label} for label in given])
    pairs = ["1=favor", "0=neutral", "-1=against", "skip=unrelated"]
    options = [f"--label={pair}" for pair in pairs]
    measured = json.loads(run("evaluate", path, "--model", model, *options, "--json").out)["stance"]
    support = {label: one["support"] for label, one in measured["classes"].items()}
    assert support == {"against": 1, "neutral": 2, "favor": 1}
    assert measured["left_out"] == {"unrelated": 1}


def test_the_labels_of_a_model_can_be_explained(run: Run, rows: str, model: str) -> None:
    swapped = {"negative": "positive", "neutral": "neutral", "positive": "negative"}
    pairs = [f"--model-label=sentiment_{theirs}={ours}" for theirs, ours in swapped.items()]
    only = write(Path("sentiment.jsonl"), [of_post(post)[0] for post in range(12)])
    options = ["evaluate", only, "--model", model, "--json"]
    plain, turned = (json.loads(run(*options, *more).out)["sentiment"] for more in ([], pairs))
    assert [line[::-1] for line in turned["confusion"]] == plain["confusion"]


@pytest.mark.parametrize(
    ("row", "options", "reason"),
    [
        ({"label": "great"}, [], "line 2: unknown label 'great' for stance"),
        ({"label": "great"}, ["--label", "good=favor"], "--label great=against"),
        ({}, ["--label", "favor"], "'favor' is not THEIRS=OURS"),
        ({}, ["--label", "1=best"], "'best' is none of negative, neutral, positive"),
        ({}, ["--label", "1=favor", "--label", "1=neutral"], "'1' is given two meanings"),
        ({}, ["--model-label", "1"], "'1' is not THEIRS=OURS"),
        ({}, ["--abstain-below", "2"], "--abstain-below"),
        ({}, ["--predictions", "bad.jsonl"], "bad.jsonl would overwrite the rows"),
        ({}, ["--baseline-train", "few.jsonl"], "too few rows of stance"),
        ({}, ["--abstain-below", "nan"], "'nan' is not a number to compute with"),
        ({"target": None}, [], "line 2: a row about a target needs a target"),
    ],
)
def test_what_is_wrong_is_named(
    run: Run, model: str, row: dict[str, Any], options: list[str], reason: str
) -> None:
    good = {"text": "Трамп", "target": "Трамп", "task": "stance", "label": "favor"}
    path = write(Path("bad.jsonl"), [{**good, "label": "neutral"}, {**good, **row}])
    write(Path("few.jsonl"), [{**good, "text": text, "label": label} for text, label in FEW])
    result = run("evaluate", path, "--model", model, *options)
    assert result.code == 2
    assert reason in result.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--predictions", "taken"], "taken is a directory: name a file"),
        (["--predictions", "rows.jsonl/new/p.jsonl"], "rows.jsonl/new cannot be written"),
        (["--plots", "rows.jsonl"], "--plots: rows.jsonl cannot be written (Not a directory)"),
        (["--plots", "/proc/none"], "--plots: /proc/none cannot be written"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_before_the_model_runs(
    run: Run, rows: str, options: list[str], reason: str
) -> None:
    Path("taken").mkdir()
    result = run("evaluate", rows, "--model", "./none", *options)
    assert result.code == 2
    assert reason in result.err
    assert {path.name for path in Path.cwd().iterdir()} == {"taken", "rows.jsonl"}


def test_a_task_that_the_model_cannot_do_is_skipped(run: Run, rows: str, tmp_path: Path) -> None:
    options = ["--model", untrained(tmp_path / "moods", "sentiment"), "--json"]
    result = run("evaluate", rows, *options)
    assert result.code == 0, result.err
    assert "the 36 rows of stance are skipped: model" in result.err
    measured = json.loads(result.out)
    assert measured["sentiment"]["n"] == 12
    assert measured["stance"]["skipped"]["n"] == 36
    assert "moods" in measured["stance"]["skipped"]["reason"]
    stances = write(tmp_path / "stances.jsonl", of_post(0)[1:])
    result = run("evaluate", stances, *options)
    assert result.code == 2
    assert "moods" in result.err


def test_rows_of_the_baseline_that_are_measured_on_are_dropped(
    run: Run, rows: str, model: str
) -> None:
    known = of_post(0) + [{**row, "text": "Иначе"} for row in of_post(1)]
    new = [{**row, "text": f"{row['text']} опять"} for p in range(12) for row in of_post(p, 100)]
    options = ["--baseline-train", write(Path("mixed.jsonl"), [*known, *new]), "--json"]
    result = run("evaluate", rows, "--model", model, *options)
    assert result.code == 0
    assert "6 rows of stance in --baseline-train are dropped: FILE has their" in result.err
    measured = json.loads(result.out)
    assert {task: found["baseline_dropped"] for task, found in measured.items()} == {
        "sentiment": 2,
        "stance": 6,
    }
    assert "tfidf_lr" in measured["stance"]
    alone = run("evaluate", rows, "--model", model, "--baseline-train", rows, "--json")
    assert "tfidf_lr" not in json.loads(alone.out)["stance"]


def test_rows_with_nothing_to_read_are_counted(run: Run, model: str) -> None:
    mood = {"task": "sentiment", "label": "neutral"}
    path = write(Path("a.jsonl"), [{**mood, "text": text} for text in ("Погода", " ")])
    assert "1 rows of sentiment are left out" in run("evaluate", path, "--model", model).out
    measured = json.loads(run("evaluate", path, "--model", model, "--json").out)["sentiment"]
    assert (measured["n"], measured["empty"]) == (1, 1)
    assert measured["intervals"]["macro_f1"] is None
