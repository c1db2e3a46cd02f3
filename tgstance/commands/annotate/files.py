"""How the annotate commands name the form of a sheet."""

from pathlib import Path

import click

from collector.errors import ConfigError

__all__ = ["delimiter_of", "separator_option"]

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_FORMS = (".csv", ".jsonl")

separator_option = click.option(
    "--separator",
    type=click.Choice(list(_DELIMITERS)),
    default="comma",
    show_default=True,
    help="Between the cells of CSV; Excel in Russian or Ukrainian expects semicolon.",
)


def delimiter_of(path: Path, separator: str) -> str | None:
    """Return the delimiter of a CSV file, None for JSON lines.

    Raises ConfigError for a name that ends otherwise.
    """
    form = path.suffix.casefold()
    if form not in _FORMS:
        raise ConfigError(f"--out {path}: name a file that ends in {' or '.join(_FORMS)}")
    return None if form == ".jsonl" else _DELIMITERS[separator]
