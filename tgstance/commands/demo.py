"""tgstance demo: the whole job on embedded posts, or on those of a public channel; no account."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.errors import ConfigError, OutputError
from tgstance.commands.importing import run_import
from tgstance.commands.report import run_report
from tgstance.commands.score import run_score
from tgstance.reporting.options import ReportOptions
from tgstance.session import Session

if TYPE_CHECKING:
    from collector.naming import ChannelName

__all__ = ["demo"]

_LAST = 100  # posts
_DEADLINE_S = 15.0
_ATTEMPTS = 2  # somebody is waiting
_PAUSE_S = 0.5


@click.command(short_help="Do the whole job on embedded posts of invented channels.")
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--live",
    metavar="NAME",
    help="Take the last 100 posts of this public channel instead, from its web preview.",
)
@click.pass_obj
def demo(session: Session, directory: Path | None, live: str | None) -> None:
    """Import, score and report 291 posts of eight invented channels; leave everything in DIR.

    DIR (default: tgstance-demo) then holds a configuration, an archive and reports to play with.
    The posts were written for this project; the embedded model was not trained on them.
    With --live the posts are a real channel's, and DIR is tgstance-demo-NAME; it needs no account.

    \b
    Example:
      tgstance demo && cd tgstance-demo && tgstance report --period week --posts
      tgstance demo --live durov
    """
    if live is None:
        directory = directory or Path("tgstance-demo")
        inside = Session(_configuration(directory), quiet=session.quiet)
        _import_embedded(inside)
    else:
        name = _public_name(live)
        directory = directory or Path(f"tgstance-demo-{name.username}")
        inside = Session(_configuration(directory), quiet=session.quiet)
        _collect_last(inside, name)
    run_score(inside)
    _report(inside, directory)


def _import_embedded(inside: Session) -> None:
    from collector.importing import ImportOptions

    with as_file(files("tgstance.demo").joinpath("posts.jsonl")) as posts:
        run_import(inside, (posts,), ImportOptions())


def _public_name(text: str) -> "ChannelName":
    """Return the channel that a text names; an id is none that has a preview."""
    from collector.naming import parse_channel

    name = parse_channel(text)
    if name.username is None:
        raise ConfigError(f"{text}: the web preview knows channels by username only: give @name")
    return name


def _collect_last(inside: Session, name: "ChannelName") -> None:
    from collector.limits import Limits
    from collector.planning import BEGINNING, Wish
    from tgstance.collection import run_collect
    from tgstance.sources import Source

    config = inside.config.collect
    limits = Limits(
        pace=config.preview_pace,
        max_wait=0,
        deadline=_DEADLINE_S,
        attempts=_ATTEMPTS,
        first_pause=_PAUSE_S,
    )
    wish = Wish(BEGINNING, recent=timedelta(0), last=_LAST)
    with _retries_untold():
        run_collect(inside, {Source.PREVIEW: [name]}, wish, {Source.PREVIEW: limits})


@contextmanager
def _retries_untold() -> Iterator[None]:
    """Say nothing of attempts that fail: without a network, one line is enough."""
    logger = logging.getLogger("tgstance.telegram")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _report(inside: Session, directory: Path) -> None:
    from reports.datapackage import PAGE

    outcome = run_report(inside, ReportOptions(posts=True))
    click.echo(f"Configuration and archive are in {directory}; try `tgstance status` there.")
    if PAGE in outcome.files:  # unless the configuration of an earlier demo asks for no page
        click.echo(f"Open {inside.config.report_directory / PAGE} in a browser to see the figures.")


def _configuration(directory: Path) -> Path:
    """Write the demo's configuration unless there is one from an earlier demo."""
    path = directory / "tgstance.toml"
    template = files("tgstance.demo").joinpath("tgstance.toml").read_text(encoding="utf-8")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(template, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{directory}: cannot be written: {error.strerror}") from error
    return path
