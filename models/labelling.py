"""Has passages labelled in the background, while others are read and written."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from models.engine.timings import Timings
from models.labeller import Labeller, Predictions
from models.model_name import ModelName
from models.passage import Passage

__all__ = ["Labelling", "OneProcess"]


class Labelling(ABC):
    """Labels passages for one task in the background; a context manager that ends its workers.

    `at_once` is how many batches of passages keep it busy, `backend` what the model runs on,
    `timings` what has been done so far.
    """

    name: ModelName
    task: str
    backend: str
    at_once: int
    timings: Timings

    @abstractmethod
    def submit(self, passages: Sequence[Passage]) -> Future[Predictions]:
        """Return what will be said of passages; batches are done in the order given.

        The future raises what `Labeller.predict` does.
        """

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the workers; what is not begun is not done any more."""


class OneProcess(Labelling):
    """A model in this process: the next batch is tokenised while the model reads one."""

    at_once = 2

    def __init__(self, labeller: Labeller) -> None:
        self.name = labeller.name
        self.task = labeller.task
        self.backend = labeller.backend
        self.timings = labeller.timings
        self._labeller = labeller
        self._tokenising = ThreadPoolExecutor(1, "tokenise")
        self._modelling = ThreadPoolExecutor(1, "model")

    def submit(self, passages: Sequence[Passage]) -> Future[Predictions]:
        """Return what the model will say; see `Labelling.submit`."""
        asked = self._tokenising.submit(self._labeller.encode, passages)
        return self._modelling.submit(lambda: self._labeller.label(asked.result()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End both threads, at once where an error or an interrupt is the reason."""
        if kind is not None:
            self._labeller.stop()
        for pool in (self._tokenising, self._modelling):
            pool.shutdown(cancel_futures=True)
