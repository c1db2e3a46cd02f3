"""Has passages labelled by several processes of this machine, each with a model of its own."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.synchronize import Barrier, Event
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING

import joblib
import torch

from collector.errors import ConfigError, WorkerError
from models.engine.setting import EngineSetting
from models.engine.timings import Timings
from models.labeller import Labeller, Predictions
from models.labelling import Labelling
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

__all__ = ["Workers", "spread"]


def spread(engine: EngineSetting, devices: Sequence[str], workers: int) -> list[EngineSetting]:
    """Return where each of some workers runs its model: on the devices in turn.

    Workers on a CPU share its cores. Raises ConfigError when a device would have no worker.
    """
    if workers < len(devices):
        raise ConfigError(
            f"{len(devices)} devices ({', '.join(devices)}) need as many workers at least, "
            f"not {workers}"
        )
    threads = engine.threads or max(1, joblib.cpu_count() // workers)
    return [
        replace(engine, device=devices[number % len(devices)], threads=threads)
        for number in range(workers)
    ]


class Workers(Labelling):
    """Processes that have loaded a model each, on the engines given; see `spread`.

    All of them are ready when this is made. Raises what `load_classifier` does, and WorkerError
    when a process ends before it is ready. Futures raise WorkerError when one ended later: then
    nothing more can be submitted.
    """

    def __init__(self, name: ModelName, task: str, engines: Sequence[EngineSetting]) -> None:
        self.name = name
        self.task = task
        self.timings = Timings()
        self.at_once = len(engines) + 1
        self._told: SimpleQueue[Timings] = SimpleQueue()
        self._ending = Lock()
        self._asking = ThreadPoolExecutor(self.at_once, "ask")
        spawn = get_context("spawn")  # a forked process could not use a GPU, nor torch's threads
        shared = (spawn.Barrier(len(engines)), spawn.Event())
        self._pool = ProcessPoolExecutor(len(engines), spawn, _begin, shared)
        self._processes: list[BaseProcess] = []
        try:
            self.backend = " and ".join(sorted(set(self._load(engines))))
        except BaseException:
            self._end(at_once=True)
            raise

    def submit(self, passages: Sequence[Passage]) -> Future[Predictions]:
        """Return what a model will say; see `Labelling.submit`."""
        self._add_timings()
        return self._asking.submit(self._ask, passages)

    @property
    def processes(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process in self._processes if process.pid]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes, whatever they are doing where there was an error."""
        self._end(at_once=kind is not None)
        self._add_timings()

    def _load(self, engines: Sequence[EngineSetting]) -> list[str]:
        """Start the processes; return what each of them runs its model on."""
        others = set(active_children())
        with _deaf_to_ctrl_c():
            loading = [
                self._pool.submit(_load, self.name, self.task, engine, first=number == 0)
                for number, engine in enumerate(engines)
            ]
        self._processes = [process for process in active_children() if process not in others]
        try:
            return [future.result() for future in loading]
        except BrokenProcessPool as error:
            raise self._ended() from error

    def _ask(self, passages: Sequence[Passage]) -> Predictions:
        try:
            predictions, timings = self._pool.submit(_label, passages).result()
        except BrokenProcessPool as error:
            raise self._ended() from error
        self._told.put(timings)
        return predictions

    def _add_timings(self) -> None:
        """Add what workers told in this thread, the one that has other timings to add as well."""
        while not self._told.empty():
            self.timings += self._told.get()

    def _end(self, *, at_once: bool) -> None:
        if at_once:
            for process in self._processes:
                process.terminate()
        with self._ending:
            self._pool.shutdown(cancel_futures=True)
        self._asking.shutdown(cancel_futures=True)

    def _ended(self) -> WorkerError:
        """Say that a worker ended, and how; the pool then ends the others by SIGTERM."""
        with self._ending:
            self._pool.shutdown(cancel_futures=True)  # waits for all of them
        codes = {process.exitcode for process in self._processes} - {None, 0, -signal.SIGTERM}
        how = f" ({', '.join(map(_in_words, sorted(filter(None, codes))))})" if codes else ""
        return WorkerError(
            f"a worker process ended before its time{how}, often for lack of memory: what was "
            "scored is kept, run the same again to go on, with fewer workers where memory is short"
        )


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Have processes that are started here leave Ctrl-C to this one, which then ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_words(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


class _Here:
    """What a worker process has; it does one thing at a time."""

    together: Barrier
    prepared: Event
    labeller: Labeller


def _begin(together: Barrier, prepared: Event) -> None:
    _Here.together, _Here.prepared = together, prepared
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no process behind whose parent was killed, waiting for ever with a model in memory."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _load(name: ModelName, task: str, engine: EngineSetting, *, first: bool) -> str:
    """Load the model into this process; return what it runs on.

    The first does so before the others, which then find what it downloaded, exported or measured.
    """
    _Here.together.wait()  # each process is to be given one of these
    if not first:
        _Here.prepared.wait()
    if engine.threads:
        os.environ["RAYON_NUM_THREADS"] = str(engine.threads)  # read when tokenizers first run
        torch.set_num_threads(engine.threads)  # else each process takes all cores
    try:
        _Here.labeller = load_classifier(name, task, engine)
    finally:
        _Here.prepared.set()
    return _Here.labeller.backend


def _label(passages: Sequence[Passage]) -> tuple[Predictions, Timings]:
    """Return what the model says, and where the time went."""
    labeller = _Here.labeller
    labeller.timings = Timings()
    return labeller.predict(passages), labeller.timings
