"""What every command needs: the configuration, the open archive, the lock, the recorded run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.archive import Archive
    from tgstance.config import Config
    from tgstance.runs import Run

__all__ = ["Session"]


@dataclass
class Session:
    """One call of the command, with the options that all commands share."""

    config_path: Path
    archive_location: str | None = None
    quiet: bool = False
    config_named: bool = False  # whether the user says where the configuration is

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

    def open_archive(self) -> "Archive":
        """Open the archive with the tables of all packages."""
        from collector.archive import COLLECTOR, open_archive
        from models.tables import MODELS
        from reports.annotation.tables import REPORTS
        from tgstance.runs import TGSTANCE

        location = self.archive_location or self.config.archive
        return open_archive(location, [COLLECTOR, MODELS, REPORTS, TGSTANCE])

    def has_archive(self) -> bool:
        """Whether there is an archive yet; a database server is taken to have one."""
        location = str(self.archive_location or self.config.archive)
        return "://" in location or Path(location).exists()

    @contextmanager
    def run(self, command: str, *, alone: bool) -> Iterator[tuple["Archive", "Run"]]:
        """Open the archive and record a run; `alone` keeps other writing runs out meanwhile.

        Raises DeferredError when another run holds the lock.
        """
        from tgstance.runs import recorded

        with (
            self.open_archive() as archive,
            _locked(archive, command) if alone else nullcontext(),
            recorded(archive, command, self.config.as_json()) as run,
        ):
            yield archive, run


def _locked(archive: "Archive", command: str) -> AbstractContextManager[None]:
    """Lock a SQLite archive by a file beside it."""
    from tgstance.locks import hold

    if archive.engine.url.get_backend_name() != "sqlite":
        return nullcontext()
    return hold(Path(archive.engine.url.database or "").resolve(), f"tgstance {command}")
