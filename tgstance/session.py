"""What every command needs: the configuration, the open archive, the lock, the recorded run."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tgstance.stopping import Stop

if TYPE_CHECKING:
    from collector.archive import Archive, Migrations
    from tgstance.config import Config
    from tgstance.runs import Run

__all__ = ["Session", "all_packages"]


@dataclass
class Session:
    """One call of the command, with the options that all commands share."""

    config_path: Path
    archive_location: str | None = None
    quiet: bool = False
    config_named: bool = False  # whether the user says where the configuration is
    stop: Stop = field(default_factory=Stop)
    _alone: bool = field(default=False, init=False)  # whether it holds the lock already
    _outer: str | None = field(default=None, init=False)  # the run that others are stages of

    @cached_property
    def config(self) -> "Config":
        """The checked configuration."""
        from tgstance.config import load_config

        return load_config(self.config_path)

    @cached_property
    def config_or_defaults(self) -> "Config":
        """The checked configuration, or every default where there is none and none was named."""
        from tgstance.config import default_config

        if self.config_named or self.config_path.exists():
            return self.config
        return default_config(self.config_path)

    def allow(self, time: timedelta) -> None:
        """Let what runs from now on end in order after some time."""
        self.stop = Stop(monotonic() + time.total_seconds())

    def open_archive(self) -> "Archive":
        """Open the archive with the tables of all packages."""
        from collector.archive import open_archive

        return open_archive(self.archive_location or self.config.archive, all_packages())

    def open_read_only(self) -> "Archive":
        """Open the archive if there is one, and change nothing about it."""
        from collector.archive import open_read_only

        return open_read_only(self.archive_location or self.config.archive, all_packages())

    def has_archive(self) -> bool:
        """Whether there is an archive yet; a database server is taken to have one."""
        location = str(self.archive_location or self.config.archive)
        return "://" in location or Path(location).exists()

    @contextmanager
    def run(self, command: str, *, alone: bool) -> Iterator[tuple["Archive", "Run"]]:
        """Open the archive and record a run; `alone` keeps other writing runs out meanwhile.

        A run within a run that is alone needs no lock of its own; on a server some run side by
        side. Raises DeferredError when another one holds a lock that it needs.
        """
        from tgstance.runs import recorded

        with (
            self.open_archive() as archive,
            self._locked(archive, command) if alone and not self._alone else nullcontext(),
            recorded(archive, command, self.config.as_json(), part_of=self._outer) as run,
            self._around_stages(run),
        ):
            yield archive, run

    @contextmanager
    def _around_stages(self, run: "Run") -> Iterator[None]:
        before, self._outer = self._outer, self._outer or run.id
        try:
            yield
        finally:
            self._outer = before

    @contextmanager
    def _locked(self, archive: "Archive", command: str) -> Iterator[None]:
        from tgstance.locks import hold_archive

        with hold_archive(archive, command) as alone:
            self._alone = alone
            try:
                yield
            finally:
                self._alone = False


def all_packages() -> "list[Migrations]":
    """Return whose tables an archive has, in the order in which they are migrated."""
    from collector.archive import COLLECTOR
    from models.tables import MODELS
    from reports.annotation.tables import REPORTS
    from tgstance.runs import TGSTANCE

    return [COLLECTOR, MODELS, REPORTS, TGSTANCE]
