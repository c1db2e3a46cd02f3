"""tgstance annotate agree: how far coders agree, and what they disagree about."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tgstance.commands.annotate.files import delimiter_of, separator_option
from tgstance.harmless import escaped_json
from tgstance.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.annotation.agreement import Agreement, AgreementTable
    from reports.annotation.disputes import Dispute

__all__ = ["agree"]

_SHOWN_DISPUTES = 20
_COLUMNS = ("of", "", "texts", "coders", "agree", "alpha", "95 %")


@click.command(short_help="Show Krippendorff's alpha, and what coders disagree about.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as one JSON object.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the texts to adjudicate to a new sheet: .csv or .jsonl.",
)
@separator_option
@click.pass_obj
def agree(session: Session, *, as_json: bool, out: Path | None, separator: str) -> None:
    """Show how far coders agree: overall, by target and by language.

    Texts are those that two or more coders labelled; "cannot tell" counts as no label. Alpha is
    Krippendorff's for nominal labels: 1 for perfect agreement, 0 for that of chance, empty where
    all labels are the same. Its 95 % interval is a bootstrap over texts, empty for fewer than 10
    and where no two labels differ. By Krippendorff's rule labels are reliable from 0.8 up, and good
    for tentative conclusions from 0.667.

    With --out the texts with different labels that nobody settled yet go into a sheet with a column
    for each coder; fill in its column label, and give it to `tgstance annotate adjudicate`.

    \b
    Example:
      tgstance annotate agree --out disputed.csv
    """
    from reports.annotation.agreement import agreement_table
    from reports.annotation.disputes import disputes
    from reports.annotation.sheets import check_new

    delimiter = delimiter_of(out, separator) if out else None
    if out:
        check_new(out)
    with session.open_archive() as archive, archive.connect() as connection:
        table = agreement_table(connection)
        disputed = disputes(connection)
    if as_json:
        found = json.dumps(_as_json(table, disputed), ensure_ascii=False, indent=2)
        click.echo(escaped_json(found))
    else:
        _show(table, disputed)
    if out:
        _write(out, disputed, delimiter)


def _show(table: "AgreementTable", disputed: "Sequence[Dispute]") -> None:
    from tgstance.terminal import show_table

    if not table.overall.items:
        click.echo("no text has labels of two coders yet: `tgstance annotate import FILE`")
        return
    rows = [_row("all", "", table.overall)]
    rows += [_row("target", name, part) for name, part in table.by_target.items()]
    rows += [_row("language", name, part) for name, part in table.by_language.items()]
    show_table("Agreement of coders", _COLUMNS, rows)
    if not disputed:
        click.echo("no text has different labels")
        return
    shown = [_shown(dispute) for dispute in disputed[:_SHOWN_DISPUTES]]
    columns = ("item", "target", "permalink", "labels", "adjudicated")
    show_table(f"{len(disputed)} texts with different labels", columns, shown)
    if len(disputed) > len(shown):
        click.echo(f"and {len(disputed) - len(shown)} more: --json prints all, --out writes them")


def _row(kind: str, name: str, part: "Agreement") -> tuple[object, ...]:
    return (
        kind,
        name,
        part.items,
        part.coders,
        "" if part.percent is None else f"{part.percent:.1f}%",
        "" if part.alpha is None else f"{part.alpha:.2f}",
        "" if part.interval is None else f"{part.interval.low:.2f} .. {part.interval.high:.2f}",
    )


def _shown(dispute: "Dispute") -> tuple[object, ...]:
    labels = ", ".join(f"{coder}: {label}" for coder, label in dispute.by_coder.items())
    item = dispute.item
    return item.id, item.target, item.permalink or "", labels, dispute.adjudicated or ""


def _as_json(table: "AgreementTable", disputed: "Sequence[Dispute]") -> dict[str, Any]:
    return {
        "overall": asdict(table.overall),
        "by_target": {name: asdict(part) for name, part in table.by_target.items()},
        "by_language": {name: asdict(part) for name, part in table.by_language.items()},
        "disputed": [
            {
                "item": dispute.item.id,
                "target": dispute.item.target,
                "permalink": dispute.item.permalink,
                "labels": dict(dispute.by_coder),
                "adjudicated": dispute.adjudicated,
            }
            for dispute in disputed
        ],
    }


def _write(out: Path, disputed: "Sequence[Dispute]", delimiter: str | None) -> None:
    from reports.annotation.disputes import dispute_columns, dispute_rows
    from reports.annotation.sheets import new_sheet, write_sheet

    open_ones = [dispute for dispute in disputed if dispute.adjudicated is None]
    with new_sheet(out) as stream:
        columns = dispute_columns(open_ones)
        write_sheet(stream, dispute_rows(open_ones), columns, delimiter=delimiter)
    click.echo(f"Wrote {len(open_ones)} texts to adjudicate to {out}", err=True)
