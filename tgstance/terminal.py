"""What people see: tables on stdout, progress and log lines on stderr."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click
from pythonjsonlogger.json import JsonFormatter
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

__all__ = [
    "harmless",
    "log",
    "logs_json",
    "number",
    "progress",
    "say_error",
    "show_table",
    "start_logging",
]

log = logging.getLogger("tgstance")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WIDTH_WITHOUT_TERMINAL = 160


def harmless(text: str) -> str:
    """Replace what could steer a terminal: a channel's title comes from a stranger."""
    return _CONTROL.sub("\ufffd", text)


def number(value: Any) -> str:  # noqa: ANN401 (a cell of a table)
    """Format a share or net figure for a table; empty where there is none."""
    return "" if value != value else f"{value:+.2f}"  # noqa: PLR0124 (NaN is not itself)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table to stdout; columns that hold numbers stand to the right."""
    console = _Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(columns):
        figures = all(_is_number(str(row[index])) for row in rows)
        table.add_column(name, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(str(cell))) for cell in row))
    console.print(table)


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar with speed and time left while the caller reports steps; none off a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def start_logging(*, verbosity: int, quiet: bool, as_json: bool) -> None:
    """Send log lines to stderr: for people, or one JSON object a line."""
    handler = _Stderr()
    if as_json:
        fields = ["asctime", "levelname", "name", "message"]
        handler.setFormatter(JsonFormatter(fields, rename_fields={"levelname": "level"}))
    elif sys.stderr.isatty():
        handler.setFormatter(logging.Formatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.WARNING if quiet else logging.DEBUG if verbosity else logging.INFO)
    # Telethon warns of every lost connection, which the collector tells of in its own words.
    telethon = logging.WARNING if verbosity > 1 else logging.CRITICAL
    logging.getLogger("tgstance.telethon").setLevel(telethon)


def logs_json() -> bool:
    """Whether every line on stderr has to be a JSON object."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in log.handlers)


def say_error(message: str) -> None:
    """Say in one line why the command ends."""
    line = harmless(" ".join(message.split()))
    if logs_json():
        log.error("%s", line)
    else:
        click.echo(f"tgstance: {line}", err=True)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr now: a progress bar takes its place, and lets lines pass above."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Console(Console):
    """Ends in peace when whoever reads its output has seen enough."""

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


class _Speed(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[\d,]*\.?\d*%?", text.strip()) is not None
