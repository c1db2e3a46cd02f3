"""A cascade from the configuration to the report, as a user runs it."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import func, select
from transformers import BertConfig, BertForSequenceClassification

from models.cascade import Cascade
from models.embedded_shape import Shape, build_tokenizer
from models.labels import LABELS, SENTIMENT, STANCE, head_label
from models.model_name import ModelName
from models.tables import models, scores
from tests.tgstance.asked import opened
from tgstance.config import Config, load_config

Run = Callable[..., Any]

TEXTS = ("Трамп победил, новость", "Санкции не сработали", "Погода: дождь")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = f'{{ name = "mdeberta-nli", revision = "{COMMIT}" }}'
TARGETS = '[[targets]]\nname = "Трамп"\n\n[[targets]]\nname = "санкции"\n'


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two untrained classifiers, small and larger."""
    directory = tmp_path_factory.mktemp("models")
    tokenizer = build_tokenizer(TEXTS * 3, Shape(vocabulary=200))
    labels = [head_label(task, label) for task in (SENTIMENT, STANCE) for label in LABELS[task]]
    for seed, name in enumerate(("small", "larger")):
        torch.manual_seed(seed)
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
        BertForSequenceClassification(config).save_pretrained(directory / name)
        tokenizer.save_pretrained(directory / name)
    return directory


@pytest.fixture
def escalating(run: Run, pair: Path, posts: Path, tmp_path: Path) -> Run:
    """Return a function that runs the command where small escalates to larger below a threshold."""
    for model in pair.iterdir():
        shutil.copytree(model, tmp_path / model.name)
    configure(1.0)
    assert run("import", str(posts)).code == 0
    return run


def configure(below: float, abstain_below: float = 0) -> None:
    section = 'sentiment = "./small"\nstance = "./small"\nescalate_to = "./larger"\n'
    section += f'escalate_below = {below}\nabstain_below = {abstain_below}\nbackend = "torch"\n'
    Path("tgstance.toml").write_text(f"[models]\n{section}\n{TARGETS}", encoding="utf-8")


def labels_by_model() -> dict[str, int]:
    with opened() as archive, archive.connect() as connection:
        query = select(models.c.name, func.count()).join(scores).group_by(models.c.name)
        return {Path(name).name: count for name, count in connection.execute(query)}


def table(name: str) -> list[dict[str, str]]:
    with Path("reports", name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.every_archive
def test_a_cascade_is_scored_shown_and_reported_like_a_model(escalating: Run) -> None:
    assert "4 posts are new" in escalating("status").out
    result = escalating("score", "--profile")
    assert result.code == 0, result.err
    assert "sentiment, escalated: 4 scored with" in result.err
    assert "stance: 3 labelled with" in result.err
    assert "stance, escalated" in result.out
    assert labels_by_model() == {"small": 7, "larger under 1": 7, "larger": 7}
    status = escalating("status").out
    assert "3 relevant pairs of text and target, 0 of them unscored" in status
    assert "0 texts without a sentiment score" in status
    report = escalating("report", "--period", "all", "--posts", "--format", "csv,html")
    assert report.code == 0, report.err
    assert "scores are missing" not in report.err
    model = load_config(Path("tgstance.toml")).stance_model
    assert {row["model"] for row in table("stance.csv")} == {f"{model.text}@{model.fingerprint}"}
    assert sum(int(row["n_scored"]) for row in table("stance.csv")) == 3
    assert model.fingerprint in Path("reports/report.html").read_text(encoding="utf-8")
    again = escalating("score")
    assert again.code == 0
    assert "sentiment: nothing new to score" in again.err
    assert "stance: nothing new to score" in again.err


def test_another_threshold_only_chooses_among_the_labels_there_are(escalating: Run) -> None:
    assert escalating("score").code == 0
    configure(0.34)
    assert "4 texts without a sentiment score" in escalating("status").out
    result = escalating("score")
    assert result.code == 0, result.err
    assert "scored with" not in result.err
    assert "stance: 3 labelled with" in result.err
    expected = {"small": 7, "larger": 7, "larger under 1": 7, "larger under 0.34": 7}
    assert labels_by_model() == expected


def test_abstention_is_by_the_confidence_of_the_model_that_answers(escalating: Run) -> None:
    assert escalating("score").code == 0
    with opened() as archive, archive.connect() as connection:
        query = (
            select(scores.c.confidence)
            .join(models)
            .where(models.c.name.endswith("larger"), scores.c.task == STANCE)
        )
        confidences = sorted(connection.scalars(query))
    configure(1.0, abstain_below=(confidences[0] + confidences[1]) / 2)
    assert escalating("report", "--period", "all").code == 0
    assert sum(int(row["n_abstained"]) for row in table("stance.csv")) == 1


def test_a_cascade_stands_for_both_tasks_or_for_one(tmp_path: Path) -> None:
    both = configured(tmp_path, f"escalate_to = {HUB}")
    for model in (both.sentiment_model, both.stance_model):
        assert isinstance(model, Cascade)
        assert (model.first, model.below) == (ModelName(), 0.7)
        assert (model.second.kind, model.second.revision) == ("nli", COMMIT)
    one = configured(tmp_path, f"stance = {{ escalate_to = {HUB}, escalate_below = 0.9 }}")
    assert one.sentiment_model == ModelName()
    assert isinstance(one.stance_model, Cascade)
    assert one.stance_model.below == 0.9
    own = configured(
        tmp_path,
        f'stance = {{ escalate_to = {{ name = "minilm-nli", revision = "{COMMIT}" }} }}\n'
        f"sentiment = {{ escalate_below = 0.8 }}\nescalate_to = {HUB}\nescalate_below = 0.6",
    )
    assert isinstance(own.stance_model, Cascade)
    assert isinstance(own.sentiment_model, Cascade)
    assert own.stance_model.text.endswith("MiniLMv2-L6-mnli-xnli under 0.6")
    assert own.sentiment_model.text.endswith("nli-2mil7 under 0.8")


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (f"escalate_to = {HUB}\nescalate_below = 0.2", "models.escalate_below: 0.2 is no confid"),
        (f"escalate_to = {HUB}\nescalate_below = nan", "models.escalate_below: nan is no confid"),
        ("escalate_below = 0.8", "models: escalate_below: there is no larger model"),
        ("stance = { escalate_below = 0.8 }", "stance.escalate_below: there is no larger model"),
        ('escalate_to = "embedded"', "models.escalate_to: embedded would escalate to the same"),
        ('escalate_to = "x"', "models.escalate_to: no model is called 'x'"),
        ('escalate_to = "./none"', "./none: no such directory"),
        ('stance = { escalate_to = "deberta-absa" }', 'escalate_to = { name = "deberta-absa"'),
        (
            f'stance = {{ escalate_to = {{ name = "rubert-sentiment", revision = "{COMMIT}" }} }}',
            "models.stance.escalate_to: rubert-sentiment is no model for stance; there are: ",
        ),
        (
            f"escalate_to = {{ name = 'x/y', escalate_to = {HUB} }}",
            "models.escalate_to.escalate_to: there is no such setting",
        ),
        (
            'escalate_to.hypotheses = { ru = { mood = { positive = "Да.", negative = "Нет." } } }',
            "models: escalate_to: hypotheses are of one task",
        ),
        (
            'stance = { escalate_to = { name = "x/y", hypotheses = { ru = { name = {} } } } }',
            "models.stance: escalate_to.hypotheses.ru.name: needs a sentence for each",
        ),
    ],
)
def test_a_wrong_cascade_is_named_in_one_line(run: Run, section: str, problem: str) -> None:
    Path("tgstance.toml").write_text(f"[models]\n{section}\n\n{TARGETS}", encoding="utf-8")
    result = run("score")
    assert result.code == 2
    assert problem in result.err
    assert result.err.count("\n") == 1


def configured(directory: Path, section: str) -> Config:
    path = directory / "tgstance.toml"
    path.write_text(f"[models]\n{section}\n", encoding="utf-8")
    return load_config(path)
