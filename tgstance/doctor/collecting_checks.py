"""Checks of what collecting has left: channels not seen for long, floods, gaps."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, select

from collector.coverage import asked_share, ledger
from collector.naming import ChannelName, parse_channels
from collector.tables import channels, flood_waits, names
from tgstance.doctor.case import Case, since
from tgstance.doctor.finding import Verdict, listed, ok, warning, wrong
from tgstance.runs import last_runs

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["check_channels", "check_coverage", "check_floods"]

_LEAST_COVERAGE = 0.95
_LOOKED_BACK = 20  # runs, of which each may be of other channels
_WELL = ("done", "repeated", "cut off")


def check_channels(case: Case, archive: "Archive") -> Verdict:
    """Tell which configured channels were never collected, not for long, or not at their last turn.

    Only one that has been collected, and not since `stale`, is wrong.
    """
    wanted = parse_channels(one.name for one in case.config.collect.channels)
    if not wanted:
        return ok(f"none are configured in {case.session.config_path}")
    failures = _last_failures(archive)
    old, other = [], []
    with archive.connect() as connection:
        for name in wanted:
            collected = connection.scalar(_collected_at(name))
            why = f" ({failures[str(name)]})" if str(name) in failures else ""
            if collected is None:
                other.append(f"{name} was never collected{why}")
            elif case.now - collected > case.stale:
                old.append(f"{name} was last collected {since(collected, case.now)}{why}")
            elif why:
                other.append(f"{name} failed at its last turn{why}")
    if not old and not other:
        return ok(
            f"{len(wanted)} configured, all collected since {case.now - case.stale:%Y-%m-%d %H:%M}"
        )
    fix = f"tgstance collect; a channel that is gone: edit {case.session.config_path}"
    return (wrong if old else warning)(listed(old + other), fix)


def check_floods(case: Case, archive: "Archive") -> Verdict:
    """Tell for what Telegram wants to be left alone until when."""
    query = select(flood_waits).where(flood_waits.c.not_before > case.now)
    with archive.connect() as connection:
        waits = connection.execute(query.order_by(flood_waits.c.not_before)).all()
    if not waits:
        return ok("none is pending")
    told = [f"no {wait.method} before {wait.not_before:%Y-%m-%d %H:%M:%S} UTC" for wait in waits]
    return warning(f"Telegram wants {listed(told)}", "wait; tgstance does not ask before that")


def check_coverage(_case: Case, archive: "Archive") -> Verdict:
    """Tell of which channels a part of the message ids was never asked for."""
    query = select(channels).where(channels.c.newest_id.is_not(None)).order_by(channels.c.id)
    with archive.connect() as connection:
        rows = connection.execute(query).all()
        found = [(row, asked_share(row, ledger(connection, row.id))) for row in rows]
    shares = [(row, share) for row, share in found if share is not None]
    gaps = [(row, share) for row, share in shares if share < _LEAST_COVERAGE]
    if not shares:
        return ok("no channel was collected yet")
    if not gaps:
        least = min(share for _, share in shares)
        return ok(f"{least:.1%} or more of the ids of each channel were asked for")
    told = [f"{_called(row)} {share:.1%}" for row, share in gaps]
    return warning(f"never asked for all ids of {listed(told)}", "tgstance collect")


def _collected_at(name: ChannelName) -> Any:  # noqa: ANN401 (a query of one column)
    """Select when everything wanted of a channel was in the archive last."""
    query = select(channels.c.collected_at)
    if name.telegram_id is not None:
        return query.where(channels.c.telegram_id == name.telegram_id)
    meant = select(names.c.channel_id).where(names.c.name == name.username)
    called = func.lower(channels.c.username) == name.username
    is_meant = channels.c.id.in_(meant)
    return query.where(is_meant | called).order_by(is_meant.desc()).limit(1)


def _last_failures(archive: "Archive") -> dict[str, str]:
    """Return why channels came to nothing, of those that did at their last turn."""
    last: dict[str, dict[str, Any]] = {}
    for run in last_runs(archive, "collect", _LOOKED_BACK):
        for name, entry in run.summary.get("channels", {}).items():
            last.setdefault(name, entry)
    return {
        name: str(entry.get("reason") or entry["ending"])
        for name, entry in last.items()
        if entry["ending"] not in _WELL
    }


def _called(row: Row[Any]) -> str:
    return f"@{row.username}" if row.username else f"id {row.telegram_id}"
