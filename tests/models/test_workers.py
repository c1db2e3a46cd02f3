"""Several processes that label: the same as one, and what happens when one of them ends."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from collector.archive import Archive
from collector.errors import ConfigError, ModelError, WorkerError
from models.engine.setting import TORCH_ON_CPU, EngineSetting
from models.labelling import OneProcess
from models.labels import SENTIMENT, STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage
from models.scoring import score
from models.tables import scores
from models.workers import Workers, spread
from tests.models.test_scoring import TARGETS, add_posts, prepare

MakeModel = Callable[..., Path]
PASSAGES = [
    Passage(f"{'Погода ' * (number % 40)}и Трамп номер {number}", "Трамп") for number in range(300)
]


@pytest.fixture
def name(make_model: MakeModel) -> ModelName:
    return ModelName(str(make_model()))


@pytest.fixture
def workers(name: ModelName) -> Iterator[Workers]:
    with Workers(name, STANCE, spread(TORCH_ON_CPU, ["cpu"], 2)) as workers:
        yield workers


def test_cores_are_shared_and_devices_taken_in_turn() -> None:
    on_devices = spread(EngineSetting(threads=3), ["cuda:0", "cuda:1"], 3)
    assert [engine.device for engine in on_devices] == ["cuda:0", "cuda:1", "cuda:0"]
    assert {engine.threads for engine in on_devices} == {3}
    assert [engine.threads for engine in spread(TORCH_ON_CPU, ["cpu"], 1000)] == [1] * 1000
    with pytest.raises(ConfigError, match="2 devices .* not 1"):
        spread(TORCH_ON_CPU, ["cuda:0", "cuda:1"], 1)


@pytest.mark.slow
def test_workers_say_what_one_process_says(name: ModelName, workers: Workers) -> None:
    labeller = load_classifier(name, STANCE)
    expected = labeller.predict(PASSAGES)
    batches = [PASSAGES[start : start + 50] for start in range(0, 300, 50)]
    futures = [workers.submit(batch) for batch in batches]
    told = [future.result() for future in futures]
    probabilities = np.concatenate([batch.probabilities for batch in told])
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-5)
    truncated = np.concatenate([batch.truncated for batch in told])
    assert (truncated == expected.truncated).all()
    assert workers.backend == labeller.backend
    with pytest.raises(ValueError, match="name the target"):
        workers.submit([Passage("Погода")]).result()
    assert len(workers.submit(PASSAGES[:2]).result().truncated) == 2
    workers.__exit__(None, None, None)
    assert workers.timings.passages == len(PASSAGES) + 2
    assert workers.timings.tokens > labeller.timings.tokens
    assert workers.timings.model > 0


def test_a_model_that_cannot_be_loaded_is_the_error_it_always_is(tmp_path: Path) -> None:
    missing = ModelName(str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="nowhere: no such directory"):
        Workers(missing, SENTIMENT, spread(TORCH_ON_CPU, ["cpu"], 1))


@pytest.mark.slow
def test_a_killed_worker_is_one_error_and_what_was_scored_is_kept(
    archive: Archive, tmp_path: Path, workers: Workers, name: ModelName
) -> None:
    add_posts(archive, tmp_path, *(f"Трамп и санкции, раз {number}" for number in range(900)))
    prepare(archive)

    def kill_one(_: int) -> None:
        with suppress(ProcessLookupError):  # a batch came back since
            os.kill(workers.processes[0], signal.SIGKILL)

    with pytest.raises(WorkerError, match=r"SIGKILL.*what was scored is kept") as raised:
        score(archive, workers, TARGETS, kill_one)
    assert raised.value.exit_code == 1
    kept = count(archive)
    assert 0 < kept < 1800
    with OneProcess(load_classifier(name, STANCE)) as again:
        assert score(archive, again, TARGETS, lambda _: None) == 1800 - kept
    assert count(archive) == 1800


def count(archive: Archive) -> int:
    with archive.connect() as connection:
        return connection.scalar(select(func.count()).select_from(scores)) or 0
