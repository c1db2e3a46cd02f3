"""Picks the fastest backend for a model here, by trying each for a moment, and remembers it.

No torch here, unless a candidate loads it.
"""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from pydantic import BaseModel, ValidationError

from collector.errors import ModelError
from models.engine.batching import Row
from models.engine.forward import Forward
from models.engine.onnx_cache import cache_directory

__all__ = ["MOST_PARAMETERS", "choose", "is_remembered"]

MOST_PARAMETERS = 600_000_000  # of a model that is worth being exported unasked

_LIBRARIES = ("torch", "transformers", "onnxruntime", "openvino")

Candidates = Mapping[str, Callable[[], Forward]]


class _Choice(BaseModel):
    """The backend that won; how many tokens/s each did; why others could not be used."""

    backend: str
    tokens_per_second: dict[str, float]
    unusable: dict[str, str]


def choose(
    fingerprint: str,
    candidates: Candidates,
    rows: Sequence[Row],
    *,
    threads: int | None = None,
    seconds: float = 1.0,
) -> Forward:
    """Return the model on the backend that reads `rows` fastest, as found now or remembered.

    Each is tried for `seconds` at least; one that raises ModelError is passed over. What is
    remembered holds for the model's fingerprint, the machine, the number of threads, the candidates
    and the libraries' versions.
    Raises the last candidate's ModelError when all of them do.
    """
    path = _path(fingerprint, candidates, threads)
    if (known := _read(path)) and known.backend in candidates:
        try:
            return candidates[known.backend]()
        except ModelError:  # it is not what it was; the others are tried again
            path.unlink(missing_ok=True)
    choice, fastest = _measured(candidates, rows, seconds)
    _write(path, choice)
    return fastest


def is_remembered(fingerprint: str, candidates: Candidates, threads: int | None = None) -> bool:
    """Tell whether `choose` would not have to measure."""
    known = _read(_path(fingerprint, candidates, threads))
    return known is not None and known.backend in candidates


def _measured(
    candidates: Candidates, rows: Sequence[Row], seconds: float
) -> tuple[_Choice, Forward]:
    speeds: dict[str, float] = {}
    unusable: dict[str, ModelError] = {}
    best: Forward | None = None
    for name, opened in candidates.items():
        try:
            forward = opened()
            speeds[name] = _tokens_per_second(forward, rows, seconds)
        except ModelError as error:
            unusable[name] = error
            continue
        if speeds[name] == max(speeds.values()):
            best = forward
    if best is None:
        raise list(unusable.values())[-1]
    reasons = {name: str(error) for name, error in unusable.items()}
    fastest = max(speeds, key=speeds.__getitem__)
    return _Choice(backend=fastest, tokens_per_second=speeds, unusable=reasons), best


def _tokens_per_second(forward: Forward, rows: Sequence[Row], seconds: float) -> float:
    """Return the best of several rounds, for other programs may disturb one; padding counts not."""
    forward.logits(rows)  # whatever is prepared for these shapes
    tokens = sum(len(row["input_ids"]) for row in rows)
    best, until = float("inf"), perf_counter() + seconds
    while perf_counter() < until or best == float("inf"):
        started = perf_counter()
        forward.logits(rows)
        best = min(best, perf_counter() - started)
    return tokens / best


def _path(fingerprint: str, candidates: Candidates, threads: int | None) -> Path:
    versions = {library: _version(library) for library in _LIBRARIES}
    about = [sorted(candidates), _processor(), os.cpu_count(), threads, versions]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    return cache_directory() / "fastest" / f"{fingerprint}-{digest}.json"


def _processor() -> str:
    """Return the name of the CPU, or of its kind where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _read(path: Path) -> _Choice | None:
    try:
        return _Choice.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, choice: _Choice) -> None:
    """Write it whole, under another name first; where that cannot be, it is measured next time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(choice.model_dump_json(indent=2))
        Path(file.name).replace(path)
    except OSError:
        return
