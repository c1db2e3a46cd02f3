"""Scores what has no score yet: the sentiment of texts, and their stance toward targets."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from collector.archive import Archive
from models.keys import target_ids
from models.labeller import Predictions
from models.labelling import Labelling
from models.passage import Passage
from models.pending import Place, Unsure, unscored
from models.recording import Recorder
from models.tables import NO_TARGET
from models.targets import Target

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["asked_about", "score"]

# How many passages are sorted by length together, and what a killed job loses: some seconds' work.
_FEWEST, _MOST = 64, 8_192
_SECONDS = 16.0
_CHARACTERS = 4_000_000  # of a batch, so that long texts do not fill the memory

_Rows = Sequence[Row[Any, Any]]


def score(
    archive: Archive,
    labelling: Labelling,
    wanted: Sequence[Target],
    on_progress: Callable[[int], None],
    *,
    unsure: Unsure | None = None,
) -> int:
    """Score all readings for sentiment, or all mentions of `wanted` for stance; return how many.

    Where `unsure` is given, only of what another model was unsure of.
    Each batch is one transaction, so an interrupted run goes on where it stopped; batches are read
    and written while the model reads others. `on_progress` is called after each with the number of
    scores it added.
    """
    with archive.begin() as connection:
        ids = target_ids(connection, wanted)
    recorder = Recorder(archive, labelling.name, labelling.task)
    reader = _Reader(archive, labelling, recorder.model, ids, unsure)
    done = 0
    with labelling.timings.timed("wall"):
        for batch, predictions in _labelled(reader, labelling):
            with labelling.timings.timed("write"):
                pairs = [(row.reading_id, row.target_id) for row in batch]
                recorder.write(pairs, predictions, labelling.backend)
            done += len(batch)
            on_progress(len(batch))
    return done


class _Reader:
    """Reads what has no score yet, in the order of readings, a batch at a time."""

    def __init__(
        self,
        archive: Archive,
        labelling: Labelling,
        model: int,
        ids: dict[Target, int],
        unsure: Unsure | None,
    ) -> None:
        self._archive = archive
        self._timings = labelling.timings
        self._claims = {ids[target] for target in ids if target.is_claim}
        numbers = list(ids.values())
        self._unscored = partial(unscored, labelling.task, model, numbers, unsure=unsure)
        self._place = Place()
        self._size = _FEWEST

    def next(self) -> tuple[_Rows, list[Passage]]:
        """Return the next rows and what is asked about them; none at the end."""
        with self._timings.timed("read"), self._archive.connect() as connection:
            page = self._unscored(self._place).limit(self._size).execution_options(yield_per=256)
            rows = _as_many_as_fit(connection.execute(page))
        if rows:
            self._place = Place(rows[-1].reading_id, rows[-1].target_id)
        return rows, [asked_about(row, self._claims) for row in rows]

    def took(self, seconds: float, count: int) -> None:
        """Let the next batches be of a size that takes some seconds, waiting for workers included.

        The time between two batches would tell less: where there are several workers, some
        batches end almost together.
        """
        fitting = int(_SECONDS * count / max(seconds, 1e-3))
        self._size = max(_FEWEST, min(fitting, 2 * self._size, _MOST))


def _as_many_as_fit(result: Any) -> list[Row[Any, Any]]:  # noqa: ANN401 (a result of any columns)
    rows, characters = [], 0
    for row in result:
        rows.append(row)
        characters += len(row.text)
        if characters > _CHARACTERS:
            break
    return rows


def _labelled(reader: _Reader, labelling: Labelling) -> Iterator[tuple[_Rows, Predictions]]:
    """Yield batches with what the model says of them, in the order they were read."""
    waiting: deque[tuple[_Rows, Future[Predictions], float]] = deque()
    rows, passages = reader.next()
    while rows or waiting:
        while rows and len(waiting) < labelling.at_once:
            waiting.append((rows, labelling.submit(passages), perf_counter()))
            rows, passages = reader.next()
        batch, future, since = waiting.popleft()
        predictions = future.result()
        reader.took(perf_counter() - since, len(batch))
        yield batch, predictions


def asked_about(row: Row[Any, Any], claims: Collection[int]) -> Passage:
    """Return what a row of `unscored` asks a model; `claims` are the ids of targets that are."""
    if row.target_id == NO_TARGET:
        return Passage(row.text, language=row.language)
    return Passage(
        row.text,
        row.target,
        tuple((start, end) for start, end in row.spans),
        claim=row.target_id in claims,
        language=row.language,
    )
