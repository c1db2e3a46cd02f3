"""The command in children of a process that has its modules loaded already."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tgstance.cli import main

__all__ = ["Forked", "Task", "start"]

Forked = ForkServerProcess

_LOADED = [
    "benchmarks.reliability.warm",
    "torch",
    "transformers",
    "pandas",
    "scipy.stats",
    "sqlalchemy.dialects.sqlite",
    "alembic.command",
    "telethon",
    "safetensors.torch",
    "transformers.models.bert.modeling_bert",
    "pyarrow.pandas_compat",
    "tgstance.account",
    "tgstance.cli",
    "tgstance.collection",
    "tgstance.config",
    "tgstance.doctor.examining",
    "tgstance.locks",
    "tgstance.machines",
    "tgstance.pipeline",
    "tgstance.reporting.making",
    "tgstance.reporting.gates",
    "tgstance.reporting.publishing",
    "tgstance.reporting.showing",
    "collector.telegram.collecting",
    "models.loading",
    "models.preparing",
    "models.scoring",
    "models.presets",
    "reports.evidence",
    "reports.files",
    "reports.figures",
    "reports.gates.judging",
    "reports.page.channel_facts",
]
_CHANGES = {"os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True, slots=True)
class Task:
    """A command, where it runs, and where its output goes.

    `die_before` is before which of its changes to files and directories, counted from 0, it is to
    be ended by SIGKILL (those that SQLite makes are not counted).
    """

    directory: Path
    arguments: Sequence[str]
    environment: Mapping[str, str]
    output: tuple[Path, Path]
    die_before: int | None = None


def start(task: Task) -> Forked:
    """Start a command; of a process that ends with SystemExit that is its exit code."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    process = context.Process(target=run, args=(task,))
    process.start()
    return process


def run(task: Task) -> None:
    """Become the command."""
    os.environ.update(task.environment)
    os.chdir(task.directory)
    for stream, path in zip((1, 2), task.output, strict=True):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, stream)
        os.close(descriptor)
    if task.die_before is not None:
        sys.addaudithook(_dying(task.directory, task.die_before))
    main(task.arguments)


def _dying(directory: Path, change: int) -> Callable[[str, tuple[Any, ...]], None]:
    """Return what ends this process before a change below a directory.

    Python announces each of them to audit hooks (documentation of `sys.addaudithook`).
    """
    seen = 0

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if _changes(event, arguments) and any(_is_below(one, directory) for one in arguments[:2]):
            if seen == change:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    return note


def _changes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event in _CHANGES or (event == "open" and bool((arguments[2] or 0) & _WRITING))


def _is_below(path: object, directory: Path) -> bool:
    """Tell whether a path is below a directory."""
    return isinstance(path, str | Path) and str(path).startswith(str(directory))
