"""Scores what has no score yet with Ray Data, on this machine or on many."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pyarrow as pa

from collector.archive import Archive
from collector.errors import ModelError, TgstanceError, WorkerError
from models.engine.setting import EngineSetting
from models.engine.timings import Timings
from models.exchange import Told, answer, exchange_in, passages, read_answer, read_asked
from models.keys import target_ids
from models.labeller import Labeller
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage
from models.pending import Place, Unsure, count_unscored, unscored
from models.ray_cluster import share
from models.recording import Pair, Recorder
from models.scoring import asked_about
from models.targets import Target

__all__ = ["RayJob", "RayScoring", "Scorer"]

# How many passages a file holds: what a lost worker has to do again, and sorts by length together.
_FEWEST, _MOST = 64, 1_024
_FILES_PER_WORKER = 8
_URL = "url"
_DYING_AT_ONCE = 8  # workers that end while they start, one after another: then it is no accident


class Scorer:
    """Labels tables of passages with a model that is loaded once: what Ray Data's workers are.

    Raises ModelError where the model of that name is another one than the job's, and what
    `load_classifier` does.
    """

    def __init__(self, name: ModelName, task: str, engine: EngineSetting) -> None:
        self._name = name
        self._task = task
        self._engine = engine
        self._labeller: Labeller | None = None

    def __call__(self, urls: pa.Table) -> pa.Table:
        """Return the answer to the one file of passages that is named."""
        asked = read_asked(urls[_URL][0].as_py())
        labeller = self._labeller = self._labeller or self._load()
        labeller.timings = Timings()
        told = labeller.predict(passages(asked))
        return answer(asked, told, labeller.backend, labeller.timings)

    def _load(self) -> Labeller:
        """Load it for the first table: Ray does not tell the user why a worker cannot be made."""
        here = replace(self._name)  # which does not know its fingerprint yet
        if here.fingerprint != self._name.fingerprint:
            raise ModelError(
                f"model {here.text}: on a machine of the Ray cluster it is another model, or an "
                "incomplete one: copy the same there"
            )
        return load_classifier(here, self._task, self._engine)


@dataclass(frozen=True, slots=True)
class RayJob:
    """What is to be scored: readings for sentiment, mentions of `wanted` for stance.

    Where `unsure` is given, only of what another model was unsure of.
    """

    name: ModelName
    task: str
    wanted: Sequence[Target]
    unsure: Unsure | None = None

    def count(self, archive: Archive) -> int:
        """Return how much that is."""
        with archive.connect() as connection:
            return count_unscored(
                connection, self.task, self.name.fingerprint, self.wanted, self.unsure
            )

    def asked(self, archive: Archive, model: int) -> Iterator[tuple[Pair, Passage]]:
        """Yield what model number `model` is asked, with the ids it is asked under."""
        with archive.connect() as connection:
            ids = target_ids(connection, self.wanted)
            claims = {ids[target] for target in ids if target.is_claim}
            query = unscored(self.task, model, list(ids.values()), Place(), self.unsure)
            for row in connection.execute(query.execution_options(yield_per=256)):
                yield (row.reading_id, row.target_id), asked_about(row, claims)


class RayScoring:
    """Scores archives on a cluster that `models.ray_cluster.connected` is connected to.

    `workers` is how many models are loaded, by default as many as the cluster has room for.
    `exchange` is where passages are put for them: a path that all machines share, a URL of an
    object store, or None for a temporary directory of this machine. `timings` and `backend` tell
    of the job that was done last. Raises what `share` does.
    """

    def __init__(
        self,
        ray: ModuleType,
        engine: EngineSetting,
        *,
        workers: int | None = None,
        exchange: str | None = None,
    ) -> None:
        self.timings = Timings()
        self.backend = ""
        self._ray = ray
        self._share = share(ray, engine, workers)
        self._exchange = exchange

    def score(self, archive: Archive, job: RayJob, on_progress: Callable[[int], None]) -> int:
        """Score what `models.scoring.score` would; return how many scores the archive lacked.

        What comes back is written at once, so an interrupted run goes on where it stopped; what a
        lost worker or machine was asked, Ray asks another. Raises what `load_classifier` does,
        WorkerError when Ray gives up, and what `exchange_in` and `Exchange.write` do.
        """
        self.timings = timings = Timings()
        recorder = Recorder(archive, job.name, job.task)
        backends, done = set(), 0
        with timings.timed("wall"), exchange_in(self._exchange) as exchange:
            with timings.timed("read"):
                asked = job.asked(archive, recorder.model)
                files = exchange.write(asked, rows=self._rows_per_file(job.count(archive)))
            with closing(self._told(job, files)) as answers:
                for told in answers:
                    with timings.timed("write"):
                        done += recorder.write(told.pairs, told.predictions, told.backend)
                    timings += told.timings
                    backends.add(told.backend)
                    on_progress(len(told.pairs))
        self.backend = " and ".join(sorted(backends))
        return done

    def _rows_per_file(self, rows: int) -> int:
        fitting = -(-rows // (self._share.workers * _FILES_PER_WORKER))
        return max(_FEWEST, min(fitting, _MOST))

    def _told(self, job: RayJob, files: Sequence[str]) -> Generator[Told]:
        """Yield what is said of the passages in some files, in any order."""
        if not files:
            return
        try:
            labelled = self._labelled(job, files)
            for table in labelled.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from read_answer(table)
        except Exception as error:  # Ray raises what a worker raised, and kinds of its own
            raise _reason(error) from error

    def _labelled(self, job: RayJob, files: Sequence[str]) -> Any:  # noqa: ANN401 (ray's Dataset)
        """Return the answers to come, a task for each file, which its worker reads itself.

        (`read_parquet` would need processors beside the workers, and wait for them for ever.)
        By Ray Data's defaults, tasks of workers and machines that are lost are done again.
        """
        data, part = self._ray.data, self._share
        context = data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.raise_original_map_exception = True
        context.max_consecutive_actor_init_deaths = _DYING_AT_ONCE
        workers = min(part.workers, len(files))
        urls = data.from_items([{_URL: url} for url in files], override_num_blocks=len(files))
        return urls.map_batches(
            Scorer,
            batch_size=1,
            batch_format="pyarrow",
            fn_constructor_args=(job.name, job.task, part.engine),
            num_cpus=part.cpus,
            num_gpus=part.gpus or None,
            compute=data.ActorPoolStrategy(
                min_size=1,
                max_size=workers,
                initial_size=workers,
                max_tasks_in_flight_per_actor=2,
            ),
        )


def _reason(error: BaseException) -> TgstanceError:
    """Return the error of ours that Ray passes on in errors of its own, or one that tells of it."""
    found: TgstanceError | None = None
    inner: BaseException | None = error
    while inner:
        found = inner if isinstance(inner, TgstanceError) else found
        inner = getattr(inner, "cause", None) or inner.__cause__
    if found:
        return found
    lines = str(error).strip().splitlines() or [""]
    return WorkerError(
        f"Ray gave up ({type(error).__name__}: {lines[0]}): what was scored is kept, run the same "
        "again to go on; -v shows what Ray says"
    )
