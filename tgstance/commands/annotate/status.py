"""tgstance annotate status: how far the labelling has come."""

from typing import TYPE_CHECKING

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["status"]

_COLUMNS = (
    "sample",
    "drawn (UTC)",
    "texts",
    "labelled",
    "by two or more",
    "final",
    "to adjudicate",
    "cannot tell",
)


@click.command(short_help="Show samples, and how far their labelling has come.")
@click.pass_obj
def status(session: Session) -> None:
    """Show each sample's texts: labelled, final, to adjudicate; and each coder's labels.

    Final are labels that were adjudicated, or that all coders who could tell agree on. A text that
    two samples drew counts in both.

    \b
    Example:
      tgstance annotate status
    """
    if not session.has_archive():
        click.echo("no archive yet: `tgstance collect`, or `tgstance import FILE` makes it")
        return
    with session.open_archive() as archive, archive.connect() as connection:
        _show(connection)


def _show(connection: "Connection") -> None:
    from reports.annotation.progress import coder_counts, sample_progress
    from tgstance.terminal import show_table

    samples = sample_progress(connection)
    if not samples:
        click.echo("no sample yet: `tgstance annotate sample --size 300 --out gold.csv`")
        return
    rows = [
        (
            *(part.id, f"{part.drawn_at:%Y-%m-%d %H:%M}", part.items, part.labelled),
            *(part.labelled_twice, part.final, part.to_adjudicate, part.undecided),
        )
        for part in samples
    ]
    show_table("Gold samples", _COLUMNS, rows)
    coders = coder_counts(connection)
    if coders:
        show_table("Coders", ("coder", "labels", "adjudicated"), coders)
