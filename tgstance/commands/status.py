"""tgstance status: what the archive holds and what is left to do."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

    from collector.archive import Archive

__all__ = ["status"]

_SHOWN_REPORTS = 3
_HOW_TO_FILL = "`tgstance collect`, or `tgstance import FILE`"


@click.command(short_help="Show channels, posts, coverage, what is unscored, and the last runs.")
@click.pass_obj
def status(session: Session) -> None:
    """Show the channels in the archive, what is not scored yet, and the last runs.

    Of channels that were collected, `coverage` is the share of the message ids that were asked
    for, of all from the first one wanted to the newest reported; `deleted` counts posts that were
    seen and are no more, `unknown` ids that never came back.

    \b
    Example:
      tgstance status
    """
    if not session.has_archive():
        click.echo(f"no archive yet: {_HOW_TO_FILL} makes it")
        return
    with session.open_archive() as archive:
        with archive.connect() as connection:
            _show_channels(connection)
            _show_waits(connection)
            _show_scores(session, connection)
        _show_runs(archive)


def _show_channels(connection: "Connection") -> None:
    from tgstance.terminal import show_table

    rows = [_channel_row(connection, row) for row in connection.execute(_channels())]
    columns = ["channel", "name", "id", "posts", "first", "last"]
    columns += ["collected (UTC)", "coverage", "deleted", "unknown"]
    if rows:
        show_table(f"{sum(row[3] for row in rows)} posts of {len(rows)} channels", columns, rows)
    else:
        click.echo(f"the archive is empty: {_HOW_TO_FILL}")


def _channel_row(connection: "Connection", row: "Row[Any]") -> tuple[Any, ...]:
    return (
        row.title or "",
        f"@{row.username}" if row.username else "",
        row.telegram_id or "",
        row.posts,
        f"{row.first:%Y-%m-%d}" if row.first else "",
        f"{row.last:%Y-%m-%d}" if row.last else "",
        f"{row.collected_at:%Y-%m-%d %H:%M}" if row.collected_at else "",
        *_coverage(connection, row),
    )


def _coverage(connection: "Connection", row: "Row[Any]") -> tuple[str, ...]:
    from collector.coverage import asked_share, ledger

    asked = ledger(connection, row.id)
    share = asked_share(row, asked)
    if share is None:
        return "", "", ""
    deleted = sum(part.deleted for part in asked)
    return f"{share:.1%}", str(deleted), str(sum(part.unknown for part in asked))


def _channels() -> "Select[Any]":
    from sqlalchemy import func, select

    from collector.tables import channels, posts
    from collector.text_order import by_code_point

    return (
        select(
            channels,
            func.count(posts.c.id).label("posts"),
            func.min(posts.c.date).label("first"),
            func.max(posts.c.date).label("last"),
        )
        .join(posts, posts.c.channel_id == channels.c.id, isouter=True)
        .group_by(channels.c.id)
        .having((func.count(posts.c.id) > 0) | channels.c.newest_id.is_not(None))
        .order_by(by_code_point(channels.c.title))
    )


def _show_waits(connection: "Connection") -> None:
    from sqlalchemy import select

    from collector.tables import flood_waits

    still = flood_waits.c.not_before > datetime.now(UTC)
    for wait in connection.execute(select(flood_waits).where(still)):
        until = f"{wait.not_before:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"Telegram wants no {wait.method} before {until}")


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


def _show_runs(archive: "Archive") -> None:
    from tgstance.runs import last_runs

    for run in last_runs(archive, "collect", 1):
        endings = [channel["ending"] for channel in run.summary.get("channels", {}).values()]
        counts = [f"{endings.count(ending)} {ending}" for ending in dict.fromkeys(endings)]
        ended = "not ended" if run.exit_code is None else f"exit code {run.exit_code}"
        when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"last collect {when}, {ended}: {', '.join(counts) or 'no channel'}")
    reports = last_runs(archive, "report", _SHOWN_REPORTS, good=True)
    for run in reports:
        where = run.summary.get("directory")
        click.echo(f"report {run.id}, {run.started_at:%Y-%m-%d %H:%M} UTC, in {where}")
    if not reports:
        click.echo("no report yet: `tgstance report`")
