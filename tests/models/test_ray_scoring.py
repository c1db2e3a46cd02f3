"""Scoring on Ray: the same as in one process, whatever is lost meanwhile."""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from collector.archive import Archive
from collector.errors import ConfigError, ModelError
from models.engine.setting import TORCH_ON_CPU, EngineSetting
from models.labels import SENTIMENT, STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from models.ray_cluster import connected, share
from models.ray_scoring import RayJob, RayScoring
from models.tables import engines, scores
from tests.models.test_scoring import TARGETS, add_posts, count, prepare, score_with

MakeModel = Callable[..., Path]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def ray() -> Iterator[ModuleType]:
    """A cluster of this machine."""
    with connected(None) as ray:
        yield ray


def told(archive: Archive) -> list[Any]:
    """Return what the archive has of scores, rounded."""
    columns = scores.c
    query = select(
        columns.task,
        columns.target_id,
        columns.reading_id,
        columns.label,
        columns.truncated,
        columns.p_against,
        columns.p_neutral,
    ).order_by(columns.task, columns.target_id, columns.reading_id)
    with archive.connect() as connection:
        return [
            (*row[:5], pytest.approx(row[5], abs=1e-5), pytest.approx(row[6], abs=1e-5))
            for row in connection.execute(query)
        ]


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A cluster of a head and three more nodes of a processor each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's of itself
        from ray.cluster_utils import Cluster  # noqa: PLC0415 (it warns when it is imported)

        cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        try:
            for _ in range(3):
                cluster.add_node(num_cpus=1)
            yield cluster
        finally:
            cluster.shutdown()


def test_a_node_that_is_lost_costs_nothing_but_time(
    cluster: Any, archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    texts = [f"Трамп{' и санкции' * (n % 30)}, {n}" for n in range(4000)]
    add_posts(archive, tmp_path, *texts)
    prepare(archive)
    name = ModelName(str(make_model()))
    steps: list[int] = []

    def lose_one(step: int) -> None:
        if not steps:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        steps.append(step)

    with connected(cluster.address) as ray:
        assert share(ray, TORCH_ON_CPU, None).workers == 4
        scoring = RayScoring(ray, TORCH_ON_CPU)
        assert scoring.score(archive, RayJob(name, SENTIMENT, TARGETS), lose_one) == 4000
        assert len([node for node in ray.nodes() if node["Alive"]]) == 3
    assert len(steps) > 10
    by_ray = told(archive)
    with archive.begin() as connection:
        connection.execute(scores.delete())
    assert score_with(archive, load_classifier(name, SENTIMENT), TARGETS) == 4000
    assert told(archive) == by_ray


def test_a_worker_that_is_killed_costs_nothing_but_time(
    ray: ModuleType, archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, *(f"Погода номер {n}" for n in range(4000)))
    prepare(archive)
    name = ModelName(str(make_model()))
    killed: list[int] = []

    def kill_one(_: int) -> None:
        if not killed:
            killed.append(scorers(os.getpid())[0])
            os.kill(killed[0], signal.SIGKILL)

    scoring = RayScoring(ray, TORCH_ON_CPU, workers=2)
    assert scoring.score(archive, RayJob(name, SENTIMENT, TARGETS), kill_one) == 4000
    assert count(archive, scores) == 4000


def scorers(driver: int) -> list[int]:
    """Return the processes in which a cluster that was started here scores."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_text()
            if "Scorer" in command and driver in ancestors(process):
                found.append(int(process.name))
    return found


def ancestors(process: Path) -> Iterator[int]:
    while process.name != "0":
        parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
        yield int(parent)
        process = process.parent / parent


def test_what_is_wrong_with_a_model_comes_as_it_is(
    ray: ModuleType, archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, "Погода", "Трамп")
    prepare(archive)
    directory = make_model()
    name = ModelName(str(directory))
    job = RayJob(name, SENTIMENT, TARGETS)
    assert len(name.fingerprint) == 16  # of the model as the job means it
    make_model("other").rename(tmp_path / "moved")
    for file in (tmp_path / "moved").iterdir():
        file.replace(directory / file.name)
    scoring = RayScoring(ray, TORCH_ON_CPU, workers=1)
    with pytest.raises(ModelError, match="on a machine of the Ray cluster it is another model"):
        scoring.score(archive, job, lambda _: None)
    with pytest.raises(ConfigError, match="--exchange /dev/null/x: cannot be used"):
        RayScoring(ray, TORCH_ON_CPU, exchange="/dev/null/x").score(archive, job, print)
    with pytest.raises(ConfigError, match="device cuda: the Ray cluster has no GPU"):
        RayScoring(ray, EngineSetting(device="cuda"))


def test_ray_scores_what_one_process_scores(
    ray: ModuleType, archive: Archive, tmp_path: Path, make_model: MakeModel
) -> None:
    add_posts(archive, tmp_path, *(f"Трамп{' и санкции' * (n % 30)}, {n}" for n in range(300)))
    prepare(archive)
    name = ModelName(str(make_model()))
    steps: list[int] = []
    scoring = RayScoring(ray, TORCH_ON_CPU, workers=2, exchange=str(tmp_path / "shared"))
    done = [
        scoring.score(archive, RayJob(name, task, TARGETS), steps.append)
        for task in (SENTIMENT, STANCE)
    ]
    assert done == [300, 590]
    assert sum(steps) == 890
    assert scoring.timings.passages == 590
    assert scoring.timings.wall > scoring.timings.model > 0
    assert scoring.score(archive, RayJob(name, STANCE, TARGETS), steps.append) == 0
    assert list((tmp_path / "shared").iterdir()) == []
    by_ray = told(archive)
    with archive.begin() as connection:
        ran_on = connection.scalars(select(engines.c.description)).all()
        connection.execute(scores.delete())
    plain = [load_classifier(name, task) for task in (SENTIMENT, STANCE)]
    assert ran_on == [plain[0].backend]
    assert sum(score_with(archive, labeller, TARGETS) for labeller in plain) == 890
    assert told(archive) == by_ray
