"""What all checks are given."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ConfigError
from tgstance.doctor.finding import SkippedError
from tgstance.session import Session

if TYPE_CHECKING:
    from tgstance.config import Config

__all__ = ["Case", "since"]


@dataclass
class Case:
    """The installation that is looked at, and how closely.

    `stale` is how old the last success of a stage or channel may be. `quick` leaves out what has to
    load models, `thorough` reads all of the archive. `now` is by this machine's clock.
    """

    session: Session
    stale: timedelta = timedelta(days=2)
    quick: bool = False
    thorough: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def config(self) -> "Config":
        """The configuration. Raises SkippedError if it cannot be read."""
        try:
            return self.session.config
        except ConfigError as error:
            raise SkippedError(
                "needs the configuration, which cannot be read", "mend the configuration"
            ) from error

    @cached_property
    def location(self) -> str | Path:
        """Where the archive is. Raises SkippedError if only the configuration could tell.

        A configuration with something wrong elsewhere can tell.
        """
        if self.session.archive_location:
            return self.session.archive_location
        try:
            return self.config.archive
        except SkippedError:
            named = _named_archive(self.session.config_path)
            if named is None:
                raise
            return named

    @property
    def file(self) -> Path | None:
        """The archive's file; None for a database server. Raises what `location` does."""
        from collector.archive import archive_url

        url = archive_url(self.location)
        is_file = url.get_backend_name() == "sqlite"
        return Path(url.database).resolve() if is_file and url.database else None


def _named_archive(config: Path) -> str | Path | None:
    """Return the archive that a file names which is no right configuration; None if it does not."""
    from tgstance.config import default_config, read_values

    try:
        section = read_values(config).get("archive", {})
    except ConfigError:
        return None
    location = section.get("location") if isinstance(section, dict) else 0
    if location is None:
        return default_config(config).archive
    if not isinstance(location, str):
        return None
    return location if "://" in location else config.resolve().parent / Path(location).expanduser()


def since(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, roughly."""
    hours = (now - moment).total_seconds() / 3600
    if hours < 1:
        return f"{hours * 60:.0f} minutes ago"
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"  # noqa: PLR2004
