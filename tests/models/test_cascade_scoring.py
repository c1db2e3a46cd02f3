"""A cascade in an archive: who labels what, once, and what happens when it is cut short."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import Row, select

from collector.archive import Archive
from collector.errors import ConfigError
from collector.importing import import_file
from models import composing
from models.cascade import BELOW, Cascade
from models.classifier import Classifier
from models.composing import compose, unsure_of
from models.engine.opening import open_forward
from models.engine.setting import TORCH_ON_CPU
from models.keys import model_id
from models.labeller import Asked, Predictions
from models.labelling import OneProcess
from models.labels import SENTIMENT, STANCE
from models.model_name import ModelName
from models.pending import count_unscored
from models.preparing import find_mentions, store_readings
from models.scoring import score
from models.tables import engines, scores
from models.targets import Target

TARGETS = (Target("Трамп"), Target("НАТО"))
POSTS = [
    f"{who} {what} {number}"
    for number in range(20)
    for who in ("Трамп", "НАТО", "Трамп и НАТО", "погода")
    for what in ("победил", "не работают", "the president")
]
PAIRS = 20 * 3 * 4  # of a text and a target


class Counting(Classifier):
    """Counts what it is asked."""

    asked = 0

    def label(self, asked: Asked) -> Predictions:
        self.asked += len(asked.passages)
        return super().label(asked)


@dataclass
class Scorer:
    """Scores an archive with a cascade of two models that count what they are asked."""

    archive: Archive
    first: Counting
    second: Counting
    task: str = STANCE

    def run(
        self, cascade: Cascade, stop: Callable[[str], None] = lambda _stage: None
    ) -> tuple[int, int, int]:
        """Return how many each model labelled, and how many scores the cascade got."""
        before = self.first.asked, self.second.asked
        for stage, model, unsure in (
            ("first", self.first, None),
            ("second", self.second, unsure_of(cascade)),
        ):
            with OneProcess(model) as labelling:
                score(self.archive, labelling, TARGETS, lambda _: stop(stage), unsure=unsure)  # noqa: B023 (used at once)
        composed = compose(self.archive, cascade, self.task, TARGETS, lambda _: stop("compose"))
        return self.first.asked - before[0], self.second.asked - before[1], composed


def add_posts(archive: Archive, directory: Path, *texts: str, first: int = 1) -> None:
    common = {"channel": "news", "date": "2025-11-05T10:00:00Z"}
    rows = [{**common, "message_id": first + n, "text": text} for n, text in enumerate(texts)]
    path = directory / "posts.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    import_file(archive, path, on_problem=pytest.fail)
    store_readings(archive)
    find_mentions(archive, TARGETS)


def counting(directory: Path, task: str) -> Counting:
    name = ModelName(str(directory))
    return Counting(open_forward(name, TORCH_ON_CPU), task, name=name)


@pytest.fixture
def scorer(archive: Archive, tmp_path: Path, make_model: Callable[..., Path]) -> Scorer:
    add_posts(archive, tmp_path, *POSTS)
    first, second = (counting(make_model(name), STANCE) for name in ("small", "larger"))
    return Scorer(archive, first, second)


def rows_of(archive: Archive, fingerprint: str, task: str = STANCE) -> dict[Any, Row[Any]]:
    with archive.connect() as connection:
        query = (
            select(scores, engines.c.model_id.label("answered"))
            .join(engines, engines.c.id == scores.c.engine_id)
            .where(scores.c.model_id == model_id(connection, fingerprint), scores.c.task == task)
        )
        return {(row.target_id, row.reading_id): row for row in connection.execute(query)}


def answers(rows: dict[Any, Row[Any]]) -> dict[Any, tuple[Any, ...]]:
    return {pair: tuple(row)[4:10] for pair, row in rows.items()}


@pytest.fixture
def cascade(scorer: Scorer) -> Cascade:
    """A cascade of the two whose threshold is the median confidence of the first."""
    with OneProcess(scorer.first) as labelling:
        score(scorer.archive, labelling, TARGETS, lambda _: None)
    found = rows_of(scorer.archive, scorer.first.name.fingerprint)
    middle = median(row.confidence for row in found.values())
    return Cascade(scorer.first.name, scorer.second.name, middle)


def test_what_the_first_is_unsure_of_is_labelled_by_the_second(
    scorer: Scorer, cascade: Cascade
) -> None:
    _, second, composed = scorer.run(cascade)
    assert composed == PAIRS
    assert 0 < second < PAIRS
    first, larger, both = (
        rows_of(scorer.archive, model.fingerprint)
        for model in (cascade.first, cascade.second, cascade)
    )
    unsure = {pair for pair, row in first.items() if row.confidence < cascade.below}
    assert set(larger) == unsure
    assert second == len(unsure)
    expected = {pair: larger[pair] if pair in unsure else first[pair] for pair in first}
    assert answers(both) == answers(expected)
    assert {pair: row.answered for pair, row in both.items()} == {
        pair: row.model_id for pair, row in expected.items()
    }


def test_nothing_is_done_twice(scorer: Scorer, cascade: Cascade) -> None:
    scorer.run(cascade)
    assert scorer.run(cascade) == (0, 0, 0)
    with scorer.archive.connect() as connection:
        assert count_unscored(connection, STANCE, cascade.fingerprint, TARGETS) == 0
        assert count_unscored(connection, STANCE, "another", TARGETS) == PAIRS


def test_a_changed_threshold_computes_only_the_difference(scorer: Scorer, cascade: Cascade) -> None:
    confidences = sorted(
        row.confidence for row in rows_of(scorer.archive, cascade.first.fingerprint).values()
    )
    low, high = (replace(cascade, below=confidences[index]) for index in (60, 180))
    lowest = sum(one < low.below for one in confidences)
    highest = sum(one < high.below for one in confidences)
    assert scorer.run(low) == (0, lowest, PAIRS)
    assert scorer.run(high) == (0, highest - lowest, PAIRS)
    assert scorer.run(cascade) == (0, 0, PAIRS)


def test_a_threshold_gives_the_same_whatever_was_scored_before(
    scorer: Scorer, cascade: Cascade
) -> None:
    scorer.run(cascade)
    alone = answers(rows_of(scorer.archive, cascade.fingerprint))
    everything, lower = replace(cascade, below=1.0), replace(cascade, below=cascade.below - 1e-12)
    scorer.run(everything)
    scorer.run(lower)
    assert answers(rows_of(scorer.archive, lower.fingerprint)) == alone
    assert answers(rows_of(scorer.archive, everything.fingerprint)) != alone


def test_what_waits_for_the_second_has_no_label_yet(scorer: Scorer, cascade: Cascade) -> None:
    sure = compose(scorer.archive, cascade, STANCE, TARGETS)
    assert 0 < sure < PAIRS
    with scorer.archive.connect() as connection:
        waiting = count_unscored(connection, STANCE, cascade.fingerprint, TARGETS)
        escalated = count_unscored(
            connection, STANCE, cascade.second.fingerprint, TARGETS, unsure_of(cascade)
        )
    assert waiting == escalated == PAIRS - sure


def test_only_new_and_edited_posts_go_through(
    scorer: Scorer, cascade: Cascade, tmp_path: Path
) -> None:
    everything = replace(cascade, below=1.0)
    scorer.run(everything)
    add_posts(scorer.archive, tmp_path, "Трамп вернулся", first=1000)
    assert scorer.run(everything) == (1, 1, 1)
    add_posts(scorer.archive, tmp_path, "НАТО и Трамп вернулись", first=1000)
    assert scorer.run(everything) == (2, 2, 2)


def test_what_an_edited_post_said_before_is_not_escalated(
    scorer: Scorer, cascade: Cascade, tmp_path: Path
) -> None:
    everything = replace(cascade, below=1.0)
    add_posts(scorer.archive, tmp_path, "Трамп ушёл", first=1000)
    with OneProcess(scorer.first) as labelling:
        score(scorer.archive, labelling, TARGETS, lambda _: None)
    add_posts(scorer.archive, tmp_path, "Трамп ушёл и вернулся", first=1000)
    assert scorer.run(everything) == (1, PAIRS + 1, PAIRS + 1)
    with scorer.archive.connect() as connection:
        assert count_unscored(connection, STANCE, everything.fingerprint, TARGETS) == 0


def test_sentiment_is_escalated_too(
    archive: Archive, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    add_posts(archive, tmp_path, *POSTS)
    first, second = (counting(make_model(name), SENTIMENT) for name in ("small", "larger"))
    scorer = Scorer(archive, first, second, task=SENTIMENT)
    everything = Cascade(first.name, second.name, 1.0)
    assert scorer.run(everything) == (len(POSTS), len(POSTS), len(POSTS))
    both, larger = (
        rows_of(archive, fingerprint, SENTIMENT)
        for fingerprint in (everything.fingerprint, second.name.fingerprint)
    )
    assert answers(both) == answers(larger)


@pytest.mark.parametrize("stage", ["first", "second", "compose"])
def test_an_interrupted_run_goes_on_where_it_stopped(
    scorer: Scorer, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "_READINGS_AT_ONCE", 100)
    texts = [f"{text} снова" for text in POSTS]
    texts += [f"{text} и опять" for text in POSTS]
    add_posts(scorer.archive, tmp_path, *texts, first=1000)  # more than a batch
    everything = Cascade(scorer.first.name, scorer.second.name, 1.0)
    stops: Iterator[str] = iter([stage])

    def stop(reached: str) -> None:
        if reached == stage and next(stops, None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scorer.run(everything, stop)
    kept = [len(rows_of(scorer.archive, model.fingerprint)) for model in _parts(everything)]
    done = ["first", "second", "compose"].index(stage)
    assert kept[:done] == [3 * PAIRS] * done
    assert 0 < kept[done] < 3 * PAIRS
    assert kept[done + 1 :] == [0] * (2 - done)
    left = tuple(3 * PAIRS - count for count in kept)
    models = [counting(Path(name.text), STANCE) for name in (everything.first, everything.second)]
    again = Scorer(scorer.archive, *models)  # another process would load them anew, too
    assert again.run(everything) == left
    assert again.run(everything) == (0, 0, 0)


def _parts(cascade: Cascade) -> tuple[ModelName | Cascade, ...]:
    return cascade.first, cascade.second, cascade


def test_a_cascade_is_another_model_with_another_part_or_threshold(
    make_model: Callable[..., Path],
) -> None:
    small, larger = (ModelName(str(make_model(name))) for name in ("small", "larger"))
    hub = ModelName("owner/model", "0" * 40)
    cascades = [
        Cascade(small, larger),
        Cascade(larger, small),
        Cascade(small, larger, 0.71),
        Cascade(small, hub),
    ]
    fingerprints = {cascade.fingerprint for cascade in cascades}
    assert len(fingerprints) == len(cascades)
    assert fingerprints.isdisjoint({small.fingerprint, larger.fingerprint, hub.fingerprint})
    assert Cascade(small, larger, BELOW).fingerprint == cascades[0].fingerprint
    assert Cascade(ModelName(), hub).text == "embedded, then owner/model under 0.7"
    assert Cascade(ModelName(), hub).revision == "0" * 40
    assert cascades[0].revision is None


@pytest.mark.parametrize("below", [0, 1 / 3, 1.01, -1, float("nan")])
def test_a_threshold_that_divides_nothing_is_refused(below: float) -> None:
    with pytest.raises(ConfigError, match="is no confidence to escalate below"):
        Cascade(ModelName(), ModelName("owner/model", "0" * 40), below)


def test_a_model_does_not_escalate_to_itself(make_model: Callable[..., Path]) -> None:
    small = make_model("small")
    copy = small.rename(small.with_name("copy"))
    make_model("small")
    with pytest.raises(ConfigError, match="small would escalate to the same model"):
        Cascade(ModelName(str(small)), ModelName(str(copy)))
