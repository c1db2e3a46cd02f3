"""Judges the data behind a report by its quality gates."""

from datetime import datetime

from sqlalchemy import Connection

from reports.gates.channels import channel_verdicts
from reports.gates.limits import Gates
from reports.gates.mixes import mix_verdicts
from reports.gates.verdict import Verdict
from reports.gates.window import judged_window
from reports.selection import Selection

__all__ = ["judge"]


def judge(
    connection: Connection, selection: Selection, gates: Gates, now: datetime
) -> list[Verdict]:
    """Return what each gate finds about the selection's channels and targets at a moment.

    `now` has a time zone. The posts of the archive are judged, in anybody's words, whatever the
    report's period: those of the last whole days, of a channel that is younger from its first on.
    """
    window = judged_window(gates, selection, now)
    return [
        *channel_verdicts(connection, selection, gates, window, now),
        *mix_verdicts(connection, selection, gates, window),
    ]
