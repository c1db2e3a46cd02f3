"""tgstance export: the whole archive as files."""

from pathlib import Path

import click

from collector.errors import ArchiveNameError
from tgstance.session import Session

__all__ = ["export"]


@click.command(short_help="Write the whole archive to a directory of files.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help='Form of the files; parquet needs the extra: pip install "tgstance[parquet]".',
)
@click.pass_obj
def export(session: Session, directory: Path, *, form: str) -> None:
    """Write every table of the archive, as it is at one moment, to the new directory DIR.

    `tgstance import DIR` brings it back without loss: into a new archive, from SQLite to
    PostgreSQL, or into an archive that has posts already. manifest.json says what there is. Left
    out are what belongs to this machine's sessions: accounts, access hashes, waits for Telegram.

    In CSV, \\N is a missing value, and a text that begins with \\ has one more. The files are for
    programs: texts stand in them as they were posted, formulas for spreadsheets included.

    \b
    Example:
      tgstance export /backup/2025-11
      tgstance export --format parquet posts.parquet
    """
    from collector.moving.exporting import check_new, export_archive
    from collector.moving.files import Form, require
    from tgstance.logs import log
    from tgstance.session import all_packages
    from tgstance.terminal import progress

    require(Form(form))
    check_new(directory)
    if not session.has_archive():
        raise ArchiveNameError(
            f"{session.archive_location or session.config.archive}: is not there"
        )
    with (
        session.open_archive() as archive,
        progress(f"export to {directory.name}", None, quiet=session.quiet) as advance,
    ):
        manifest = export_archive(archive, directory, all_packages(), Form(form), advance)
    rows = {name: file.rows for name, file in manifest.tables.items()}
    log.info(
        "%s: %s rows of %s tables, %s posts",
        directory,
        sum(rows.values()),
        len(rows),
        rows["posts"],
    )
