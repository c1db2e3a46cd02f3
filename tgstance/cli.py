"""The command line: options that all commands share, and what every error turns into."""

import io
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from collector.errors import TgstanceError
from tgstance import __version__
from tgstance.commands import ALL
from tgstance.session import Session
from tgstance.stopping import repeating_lost_interrupts

__all__ = ["command_group", "main"]

_EXIT_UNEXPECTED = 1
_EXIT_INTERRUPTED = 130


@click.group(
    name="tgstance",
    commands=list(ALL),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tgstance")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tgstance.toml"),
    show_default=True,
    help="Configuration file.",
)
@click.option("--archive", metavar="PATH|URL", help="Archive to use instead of the configured one.")
@click.option("-v", "--verbose", count=True, help="Say more; with an error, where it arose.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the log lines.",
)
@click.option(
    "--log-file",
    metavar="PATH",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also append log lines, with -q too, to this file (10 MB, and 5 older ones).",
)
@click.pass_context
def command_group(  # noqa: PLR0913 (one for each option)
    context: click.Context,
    *,
    config: Path,
    archive: str | None,
    verbose: int,
    quiet: bool,
    log_format: str,
    log_file: Path | None,
) -> None:
    """Where Telegram channels stand: sentiment and stance toward named targets, as CSV reports.

    Every option can also be set in the environment: TGSTANCE_CONFIG, TGSTANCE_REPORT_PERIOD,
    TGSTANCE_REPORT_TARGET="one;another"...

    \b
    Exit codes: 0 done; 1 unexpected; 2 usage or configuration; 3 done in part; 4 log in again;
    5 a quality gate failed; 75 deferred, try later; 130 interrupted.

    \b
    Example:
      tgstance demo                      the whole job on embedded posts, no account needed
      tgstance init && tgstance import result.json && tgstance score && tgstance report
    """
    from tgstance.logs import start_logging

    as_json = log_format == "json"
    start_logging(verbosity=verbose, quiet=quiet, as_json=as_json, file=log_file)
    named = context.get_parameter_source("config") is not click.core.ParameterSource.DEFAULT
    context.obj = Session(config, archive, quiet=quiet, config_named=named)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with a documented code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    _end_in_order()
    try:
        with repeating_lost_interrupts():
            code = _run(given)
    finally:
        _close_logs()
    sys.exit(code)


def _run(given: list[str]) -> int | str | None:
    """Run the command, say in a line why it fails if it does, and return its exit code."""
    try:
        code = command_group.main(
            given, prog_name="tgstance", standalone_mode=False, auto_envvar_prefix="TGSTANCE"
        )
    except SystemExit as ended:
        # Without standalone mode click exits by itself only when the reader of our output has gone.
        return 0 if ended.code == 1 else ended.code
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; run the same command again to go on")
        return _EXIT_INTERRUPTED
    except TgstanceError as error:
        _say(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (whatever it is, one line tells of it)
        _say_unexpected(error)
        return _EXIT_UNEXPECTED
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Let closed streams swallow what is written, and odd encodings replace what they lack."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (it stays open)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(message: str) -> None:
    from tgstance.logs import say_error

    say_error(message)


def _say_unexpected(error: Exception) -> None:
    """Say what arose, and with -v where."""
    from tgstance.logs import log, say_error

    message = f"unexpected {type(error).__name__}: {error}"
    if log.isEnabledFor(logging.DEBUG):
        say_error(message, error)
    else:
        say_error(f"{message} (run again with -v to see where)")


def _show(error: click.ClickException) -> None:
    """Show what is wrong with the command line, with its usage where people read it."""
    from tgstance.logs import logs_json, say_error

    as_json = logs_json()
    if not as_json:
        error.show()
    say_error(error.format_message(), shown=not as_json)


def _close_logs() -> None:
    from tgstance.logs import stop_logging

    stop_logging()


def _end_in_order() -> None:
    """Let SIGTERM, by which schedulers end a job, do what Ctrl-C does: runs are then recorded."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # some send it twice: once is enough
        if not callable(signal.getsignal(signal.SIGINT)):
            # A shell lets jobs in the background ignore it, but a lost one is to come again.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.raise_signal(signal.SIGINT)  # of which an event loop takes care

    signal.signal(signal.SIGTERM, interrupt)
