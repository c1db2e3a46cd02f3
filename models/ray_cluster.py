"""A Ray cluster to score on: one that runs, or one of this machine alone, for as long as needed."""

import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from collector.errors import ConfigError
from models.engine.setting import EngineSetting

__all__ = ["Share", "connected", "require_ray", "share"]

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # leaves CUDA_VISIBLE_DEVICES alone, and is silent
}
_QUIET = {
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # of what is written past Python's logging
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # of what is printed to stdout, such as that a worker died
}
_THREADS = 4  # of a worker on a CPU: more make one model little faster
_CONNECTING_S = 10.0
_STDERR = 2


def require_ray() -> None:
    """Raise ConfigError where the extra is missing."""
    if not (find_spec("ray") and find_spec("pyarrow")):
        raise ConfigError('--engine ray needs the extra: pip install "tgstance[ray]"')


@contextmanager
def connected(
    address: str | None, *, talkative: bool = False, processors: int | None = None
) -> Iterator[ModuleType]:
    """Connect to the cluster at an address (`auto`, HOST:PORT); yield `ray`.

    Without an address a cluster of this machine alone is started, and ended afterwards; it is taken
    to have so many `processors`, by default those it has. Ray's own messages are shown where
    `talkative`. Raises ConfigError when there is no such cluster.
    """
    require_ray()
    if address and address != "auto":
        _require_listener(address)
    for name, value in (_ENVIRONMENT if talkative else _ENVIRONMENT | _QUIET).items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        if not talkative:
            warnings.simplefilter("ignore")  # Ray warns of its own settings, as it sets them
        import ray  # noqa: PLC0415 (an extra)
        import ray.data  # noqa: PLC0415 (as above)

        _set_loggers(talkative=talkative)
        with _signals_as_they_are(), nullcontext() if talkative else _native_code_silent():
            _connect(ray, address, processors, talkative=talkative)
        _set_loggers(talkative=talkative)
        try:
            yield ray
        finally:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class Share:
    """What scoring takes of a cluster: so many workers, and for each these processors and GPUs."""

    workers: int
    cpus: int
    gpus: float
    engine: EngineSetting


def share(ray: ModuleType, engine: EngineSetting, workers: int | None) -> Share:
    """Return how a cluster is shared between workers, by default so many as it has room for.

    A worker has a GPU, or a part of one where there are more workers than GPUs; else up to four
    processors. Raises ConfigError when a GPU is asked for and there is none.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if engine.device.startswith("cuda") and not gpus:
        raise ConfigError(f"device {engine.device}: the Ray cluster has no GPU")
    if gpus and engine.device != "cpu":
        workers = workers or gpus
        part = 1 / -(-workers // gpus)
        return Share(workers, 1, part, replace(engine, device="cuda"))
    return _share_of_processors(nodes, engine, workers)


def _share_of_processors(
    nodes: list[dict[str, float]], engine: EngineSetting, workers: int | None
) -> Share:
    cpus = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if not cpus:
        raise ConfigError("the Ray cluster has no processors to score on")
    wanted = sum(cpus) // workers if workers else _THREADS
    threads = engine.threads or max(1, min(wanted, *cpus))
    room = sum(count // threads for count in cpus)
    return Share(workers or room, threads, 0, replace(engine, device="cpu", threads=threads))


def _connect(
    ray: ModuleType, address: str | None, processors: int | None, *, talkative: bool
) -> None:
    level = logging.INFO if talkative else logging.CRITICAL
    here = {"include_dashboard": False, "num_cpus": processors} if address is None else {}
    try:
        ray.init(address=address or "local", log_to_driver=talkative, logging_level=level, **here)
    except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ConfigError(f"no Ray cluster at {address or 'this machine'}: {reason[0]}") from error


@contextmanager
def _signals_as_they_are() -> Iterator[None]:
    """Keep Ray from replacing what SIGTERM does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with suppress(TypeError):  # not set by Python
            signal.signal(signal.SIGTERM, before)


def _require_listener(address: str) -> None:
    """Raise ConfigError where nobody answers: Ray would try for minutes, and say so every time."""
    if address.startswith("ray://"):
        raise ConfigError(
            f"--address {address}: Ray Data has to run on a machine of the cluster: run tgstance "
            "there, with --address auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"--address {address}: say auto or HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECTING_S).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster at {address}: {error}") from error


@contextmanager
def _native_code_silent() -> Iterator[None]:
    """Swallow what Ray writes past Python: at first, that it was told to write nothing."""
    kept = os.dup(_STDERR)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def _set_loggers(*, talkative: bool) -> None:
    """Silence Ray's loggers, whose own handlers write to the terminal whatever ours do."""
    level = logging.INFO if talkative else logging.CRITICAL + 1
    for name in ("ray", "ray.data", "ray.serve", "ray.util.client", "ray._private"):
        logging.getLogger(name).setLevel(level)
