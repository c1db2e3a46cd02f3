"""tgstance status: what the archive holds and what is left to do."""

from typing import TYPE_CHECKING, Any

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

__all__ = ["status"]

_SHOWN_REPORTS = 3


@click.command(short_help="Show channels, posts, what is unscored, and the last reports.")
@click.pass_obj
def status(session: Session) -> None:
    """Show the channels and posts in the archive, what is not scored yet, and the last reports.

    \b
    Example:
      tgstance status
    """
    from tgstance.runs import last_runs

    if not session.has_archive():
        click.echo("no archive yet: `tgstance import FILE` makes it")
        return
    with session.open_archive() as archive:
        with archive.connect() as connection:
            _show_channels(connection)
            _show_scores(session, connection)
        reports = last_runs(archive, "report", _SHOWN_REPORTS)
    for run_id, started, summary in reports:
        click.echo(f"report {run_id}, {started:%Y-%m-%d %H:%M} UTC, in {summary.get('directory')}")
    if not reports:
        click.echo("no report yet: `tgstance report`")


def _show_channels(connection: "Connection") -> None:
    from tgstance.terminal import show_table

    rows = [
        (
            row.title or "",
            f"@{row.username}" if row.username else "",
            row.telegram_id or "",
            row.posts,
            f"{row.first:%Y-%m-%d}" if row.first else "",
            f"{row.last:%Y-%m-%d}" if row.last else "",
        )
        for row in connection.execute(_channels())
    ]
    columns = ["channel", "name", "id", "posts", "first", "last"]
    if rows:
        show_table(f"{sum(row[3] for row in rows)} posts of {len(rows)} channels", columns, rows)
    else:
        click.echo("the archive is empty: `tgstance import FILE`")


def _channels() -> "Select[Any]":
    from sqlalchemy import func, select

    from collector.tables import channels, posts

    return (
        select(
            channels.c.title,
            channels.c.username,
            channels.c.telegram_id,
            func.count(posts.c.id).label("posts"),
            func.min(posts.c.date).label("first"),
            func.max(posts.c.date).label("last"),
        )
        .join(posts, posts.c.channel_id == channels.c.id, isouter=True)
        .group_by(channels.c.id)
        .order_by(channels.c.title)
    )


def _show_scores(session: Session, connection: "Connection") -> None:
    from models.pending import count_relevant, count_unread, count_unscored

    config = session.config
    unread = count_unread(connection)
    relevant = count_relevant(connection, config.targets)
    stance = count_unscored(connection, "stance", config.stance_model.fingerprint, config.targets)
    mood = count_unscored(connection, "sentiment", config.sentiment_model.fingerprint, ())
    if unread:
        click.echo(f"{unread} posts are new: `tgstance score`")
        if not relevant and not mood:  # nothing was read yet, so noughts would say too much
            return
    click.echo(f"{relevant} relevant pairs of text and target, {stance} of them unscored")
    click.echo(f"{mood} texts without a sentiment score")
