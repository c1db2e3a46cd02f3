"""tgstance init: writes a commented configuration, and a codebook for those who label by hand."""

from importlib.resources import files
from pathlib import Path

import click

from collector.errors import ConfigError
from tgstance.codebook import write_codebook

__all__ = ["init"]


@click.command(short_help="Write a commented tgstance.toml.")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default="tgstance.toml")
@click.option("--force", is_flag=True, help="Replace a file that is already there.")
def init(path: Path, *, force: bool) -> None:
    """Write a commented configuration to PATH (default: tgstance.toml) to edit.

    Beside it goes codebook.md, what to tell people who label posts by hand (`tgstance annotate`),
    unless there is one.

    \b
    Example:
      tgstance init
    """
    if path.exists() and not force:
        raise ConfigError(f"{path} is already there: edit it, or replace it with --force")
    template = files("tgstance").joinpath("template.toml").read_text(encoding="utf-8")
    try:
        path.write_text(template, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    codebook = path.parent / "codebook.md"
    beside = f" and {codebook}" if write_codebook(codebook) else ""
    click.echo(
        f"Wrote {path}{beside}: name your channels and targets in {path.name}, then run `tgstance "
        "login` and `tgstance collect`, or `tgstance import FILE`."
    )
