"""Brings channels up to date from the web preview."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.archive import Archive
from collector.collecting import Outcome, Run
from collector.floods import Floods
from collector.limits import Limits
from collector.naming import ChannelName
from collector.planning import Wish
from collector.preview.aside import Aside
from collector.preview.asking import Asker
from collector.preview.calls import Caller
from collector.preview.finding import Finder
from collector.preview.site import TELEGRAM_SITE, Connection, Site

__all__ = ["Preview", "Visit", "collect"]


@dataclass(frozen=True, slots=True)
class Preview:
    """Which site is asked, and the directory where pages that were not understood are kept."""

    aside: Path
    site: Site = TELEGRAM_SITE


def collect(
    archive: Archive,
    preview: Preview,
    wanted: Sequence[ChannelName],
    wish: Wish,
    *,
    limits: Limits,
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Bring channels up to date; `on_outcome` is told what became of each as soon as it is known.

    The channel that has waited longest comes first. Run it under a lock: one run per site.
    Raises DeferredError if the site cannot be asked now, ArchiveError if the archive fails; what
    was collected before stays.
    """
    run = Run(archive, wish, limits, on_outcome)

    async def work() -> None:
        async with Visit(archive, preview, limits) as finder:
            await run.collect(finder, wanted)

    asyncio.run(work())


class Visit:
    """A connection to the site, on which channels are found."""

    def __init__(self, archive: Archive, preview: Preview, limits: Limits) -> None:
        self.connection = Connection(preview.site, limits.deadline)
        caller = Caller(self.connection, Floods(archive, limits.max_wait), limits)
        self.finder = Finder(archive, Asker(caller, Aside(preview.aside)))

    async def __aenter__(self) -> Finder:
        return self.finder

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
