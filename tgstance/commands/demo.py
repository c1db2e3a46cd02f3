"""tgstance demo: the whole job on embedded posts, without a network and without an account."""

from importlib.resources import as_file, files
from pathlib import Path

import click

from collector.errors import OutputError
from tgstance.commands.importing import run_import
from tgstance.commands.report import run_report
from tgstance.commands.score import run_score
from tgstance.reporting.options import ReportOptions
from tgstance.session import Session

__all__ = ["demo"]


@click.command(short_help="Do the whole job on embedded posts of invented channels.")
@click.argument(
    "directory", metavar="[DIR]", type=click.Path(path_type=Path), default="tgstance-demo"
)
@click.pass_obj
def demo(session: Session, directory: Path) -> None:
    """Import, score and report 291 posts of eight invented channels; leave everything in DIR.

    DIR (default: tgstance-demo) then holds a configuration, an archive and reports to play with.
    The posts were written for this project; the embedded model was not trained on them.

    \b
    Example:
      tgstance demo && cd tgstance-demo && tgstance report --period week --posts
    """
    from collector.importing import ImportOptions
    from reports.datapackage import PAGE

    inside = Session(_configuration(directory), quiet=session.quiet)
    with as_file(files("tgstance.demo").joinpath("posts.jsonl")) as posts:
        run_import(inside, (posts,), ImportOptions())
    run_score(inside)
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
