"""Runs the collector against the local server, and compares the archive with the server's truth."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Table, Update, select
from telethon.sessions import StringSession

from collector.archive import Archive
from collector.collecting import Outcome
from collector.coverage import Coverage, ledger
from collector.limits import Limits
from collector.naming import parse_channels
from collector.planning import BEGINNING, Wish
from collector.telegram.client import Account, Credentials
from collector.telegram.collecting import collect as collect_channels
from tests.collector.archived import all_channels, all_posts
from tests.telegram_server import ServedChannel, Truth

QUICK = Limits(pace=0, at_once=3, max_wait=3, deadline=5, attempts=5, first_pause=0.01)
ALL = Wish(BEGINNING)


def account_of(session: str) -> Account:
    return Account(StringSession(session), Credentials(1, "hash"))


class Outcomes(dict[str, Outcome]):
    """What became of each channel, by its name as the collector writes it."""

    def note(self, outcome: Outcome) -> None:
        assert str(outcome.name) not in self, "told twice"
        self[str(outcome.name)] = outcome


def collect(
    archive: Archive,
    session: str,
    names: Sequence[str],
    wish: Wish = ALL,
    **limits: Any,
) -> dict[str, Outcome]:
    """Collect channels; return what became of each, by its name as the collector writes it."""
    outcomes = Outcomes()
    wanted = parse_channels(names)
    chosen = replace(QUICK, **limits)
    collect_channels(
        archive, account_of(session), wanted, wish, limits=chosen, on_outcome=outcomes.note
    )
    return outcomes


def row_of(archive: Archive, channel: ServedChannel) -> dict[str, Any]:
    return next(row for row in all_channels(archive) if row["telegram_id"] == channel.id)


def stored(archive: Archive, channel: ServedChannel) -> list[dict[str, Any]]:
    key = row_of(archive, channel)["id"]
    return [post for post in all_posts(archive) if post["channel_id"] == key]


def coverage_of(archive: Archive, channel: ServedChannel) -> list[Coverage]:
    with archive.connect() as connection:
        return ledger(connection, row_of(archive, channel)["id"])


def as_truth(post: dict[str, Any]) -> Truth:
    numbers = {name: post[name] for name in ("views", "forwards", "replies", "grouped_id")}
    return Truth(
        id=post["message_id"],
        date=post["date"],
        text=post["text"],
        edit_date=post["edit_date"],
        reactions=post["reactions"] or None,
        service=False,
        **numbers,
    )


def assert_same(archive: Archive, channel: ServedChannel) -> None:
    """The archive has every post that is on the server, as it is there, and says so."""
    truth = [one for one in channel.truth() if not one.service]
    truth = [replace(one, reactions=one.reactions or None) for one in truth]
    mine = stored(archive, channel)
    assert [as_truth(post) for post in mine if post["deleted_at"] is None] == truth
    for part in coverage_of(archive, channel):
        inside = [p for p in mine if part.first_id <= p["message_id"] <= part.last_id]
        gone = [post for post in inside if post["deleted_at"]]
        members = [post for post in inside if post["album_head"] and not post["deleted_at"]]
        assert part.deleted == len(gone)
        assert part.album_member == len(members)
        assert part.received == len(inside) - len(gone) - len(members)
        assert part == part.with_unknown()


def endings(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: outcome.ending.value for name, outcome in outcomes.items()}


def numbers(archive: Archive, channel: ServedChannel) -> list[int]:
    """The ids of the stored posts, those that were deleted since too."""
    return [post["message_id"] for post in stored(archive, channel)]


def post_of(archive: Archive, channel: ServedChannel, message_id: int) -> dict[str, Any]:
    return next(post for post in stored(archive, channel) if post["message_id"] == message_id)


def spans_of(archive: Archive, channel: ServedChannel) -> list[tuple[int, int]]:
    return [part.span for part in coverage_of(archive, channel)]


def rows_of(archive: Archive, table: Table) -> list[dict[str, Any]]:
    with archive.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def change(archive: Archive, statement: Update) -> None:
    """Change the archive behind the collector's back."""
    with archive.begin() as connection:
        connection.execute(statement)
