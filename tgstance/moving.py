"""An exported archive of all packages, taken into the archive."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.archive import Archive
    from collector.moving.importing import Imported

__all__ = ["take_in"]


def take_in(archive: "Archive", directory: Path, on_rows: Callable[[int], None]) -> "Imported":
    """Take over what an export holds and the archive does not; all of it, or nothing.

    Raises InputError, as `collector.moving.importing.import_archive` does.
    """
    from collector.moving.importing import import_archive
    from models.moving import MODELS_RULES
    from reports.annotation.moving import REPORTS_RULES
    from tgstance.session import all_packages

    return import_archive(archive, directory, all_packages(), MODELS_RULES | REPORTS_RULES, on_rows)
