"""What every command needs: the configuration, the open archive, the lock, the recorded run."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import DeferredError

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

    @cached_property
    def config(self) -> "Config":
        """The checked configuration."""
        from tgstance.config import load_config

        return load_config(self.config_path)

    def open_archive(self) -> "Archive":
        """Open the archive with the tables of all packages."""
        from collector.archive import COLLECTOR, open_archive
        from models.tables import MODELS
        from tgstance.runs import TGSTANCE

        location = self.archive_location or self.config.archive
        return open_archive(location, [COLLECTOR, MODELS, TGSTANCE])

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
            _lock(archive) if alone else nullcontext(),
            recorded(archive, command, self.config.as_json()) as run,
        ):
            yield archive, run


@contextmanager
def _lock(archive: "Archive") -> Iterator[None]:
    """Hold an operating system's lock beside a SQLite archive; it ends with the process."""
    from filelock import FileLock, Timeout

    from tgstance.runs import unfinished

    if archive.engine.url.get_backend_name() != "sqlite":
        yield
        return
    database = Path(archive.engine.url.database or "")
    try:
        with FileLock(database.with_name(f"{database.name}.lock"), timeout=0):
            yield
    except Timeout as error:
        holder = unfinished(archive)
        who = f"{holder[0]}, since {holder[1]:%Y-%m-%d %H:%M:%S} UTC" if holder else "just started"
        raise DeferredError(
            f"{database}: another run holds the archive ({who}); try again when it has ended"
        ) from error
