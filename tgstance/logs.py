"""Log lines on stderr and in a file: for people or as JSON, each with the run that it is about."""

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import click
from pythonjsonlogger.json import JsonFormatter

from tgstance.harmless import harmless, one_line

__all__ = ["log", "logged_as", "logs_json", "say_error", "start_logging", "stop_logging"]

log = logging.getLogger("tgstance")

_BETWEEN_LINES = " | "  # of a traceback, where it has to be one line


class _Current:
    """The run that lines are about: the last that began outside of any other."""

    run: str | None = None
    depth = 0


def start_logging(*, verbosity: int, quiet: bool, as_json: bool, file: Path | None = None) -> None:
    """Send log lines to stderr, and to a file if one is named: text, or a JSON object a line.

    `quiet` is for stderr only: the file has what happened. Raises ConfigError, before anything is
    written, if the file cannot be written or holds something else than a log.
    """
    from tgstance.log_file import LogFile

    _Current.run, _Current.depth = None, 0
    level = logging.DEBUG if verbosity else logging.INFO
    stop_logging()
    log.propagate = False
    _add(_Stderr(), logging.WARNING if quiet else level, as_json=as_json)
    if file is not None:
        _add(LogFile(file), level, as_json=as_json)
    log.setLevel(min(handler.level for handler in log.handlers))
    logging.basicConfig(handlers=log.handlers)  # what libraries log in their own names
    warnings.showwarning = _note_warning
    # Telethon warns of every lost connection, which the collector tells of in its own words.
    telethon = logging.WARNING if verbosity > 1 else logging.CRITICAL
    logging.getLogger("tgstance.telethon").setLevel(telethon)


def stop_logging() -> None:
    """Close what `start_logging` opened."""
    for handler in log.handlers:
        with suppress(OSError):  # a full disk has been told of
            handler.close()
    log.handlers = []


@contextmanager
def logged_as(run: str) -> Iterator[None]:
    """Put the id of a run into each line from now on, until another begins.

    A run within a run is a part of it: lines keep the id of the outer one. They keep it after the
    block too, for the line that says why the command ends.
    """
    if not _Current.depth:
        _Current.run = run
    _Current.depth += 1
    try:
        yield
    finally:
        _Current.depth -= 1


def logs_json() -> bool:
    """Whether every line on stderr has to be a JSON object."""
    return any(isinstance(handler.formatter, _ForMachines) for handler in log.handlers)


def say_error(message: str, cause: BaseException | None = None, *, shown: bool = False) -> None:
    """Say in one line why the command ends.

    `cause` is an error whose traceback is to follow; what is `shown` on stderr already goes to the
    file only.
    """
    line = harmless(" ".join(message.split()))
    if log.handlers:
        log.error("%s", line, exc_info=cause, extra={"final": True, "shown": shown})
    elif not shown:
        click.echo(f"tgstance: {line}", err=True)


def _add(handler: logging.Handler, level: int, *, as_json: bool) -> None:
    on_terminal = isinstance(handler, _Stderr) and sys.stderr.isatty()
    handler.setLevel(level)
    handler.setFormatter(
        _ForMachines() if as_json else _OnTerminal() if on_terminal else _ForPeople(handler)
    )
    log.addHandler(handler)


def _note_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 (the signature is Python's)
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Leave to the debug level what libraries warn programmers of."""
    log.debug("%s:%s: %s: %s", filename, lineno, category.__name__, message)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr now: a progress bar takes its place, and lets lines pass above."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(record, "shown", False) and bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _ForMachines(JsonFormatter):
    """One JSON object a line: time (UTC), level, run (null before one begins), name, message."""

    converter = time.gmtime  # type: ignore[assignment]  # it takes more than it is asked to
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__(["message"])

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill in the fields of a line."""
        log_data["time"] = self.formatTime(record)
        log_data["level"] = record.levelname
        log_data["run"] = _Current.run
        log_data["name"] = record.name
        log_data["message"] = one_line(record.getMessage())
        if message_dict.get("exc_info"):
            log_data["exc_info"] = message_dict["exc_info"]


class _ForPeople(logging.Formatter):
    """One line each, with time (UTC), level and run.

    An error that ends the command before a run begins has none of these on stderr.
    """

    converter = time.gmtime  # type: ignore[assignment]  # it takes more than it is asked to

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self._on_stderr = isinstance(handler, _Stderr)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the line without a traceback."""
        final = "tgstance: " if hasattr(record, "final") else ""
        message = f"{final}{one_line(record.message)}"
        if final and self._on_stderr and _Current.run is None:
            return message
        run = f"{_Current.run} " if _Current.run else ""
        return f"{record.asctime} {record.levelname} {run}{message}"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback in the same one."""
        return one_line(super().format(record), _BETWEEN_LINES)


class _OnTerminal(logging.Formatter):
    """The message alone, and a traceback below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the message in one line."""
        return ("tgstance: " if hasattr(record, "final") else "") + one_line(record.message)

    def format(self, record: logging.LogRecord) -> str:
        """Return the message and its traceback, whose lines cannot steer the terminal either."""
        return "\n".join(map(harmless, super().format(record).splitlines()))
