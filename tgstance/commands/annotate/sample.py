"""tgstance annotate sample: draws what is to be labelled by hand."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ConfigError
from tgstance.commands.annotate.files import delimiter_of, separator_option
from tgstance.selecting import NAMES, Asked, Day, check_channels, check_days, selected
from tgstance.session import Session

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from collector.archive import Archive
    from reports.selection import Selection

__all__ = ["sample"]

_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options(Asked):
    size: int
    seed: int | None
    show_predictions: bool
    separator: str
    out: Path


@click.command(short_help="Draw texts to label by hand into a sheet.")
@click.option("--size", type=click.IntRange(min=1), required=True, help="How many texts to draw.")
@click.option(
    "--seed",
    type=click.IntRange(0, _LARGEST_SEED),
    help="Draw the same again from the same archive; by default a new number, which is recorded.",
)
@click.option("--since", type=Day(), help="First day, UTC.")
@click.option("--until", type=Day(), help="The day after the last, UTC.")
@click.option("--channel", multiple=True, type=NAMES, help="Only this channel (name, id or title).")
@click.option("--target", multiple=True, type=NAMES, help="Only this target; may be repeated.")
@click.option(
    "--include",
    type=click.Choice(["own", "all"]),
    help="Only a channel's own words, or all; by default as reports are configured.",
)
@click.option(
    "--show-predictions",
    is_flag=True,
    help="Add the model's label. Coders who see it tend to agree with it.",
)
@separator_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="New file: .csv or .jsonl.",
)
@click.pass_obj
def sample(session: Session, /, **options: Any) -> None:  # noqa: ANN401 (click has checked them)
    """Draw texts that mention a target, each with a known probability, into a sheet to label.

    Drawn are distinct texts of a channel that the stance model has scored. Every channel, target
    and predicted label is a stratum of its own: texts where the model takes a side or abstains are
    drawn about three times as often as neutral ones, large channels less than in proportion to
    their texts, and each stratum gets at least one where the size is twice their number. The
    archive keeps each text's probability, by which reports weigh its label.

    A text that an earlier sample drew may be drawn again; where its label is final already it
    counts at once and is left out of the sheet.

    \b
    Example:
      tgstance annotate sample --size 300 --seed 1 --since 2025-09-01 --out gold.csv
    """
    _draw(session, _Options(**options))


def _draw(session: Session, options: _Options) -> None:
    from reports.annotation.sheets import check_new
    from tgstance.codebook import write_codebook

    check_days(options.since, options.until)
    delimiter = delimiter_of(options.out, options.separator)
    check_new(options.out)
    selection = selected(session.config, options)
    seed = secrets.randbelow(_LARGEST_SEED) if options.seed is None else options.seed
    with session.run("annotate sample", alone=False) as (archive, run):
        drawn = _drawn(archive, selection, options.size, seed)
        number, rows = _store(archive, selection, drawn, options, (seed, delimiter))
        run.summary.update(sample=number, seed=seed, items=len(drawn), file=str(options.out))
    if write_codebook(session.config.codebook):
        click.echo(f"Wrote {session.config.codebook}: what to tell the coders; make it your own")
    _tell(number, seed, drawn, rows, options)


def _drawn(archive: "Archive", selection: "Selection", size: int, seed: int) -> "pd.DataFrame":
    from reports.annotation.drawing import draw
    from reports.annotation.frame import frame

    with archive.connect() as connection:
        check_channels(connection, selection)
        _warn_of_unscored(connection, selection)
        units = frame(connection, selection)
    if units.empty:
        raise ConfigError(
            "there is nothing to draw from: no scored text mentions a target in that time; run "
            "`tgstance score`, or ask for more (see `tgstance status`)"
        )
    return draw(units, size, seed)


def _warn_of_unscored(connection: "Connection", selection: "Selection") -> None:
    from models.pending import count_unread, count_unscored
    from tgstance.logs import log

    waiting = count_unread(connection)
    waiting += count_unscored(connection, "stance", selection.stance.fingerprint, selection.targets)
    if waiting:
        log.warning(
            "%s texts are not scored yet and cannot be drawn: run `tgstance score` first", waiting
        )


def _store(
    archive: "Archive",
    selection: "Selection",
    drawn: "pd.DataFrame",
    options: _Options,
    made: tuple[int, str | None],
) -> tuple[int, int]:
    """Record a sample and write its sheet, or do neither; return its number and the rows."""
    from reports.annotation.drawing import record
    from reports.annotation.items import to_label
    from reports.annotation.sheets import COLUMNS, new_sheet, sheet_rows, write_sheet

    seed, delimiter = made
    columns = [*COLUMNS, "predicted"] if options.show_predictions else COLUMNS
    with new_sheet(options.out) as stream, archive.begin() as connection:
        number = record(connection, selection, drawn, size=options.size, seed=seed)
        items = to_label(connection, number)
        rows = sheet_rows(items, predictions=options.show_predictions)
        write_sheet(stream, rows, columns, delimiter=delimiter)
    return number, len(items)


def _tell(number: int, seed: int, drawn: "pd.DataFrame", rows: int, options: _Options) -> None:
    strata = drawn.drop_duplicates(["channel_id", "target_id", "predicted"])
    click.echo(f"Sample {number} (seed {seed}): {len(drawn)} texts of {len(strata)} strata")
    if len(drawn) < options.size:
        click.echo(f"These are all there are: fewer than the {options.size} asked for.")
    if rows < len(drawn):
        click.echo(f"{len(drawn) - rows} of them have a final label from an earlier sample.")
    click.echo(
        f"Wrote {rows} rows to {options.out}: give a copy and the codebook to each coder, and take "
        "the labels in with `tgstance annotate import FILE --coder NAME`."
    )
