"""Compares the ways to score with several processes of one machine: --workers, and Ray.

    python benchmarks/scoring/several_processes.py [--workers 4] [--posts FILE]

The same archive of real posts, their sentiment, and the embedded model in torch, with one thread
for each worker. In one of Ray's rows a worker is killed (SIGKILL) as the first scores are written.
The start is that of the processes or the cluster; in Ray's rows, loading the model is part of
scoring. `missing` counts texts without a score afterwards. (It is not called ray.py: Python would
then take it for Ray.)
"""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from material import POSTS
from sqlalchemy import delete, func, select

from collector.archive import COLLECTOR, Archive, open_archive
from collector.importing import import_file
from models.engine.setting import TORCH_ON_CPU, EngineSetting
from models.labelling import OneProcess
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.pending import count_unscored
from models.preparing import store_readings
from models.ray_cluster import connected
from models.ray_scoring import RayJob, RayScoring
from models.scoring import score
from models.tables import MODELS, scores
from models.workers import Workers, spread

ROW = "| {:<28} | {:>8} | {:>10} | {:>8} | {:>20} | {:>8} |"
EMBEDDED = ModelName()
Score = Callable[[Callable[[int], None]], int]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    if not options.posts.exists():
        raise SystemExit(f"{options.posts} is not here: name a file of posts with --posts")
    with (
        tempfile.TemporaryDirectory() as directory,
        open_archive(Path(directory) / "archive.db", [COLLECTOR, MODELS]) as archive,
    ):
        import_file(archive, options.posts, on_problem=print)
        print(f"{store_readings(archive)} texts, {os.cpu_count()} processors")
        compare(archive, options.workers)


def compare(archive: Archive, workers: int) -> None:
    """Time every way."""
    heads = ("", "start s", "scoring s", "texts/s", "seconds / --workers", "missing")
    print(ROW.format(*heads))
    print(ROW.format("---", *["--:"] * 5), flush=True)
    one = EngineSetting(backend="torch", device="cpu", threads=1)
    with one_process(archive) as way:
        timed(archive, "one process, all processors", way)
    with processes(archive, one, workers) as way:
        plain = timed(archive, f"--workers {workers}", way)
    with ray(archive, one, workers) as way:
        timed(archive, f"Ray, {workers} workers", way, beside=plain)
    with ray(archive, one, workers) as way:
        timed(archive, f"Ray, {workers} workers, 1 killed", way, beside=plain, kill=True)


def timed(
    archive: Archive,
    name: str,
    way: tuple[float, Score],
    *,
    beside: float | None = None,
    kill: bool = False,
) -> float:
    """Score everything and print a row; return the seconds of scoring."""
    start, run = way
    with archive.begin() as connection:
        connection.execute(delete(scores))
    steps: list[int] = []

    def advance(step: int) -> None:
        if kill and not steps:
            os.kill(ray_worker(), signal.SIGKILL)
        steps.append(step)

    started = time.perf_counter()
    done = run(advance)
    seconds = time.perf_counter() - started
    with archive.connect() as connection:
        kept = connection.scalar(select(func.count()).select_from(scores))
        missing = count_unscored(connection, SENTIMENT, EMBEDDED.fingerprint, ())
    if kept != done:
        raise SystemExit(f"{name}: {done} scores were written, {kept} are there")
    ratio = f"{seconds / beside:.2f}" if beside else ""
    figures = (f"{start:.1f}", f"{seconds:.1f}", f"{done / seconds:,.0f}", ratio, missing)
    print(ROW.format(name, *figures), flush=True)
    return seconds


@contextmanager
def one_process(archive: Archive) -> Iterator[tuple[float, Score]]:
    """Score as tgstance score does without options."""
    started = time.perf_counter()
    with OneProcess(load_classifier(EMBEDDED, SENTIMENT, TORCH_ON_CPU)) as labelling:
        took = time.perf_counter() - started
        yield took, lambda advance: score(archive, labelling, (), advance)


@contextmanager
def processes(archive: Archive, engine: EngineSetting, count: int) -> Iterator[tuple[float, Score]]:
    """Score as --workers does."""
    started = time.perf_counter()
    with Workers(EMBEDDED, SENTIMENT, spread(engine, ["cpu"], count)) as labelling:
        took = time.perf_counter() - started
        yield took, lambda advance: score(archive, labelling, (), advance)


@contextmanager
def ray(archive: Archive, engine: EngineSetting, count: int) -> Iterator[tuple[float, Score]]:
    """Score as --engine ray does, on a cluster of this machine that has room for the workers."""
    started = time.perf_counter()
    with connected(None, processors=count) as cluster:
        scoring = RayScoring(cluster, engine, workers=count)
        job = RayJob(EMBEDDED, SENTIMENT, ())
        took = time.perf_counter() - started
        yield took, lambda advance: scoring.score(archive, job, advance)


def ray_worker() -> int:
    """Return a process in which Ray scores."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_text()
            if command.startswith("ray::") and "Scorer" in command:
                return int(process.name)
    raise SystemExit("no worker of Ray is there")


if __name__ == "__main__":
    main()
