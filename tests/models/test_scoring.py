"""Scoring an archive: what is scored, once, and what happens when it is cut short."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import func, select

from collector.archive import Archive
from collector.importing import import_file
from models.engine.opening import open_forward
from models.engine.setting import TORCH_ON_CPU
from models.labeller import Asked, Labeller, Predictions
from models.labelling import OneProcess
from models.labels import SENTIMENT, STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from models.nli import NliClassifier
from models.passage import Passage
from models.pending import count_relevant, count_unread, count_unscored
from models.preparing import find_mentions, store_readings
from models.scoring import score
from models.tables import engines, mentions, readings, scores
from models.targets import Target

pytestmark = pytest.mark.every_archive

TRUMP, SANCTIONS = Target("Трамп"), Target("санкции", ("санкції",))
TARGETS = (TRUMP, SANCTIONS)
MakeModel = Callable[..., Path]


def add_posts(archive: Archive, tmp_path: Path, *texts: str, first: int = 1) -> None:
    rows = [
        {
            "channel": "news",
            "message_id": first + number,
            "date": "2025-11-05T10:00:00Z",
            "text": text,
        }
        for number, text in enumerate(texts)
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    problems: list[Any] = []
    import_file(archive, path, on_problem=problems.append)
    assert not problems


def prepare(archive: Archive, *targets: Target) -> None:
    store_readings(archive)
    find_mentions(archive, targets or TARGETS)


def count(archive: Archive, table: Any) -> int:
    with archive.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def score_with(
    archive: Archive,
    labeller: Labeller,
    targets: Sequence[Target],
    on_progress: Callable[[int], None] = lambda _: None,
) -> int:
    with OneProcess(labeller) as labelling:
        return score(archive, labelling, targets, on_progress)


def score_all(archive: Archive, directory: Path, *targets: Target) -> tuple[int, int]:
    name = ModelName(str(directory))
    steps: list[int] = []
    mood, stance = (
        score_with(archive, load_classifier(name, task), targets or TARGETS, steps.append)
        for task in (SENTIMENT, STANCE)
    )
    assert sum(steps) == mood + stance
    return mood, stance


def test_only_relevant_pairs_and_distinct_texts_are_scored(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    texts = ["Трамп против санкций", "Погода", "Трамп против санкций", "", "Санкції!"]
    add_posts(archive, tmp_path, *texts)
    prepare(archive)
    assert score_all(archive, make_model()) == (3, 3)
    assert score_all(archive, make_model()) == (0, 0)


def test_texts_that_read_the_same_share_a_score(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, "**Погода** https://a.example", "Погода https://b.example/2")
    prepare(archive)
    assert score_all(archive, make_model()) == (1, 0)


def test_a_changed_model_scores_again_and_an_unchanged_one_never(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, "Трамп", "Погода")
    prepare(archive)
    first, second = make_model("first"), make_model("second")
    assert score_all(archive, first) == (2, 1)
    assert score_all(archive, second) == (2, 1)
    assert score_all(archive, first) == (0, 0)
    assert count(archive, scores) == 6


def test_new_posts_and_new_targets_are_found_later(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    model = make_model()
    add_posts(archive, tmp_path, "Трамп и санкции")
    prepare(archive, TRUMP)
    assert score_all(archive, model, TRUMP) == (1, 1)
    add_posts(archive, tmp_path, "Санкции сняты", first=2)
    prepare(archive)
    assert score_all(archive, model) == (1, 2)
    with archive.connect() as connection:
        assert count_relevant(connection, TARGETS) == 3
        assert count_unread(connection) == 0
        assert count_unscored(connection, STANCE, ModelName(str(model)).fingerprint, TARGETS) == 0
        assert count_unscored(connection, STANCE, "another model", TARGETS) == 3


def test_an_edited_post_is_read_and_scored_again(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    model = make_model()
    add_posts(archive, tmp_path, "Погода")
    prepare(archive)
    score_all(archive, model)
    add_posts(archive, tmp_path, "Погода. Исправлено: Трамп")
    prepare(archive)
    assert score_all(archive, model) == (1, 1)
    other = make_model("other")
    assert score_all(archive, other) == (1, 1)  # what the post said before is not scored again


def test_an_interrupted_run_keeps_its_batches_and_goes_on(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, *(f"Погода номер {number}" for number in range(1500)))
    prepare(archive)
    name = ModelName(str(make_model()))

    def stop_after_second(_: int) -> None:
        if count(archive, scores) >= 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_with(archive, load_classifier(name, SENTIMENT), TARGETS, stop_after_second)
    kept = count(archive, scores)
    assert 1000 <= kept < 1500
    assert score_with(archive, load_classifier(name, SENTIMENT), TARGETS) == 1500 - kept
    assert count(archive, scores) == count(archive, readings) == 1500


def test_many_targets_across_batches_are_each_scored_once(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, *(f"Трамп и санкции, раз {number}" for number in range(700)))
    prepare(archive)
    assert count(archive, mentions) == 1400
    assert score_all(archive, make_model())[1] == 1400


def test_scores_hold_label_confidence_and_probabilities(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, "Трамп " + "погода " * 300)
    prepare(archive)
    score_all(archive, make_model())
    with archive.connect() as connection:
        row = connection.execute(select(scores).where(scores.c.task == STANCE)).one()
    columns = {"against": row.p_against, "neutral": row.p_neutral, "favor": row.p_favor}
    assert sum(columns.values()) == pytest.approx(1, abs=1e-5)
    assert row.confidence == max(columns.values()) == columns[row.label]
    assert row.truncated


def test_what_the_model_ran_on_is_noted_with_each_score(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, "Трамп", "Погода")
    prepare(archive)
    score_all(archive, make_model())
    with archive.connect() as connection:
        ran_on = connection.execute(
            select(engines.c.description).join(scores, scores.c.engine_id == engines.c.id)
        ).scalars()
        assert list(ran_on) == [f"torch {torch.__version__} fp32 on cpu"] * 3


class _Keeping(NliClassifier):
    """Remembers what it was asked."""

    asked: list[Passage]

    def label(self, asked: Asked) -> Predictions:
        self.asked = list(asked.passages)
        return super().label(asked)


def test_an_nli_model_is_told_the_language_and_what_is_a_claim(
    archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    claim = Target("Трамп снимет санкции", requires=(("Трамп",), ("санкции",)))
    texts = ["Трамп никогда не снимет эти санкции", "Трамп сьогодні щось пообіцяв виборцям"]
    add_posts(archive, tmp_path, *texts)
    prepare(archive, TRUMP, claim)
    directory = make_model(labels=("entailment", "neutral", "contradiction"))
    name = ModelName(str(directory), kind="nli")
    model = _Keeping(open_forward(name, TORCH_ON_CPU), STANCE, name=name)
    assert score_with(archive, model, (TRUMP, claim)) == 3
    told = {(passage.target, passage.claim, passage.language) for passage in model.asked}
    assert told == {
        ("Трамп", False, "ru"),
        ("Трамп снимет санкции", True, "ru"),
        ("Трамп", False, "uk"),
    }
    assert score_with(archive, load_classifier(name, STANCE), (TRUMP, claim)) == 0
    assert score_with(archive, load_classifier(name, SENTIMENT), ()) == 2
