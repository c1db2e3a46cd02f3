"""tgstance evaluate --cascade from end to end, with two models trained on the spot."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForSequenceClassification

from models.embedded_shape import Shape, build_tokenizer
from models.labels import LABELS, SENTIMENT, head_label

Run = Callable[..., Any]

PNG = b"\x89PNG\r\n\x1a\n"
WORDS = {"плохо": 0, "позор": 0, "погода": 1, "ура": 2, "хорошо": 2}  # columns of the labels
PUZZLING = ("позор", "ура")
ROWS = [(f"{word} {number}", column) for number in range(10) for word, column in WORDS.items()]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that learnt to be unsure of two of the words."""
    known = torch.tensor([text.split()[0] not in PUZZLING for text, _ in ROWS])
    wanted = torch.where(known[:, None], truth(), torch.full((len(ROWS), 3), 1 / 3))
    return trained(tmp_path_factory.mktemp("small"), wanted)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that knows all the words."""
    return trained(tmp_path_factory.mktemp("larger"), truth())


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: several wait for each other longer than so small a step takes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def truth() -> torch.Tensor:
    return torch.eye(3)[[column for _, column in ROWS]]


def trained(directory: Path, wanted: torch.Tensor) -> str:
    """Train a model to give the rows these probabilities, (rows, 3)."""
    texts = [text for text, _ in ROWS]
    tokenizer = build_tokenizer(texts * 3, Shape(vocabulary=200))
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        hidden_dropout_prob=0,
        attention_probs_dropout_prob=0,
        initializer_range=0.3,
        pad_token_id=0,
        id2label=dict(enumerate(head_label(SENTIMENT, label) for label in LABELS[SENTIMENT])),
    )
    model = BertForSequenceClassification(config)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with one_thread():
        for _ in range(60):  # by hand: importing torch.optim takes longer than all of it
            cross_entropy(model(**batch).logits, wanted).backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.grad is not None:
                        parameter.sub_(0.2 * parameter.grad)
                        parameter.grad = None
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return str(directory)


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    rows = [
        {"task": SENTIMENT, "text": text, "label": LABELS[SENTIMENT][column]}
        for text, column in ROWS
    ]
    return write(tmp_path / "rows.jsonl", rows)


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def test_the_curve_rises_from_the_first_to_the_second(
    run: Run, labelled: str, small: str, larger: str
) -> None:
    options = ["evaluate", labelled, "--model", small, "--cascade", larger]
    shown, printed = run(*options), run(*options, "--json")
    assert (shown.code, printed.code) == (0, 0), shown.err
    measured = json.loads(printed.out)[SENTIMENT]
    curve = measured["cascade"]
    alone = json.loads(run("evaluate", labelled, "--model", larger, "--json").out)[SENTIMENT]
    assert curve["second"] == larger
    first, *middle, last = curve["points"]
    for end, whole in ((first, measured), (last, alone)):
        assert end["accuracy"] == whole["accuracy"]
        assert end["macro_f1"] == pytest.approx(whole["macro_f1"])
        assert end["intervals"]["macro_f1"] == whole["intervals"]["macro_f1"]
    assert first["accuracy"] < 0.9
    assert last["accuracy"] == 1
    half = next(point for point in middle if point["share"] >= 0.4)
    assert half["accuracy"] == 1  # the two words are a share of 0.4
    assert half["share"] < 0.7
    for point in middle:
        assert f"{point['below']:.9g}" in shown.out
        assert f"{100 * point['macro_f1']:.1f}" in shown.out
    assert "escalate below" in shown.out


def test_the_curve_is_drawn_beside_its_numbers(
    run: Run, labelled: str, small: str, larger: str, tmp_path: Path
) -> None:
    options = ["--cascade", larger, "--plots", str(tmp_path / "plots"), "--json"]
    result = run("evaluate", labelled, "--model", small, *options)
    assert result.code == 0, result.err
    assert (tmp_path / "plots" / "cascade-sentiment.png").read_bytes().startswith(PNG)
    with (tmp_path / "plots" / "cascade-sentiment.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    points = json.loads(result.out)[SENTIMENT]["cascade"]["points"]
    assert [float(line["share"]) for line in lines] == pytest.approx(
        [point["share"] for point in points]
    )
    assert (lines[-1]["escalate_below"], lines[-1]["share"]) == ("", "1")


def test_a_task_that_the_second_cannot_do_has_no_curve(
    run: Run, small: str, larger: str, labelled: str, tmp_path: Path
) -> None:
    stance = {"task": "stance", "text": "НАТО: ура", "target": "НАТО", "label": "favor"}
    rows = [json.loads(line) for line in Path(labelled).read_text(encoding="utf-8").splitlines()]
    mixed, only = write(tmp_path / "mixed.jsonl", [*rows, stance]), write(Path("o.jsonl"), [stance])
    options = ["--cascade", larger, "--json"]
    result = run("evaluate", mixed, *options)
    assert result.code == 0, result.err
    assert "the 1 rows of stance have no cascade: model" in result.err
    measured = json.loads(result.out)
    assert larger in measured["stance"]["cascade"]["skipped"]["reason"]
    assert measured[SENTIMENT]["cascade"]["n"] == len(ROWS)
    result = run("evaluate", only, *options)
    assert result.code == 2
    assert larger in result.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--cascade", "embedded"], "embedded would escalate to the same model"),
        (["--cascade-revision", "abc"], "--cascade-revision is about a second model: name it"),
        (["--cascade-label", "a=favor"], "--cascade-label is about a second model: name it"),
        (["--cascade", "./none"], "./none: no such directory"),
        (["--cascade", "nothing"], "no model is called 'nothing'"),
    ],
)
def test_what_is_wrong_is_named_before_a_model_runs(
    run: Run, labelled: str, options: list[str], reason: str
) -> None:
    result = run("evaluate", labelled, *options)
    assert result.code == 2
    assert reason in result.err
    assert result.err.count("\n") == 1
