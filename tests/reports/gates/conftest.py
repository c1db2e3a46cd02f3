"""The verdicts of gates about an archive, on the morning of Wednesday 12 November 2025."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.archive import Archive
from reports.gates.judging import judge
from reports.gates.limits import Gates
from reports.gates.verdict import Verdict
from reports.selection import Selection

NOW = datetime(2025, 11, 12, 9, 0, tzinfo=UTC)

Judge = Callable[..., list[Verdict]]


@pytest.fixture
def judged(archive: Archive, select_report: Callable[..., Selection]) -> Judge:
    """Return a function that judges by some gates; what else is given is of the selection."""

    def judged(gates: Gates, now: datetime = NOW, **selection: Any) -> list[Verdict]:
        with archive.connect() as connection:
            return judge(connection, select_report(**selection), gates, now)

    return judged
