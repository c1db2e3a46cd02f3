"""tgstance prune: drops the texts of old posts, and keeps what they count for."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from collector.errors import ArchiveNameError, ConfigError
from tgstance.moments import parse_moment
from tgstance.session import Session
from tgstance.time_option import TimeOption

if TYPE_CHECKING:
    from collector.archive import Archive
    from tgstance.pruning import Choice, Old

__all__ = ["prune"]


@click.command(short_help="Drop the texts of old posts; their labels and counts stay.")
@click.option(
    "--older-than",
    "before",
    required=True,
    type=TimeOption("moment", parse_moment),
    help="How old a post has to be: 180d, or the first day to keep: 2025-06-01 (UTC).",
)
@click.option("--dry-run", is_flag=True, help="Say what would be dropped, and touch nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--unlabelled", is_flag=True, help="Also texts that no model has labelled yet.")
@click.option("--gold", is_flag=True, help="Also texts of gold samples, and coders' notes on them.")
@click.option(
    "--old-scores", is_flag=True, help="Also all scores of models that are not configured now."
)
@click.pass_obj
def prune(
    session: Session,
    /,
    *,
    before: datetime,
    dry_run: bool,
    yes: bool,
    **options: bool,
) -> None:
    """Drop for good what old posts say: texts, polls, titles of linked pages, names of sources.

    Posts with their dates, counts, labels and scores stay, so that stance.csv and sentiment.csv of
    the past are the same afterwards; posts.csv has empty texts. A new target cannot be looked for
    in texts that are gone, nor can another model label them. Neither collecting nor importing
    brings them back.

    Rows that nothing uses any more go as well, of posts of any age: what edited posts said before
    as models read it, and what earlier versions of tgstance read. The file is rewritten afterwards,
    for which there has to be room beside it. Earlier reports, backups and exports are not touched:
    delete those yourself.

    \b
    Example:
      tgstance prune --older-than 180d --dry-run
      tgstance -q prune --older-than 180d --yes
    """
    from tgstance.pruning import Choice

    choice = Choice(before, gold=options["gold"], old_scores=options["old_scores"])
    if dry_run:
        with session.open_read_only() as archive:
            click.echo(_told(_count(archive, choice), choice))
        return
    if not session.has_archive():
        raise ArchiveNameError(
            f"{session.archive_location or session.config.archive}: is not there"
        )
    with session.open_archive() as archive:
        old = _count(archive, choice)
    _check(old, choice, unlabelled=options["unlabelled"])
    if not yes:
        _ask(old, choice)
    _prune(session, choice, old)


def _count(archive: "Archive", choice: "Choice") -> "Old":
    from tgstance.pruning import count_old

    with archive.connect() as connection:
        return count_old(connection, choice)


def _told(old: "Old", choice: "Choice") -> str:
    line = (
        f"before {choice.before:%Y-%m-%d %H:%M} UTC: {old.posts} posts have words, {old.versions} "
        f"earlier versions too; {old.texts} texts are of no later post"
    )
    if old.unlabelled:
        line += f"; {old.unlabelled} have no label yet"
    if old.gold:
        line += f"; {old.gold} are of gold samples and {'go too' if choice.gold else 'stay'}"
    return line


def _check(old: "Old", choice: "Choice", *, unlabelled: bool) -> None:
    if old.unlabelled and not unlabelled:
        raise ConfigError(
            f"{old.unlabelled} texts from before {choice.before:%Y-%m-%d} have no label, and could "
            "never get one: run `tgstance score` first, or drop them as they are with --unlabelled"
        )


def _ask(old: "Old", choice: "Choice") -> None:
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise ConfigError("prune drops texts for good: say --yes where nobody can be asked")
    click.echo(_told(old, choice), err=True)
    click.confirm("Drop them for good?", abort=True, err=True)


def _prune(session: Session, choice: "Choice", old: "Old") -> None:
    from tgstance.logs import log
    from tgstance.pruning import prune as drop
    from tgstance.terminal import progress

    with (
        session.run("prune", alone=True) as (archive, run),
        progress("prune", old.posts + old.texts, quiet=session.quiet) as advance,
        session.stop.at_safe_points() as check,
    ):
        run.summary["before"] = choice.before.isoformat()

        def after_batch(count: int) -> None:
            advance(count)
            check()

        done: dict[str, Any] = drop(archive, choice, session.config, after_batch)
        run.summary.update(done)
    counts = [f"{done['posts']} posts", f"{done['versions']} earlier versions"]
    counts += [f"{done['texts']} texts emptied", f"{done['unused']} unused ones deleted"]
    counts += [f"{done['scores']} scores of other models deleted"] if "scores" in done else []
    log.info("before %s UTC: %s", f"{choice.before:%Y-%m-%d %H:%M}", ", ".join(counts))
