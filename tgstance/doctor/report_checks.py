"""Checks of where reports go: whether they can, what is there, and what killed runs left."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING

from tgstance.doctor.case import Case, since
from tgstance.doctor.finding import Verdict, listed, ok, warning, wrong
from tgstance.reporting.publishing import LATEST
from tgstance.runs import last_runs

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["check_leftovers", "check_newest_report", "check_report_directory"]

_PUBLISH = "tgstance run --stage report"
_LOCKED = ".unfinished-*"  # of tgstance.reporting.publishing, which runs under the lock
_LOCKLESS = ".writing-*"  # of reports.replacing and collector.beside, which do not
_AT_WORK_S = 3600.0


def check_report_directory(case: Case) -> Verdict:
    """Tell whether reports can be written where they are to go."""
    root = case.config.report_directory
    there = next(path for path in (root, *root.parents) if path.exists())
    if not there.is_dir():
        return wrong(f"{there} is a file", f"move it away, or edit {case.session.config_path}")
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        return wrong(f"{there} cannot be written", f"chown or chmod {quote(str(there))}")
    link = root / LATEST
    if link.is_symlink() and not link.is_dir():
        return wrong(f"{link} points at {link.readlink()}, which is gone", _PUBLISH)
    return ok(str(root) if there == root else f"{root} will be made")


def check_newest_report(case: Case, archive: "Archive") -> Verdict:
    """Tell when the newest report was written, and whether it is still there."""
    last = last_runs(archive, "report", 1, good=True)
    if not last:
        return warning("there is none yet", "tgstance report")
    directory = Path(last[0].summary.get("directory", ""))
    times = [path.stat().st_mtime for path in directory.glob("[!.]*") if path.is_file()]
    if not times:
        return warning(f"{directory}, of run {last[0].id}, is gone", "tgstance report")
    written = datetime.fromtimestamp(max(times), UTC)
    return ok(f"{directory}, written {written:%Y-%m-%d %H:%M} UTC, {since(written, case.now)}")


def check_leftovers(case: Case) -> Verdict:
    """Name temporary files that killed runs have left."""
    found = [str(path) for path in _leftovers(case)]
    if not found:
        return ok("none")
    return warning(f"killed runs have left {listed(found)}", join(["rm", "-r", *found]))


def _leftovers(case: Case) -> Iterator[Path]:
    from tgstance.locks import held_by

    root, archive = case.config.report_directory, case.file
    free = archive is not None and held_by(archive) is None
    for path in sorted(root.glob(_LOCKED)):
        if free or _is_old(case, path):
            yield path
    places = {root, *root.glob("*/"), *([archive.parent] if archive else [])}  # backups lie there
    for path in sorted(path for place in places for path in place.glob(_LOCKLESS)):
        if _is_old(case, path):
            yield path


def _is_old(case: Case, path: Path) -> bool:
    return case.now.timestamp() - path.lstat().st_mtime > _AT_WORK_S
