"""Passages as tables for other machines, in Parquet, and what is said of them as tables back."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyarrow import compute, fs, parquet

from collector.errors import ConfigError, OutputError
from models.engine.timings import Timings
from models.labeller import Predictions
from models.passage import Passage
from models.recording import Pair

__all__ = ["Exchange", "Told", "answer", "exchange_in", "passages", "read_answer", "read_asked"]

_MOST_CHARACTERS = 4_000_000  # of a file, so that long texts do not fill a worker's memory
_SCHEMA = pa.schema(
    [
        ("reading_id", pa.int64()),
        ("target_id", pa.int64()),
        ("text", pa.string()),
        ("target", pa.string()),
        ("mentions", pa.list_(pa.list_(pa.int32(), 2))),
        ("claim", pa.bool_()),
        ("language", pa.string()),
    ]
)
_COUNTED = ("tokenise", "model", "passages", "inputs", "tokens", "padded_tokens")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A directory of Parquet files, here or in an object store; `url` is for other programs."""

    url: str
    _files: fs.FileSystem
    _path: str

    def write(self, asked: Iterable[tuple[Pair, Passage]], *, rows: int) -> list[str]:
        """Write passages with their ids, at most some rows to a file; return the files' URLs.

        Raises OutputError when one cannot be written.
        """
        urls = []
        for number, batch in enumerate(_batches(asked, rows), start=1):
            name = f"{number:06}.parquet"
            try:
                parquet.write_table(_table(batch), f"{self._path}/{name}", filesystem=self._files)
            except OSError as error:
                raise OutputError(f"{self.url}: cannot be written to: {error}") from error
            urls.append(f"{self.url}/{name}")
        return urls


def read_asked(url: str) -> pa.Table:
    """Read a file that `Exchange.write` wrote. Raises ConfigError when it is not there."""
    try:
        files, path = fs.FileSystem.from_uri(url)
        return parquet.read_table(path, filesystem=files)
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise ConfigError(
            f"{url} cannot be read by a worker ({error}): on several machines, --exchange has to "
            "name a directory that all of them share, or a URL of an object store"
        ) from error


@contextmanager
def exchange_in(place: str | None) -> Iterator[Exchange]:
    """Make a new directory in `place` (a path or URL), or for temporary files; remove it after.

    Raises ConfigError when that is not possible.
    """
    if place is None:
        with TemporaryDirectory(prefix="tgstance-") as directory, exchange_in(directory) as inside:
            yield inside
        return
    try:
        files, root = fs.FileSystem.from_uri(
            place if "://" in place else str(Path(place).expanduser().resolve())
        )
        name = f"scoring-{secrets.token_hex(4)}"
        path = f"{root.rstrip('/')}/{name}"
        files.create_dir(path, recursive=True)
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise ConfigError(f"--exchange {place}: cannot be used: {error}") from error
    try:
        yield Exchange(f"{place.rstrip('/')}/{name}" if "://" in place else path, files, path)
    finally:
        files.delete_dir(path)


def passages(table: pa.Table) -> list[Passage]:
    """Return the passages of a table that `Exchange.write` wrote."""
    columns = table.select(["text", "target", "mentions", "claim", "language"]).to_pylist()
    return [
        Passage(**{**row, "mentions": tuple((start, end) for start, end in row["mentions"])})
        for row in columns
    ]


def answer(asked: pa.Table, told: Predictions, backend: str, timings: Timings) -> pa.Table:
    """Return what is said of the passages of a table, which are not sent back.

    What was counted stands in the first row, so that sums over rows are sums over tables.
    """
    rows = len(asked)
    columns = {
        "reading_id": asked["reading_id"],
        "target_id": asked["target_id"],
        **{f"p_{index}": pa.array(p) for index, p in enumerate(told.probabilities.T.copy())},
        "truncated": pa.array(told.truncated),
        "backend": pa.array([backend] * rows),
        **{name: [getattr(timings, name)] + [0] * (rows - 1) for name in _COUNTED},
    }
    return pa.table(columns)


@dataclass(frozen=True, slots=True)
class Told:
    """What one backend said of n passages, and what that took."""

    pairs: Sequence[Pair]
    predictions: Predictions
    backend: str
    timings: Timings


def read_answer(table: pa.Table) -> Iterator[Told]:
    """Read what `answer` made, or several of them that became one table."""
    for backend in table["backend"].unique().to_pylist():
        part = table.filter(compute.equal(table["backend"], backend))
        ids = (part[name].to_pylist() for name in ("reading_id", "target_id"))
        columns = [part[f"p_{index}"].to_numpy() for index in range(3)]
        predictions = Predictions(np.stack(columns, axis=1), part["truncated"].to_numpy())
        sums = {name: compute.sum(part[name]).as_py() for name in _COUNTED}
        yield Told(list(zip(*ids, strict=True)), predictions, backend, Timings(**sums))


def _batches(
    asked: Iterable[tuple[Pair, Passage]], rows: int
) -> Iterator[list[tuple[Pair, Passage]]]:
    batch: list[tuple[Pair, Passage]] = []
    characters = 0
    for one in asked:
        batch.append(one)
        characters += len(one[1].text)
        if len(batch) == rows or characters > _MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _table(batch: Sequence[tuple[Pair, Passage]]) -> pa.Table:
    rows = [
        {
            "reading_id": reading,
            "target_id": target,
            "text": passage.text,
            "target": passage.target,
            "mentions": passage.mentions,
            "claim": passage.claim,
            "language": passage.language,
        }
        for (reading, target), passage in batch
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
