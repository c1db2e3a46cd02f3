"""Runs all checks, in the order in which they are shown."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ArchiveError, TgstanceError
from tgstance.doctor import (
    archive_checks,
    collecting_checks,
    lock_check,
    model_checks,
    report_checks,
    run_checks,
    scoring_checks,
    settings,
    version_checks,
)
from tgstance.doctor.case import Case
from tgstance.doctor.finding import Finding, SkippedError, State, Verdict, warning, wrong

if TYPE_CHECKING:
    from collector.archive import Archive

__all__ = ["examine"]

_PRESENCE = "archive"
_VERSION = "archive migrations"

_Check = Callable[[Case, "Archive"], Verdict]

_OF_ANY_ARCHIVE: dict[str, _Check] = {
    _PRESENCE: archive_checks.check_presence,
    "archive integrity": archive_checks.check_integrity,
    _VERSION: archive_checks.check_version,
    "archive room": archive_checks.check_room,
    "archive access": archive_checks.check_access,
    "archive lock": lock_check.check_lock,
}
_OF_A_CURRENT_ARCHIVE: dict[str, _Check] = {
    "clock": run_checks.check_clock,
    "channels": collecting_checks.check_channels,
    "flood waits": collecting_checks.check_floods,
    "coverage": collecting_checks.check_coverage,
    "outdated scores": scoring_checks.check_outdated_scores,
    "unscored posts": scoring_checks.check_unscored,
    **{f"last {name}": run_checks.last_run_check(name) for name in run_checks.COMMANDS},
    "newest report": report_checks.check_newest_report,
}


def examine(case: Case) -> list[Finding]:
    """Return what every check finds; nothing on this machine is changed, and nobody is asked.

    (But for the hub, whether it is there, where a configured model of it is not.)
    """
    return [
        _attempt("configuration", settings.check_configuration, case),
        _attempt("session", settings.check_session, case),
        *_models(case),
        *_archive(case),
        _attempt("report directory", report_checks.check_report_directory, case),
        _attempt("leftovers", report_checks.check_leftovers, case),
        _attempt("versions", version_checks.check_versions, case),
    ]


def _models(case: Case) -> Iterator[Finding]:
    try:
        for check, verdict in model_checks.model_verdicts(case):
            yield Finding(check, verdict.state, verdict.found, verdict.fix)
    except SkippedError as reason:
        for task in ("sentiment", "stance"):
            yield Finding(f"{task} model", State.SKIPPED, str(reason), reason.fix)


def _archive(case: Case) -> list[Finding]:
    """Look at the archive; once more if a run has begun to write to it meanwhile.

    While nobody writes, the file is read as one that cannot change; where runs come and go, as
    they read it.
    """
    before = _seen(case)
    found = list(_archive_once(case, untouched=True))
    after = _seen(case)
    in_use = after is True and any(finding.state is State.WRONG for finding in found)
    return list(_archive_once(case, untouched=False)) if in_use or after != before else found


def _seen(case: Case) -> object:
    """Return what changes when somebody begins or ends to write, but not while they write."""
    try:
        path = case.file
    except (SkippedError, TgstanceError):
        return None
    if path is None or not path.exists():
        return None
    if path.with_name(f"{path.name}-wal").exists():
        return True
    return path.stat().st_mtime_ns, path.stat().st_size


def _archive_once(case: Case, *, untouched: bool) -> Iterator[Finding]:
    from collector.archive import open_read_only

    try:
        if case.file and not case.file.exists():
            yield from _without(case, _absent(case.file))
            return
        with open_read_only(case.location, (), untouched=untouched) as archive:
            yield from _opened(case, archive)
    except SkippedError as reason:
        fix = f"{reason.fix}, or give --archive"
        yield from _without(case, Verdict(State.SKIPPED, str(reason), fix))
    except TgstanceError as error:
        yield from _without(case, wrong(str(error), _mending(case, str(error))))


def _absent(path: Path) -> Verdict:
    if path.parent.is_dir() or not path.parent.exists():
        return warning(f"{path}: there is none yet", "tgstance collect, or: tgstance import FILE")
    return wrong(f"{path}: {path.parent} is no directory", "name another archive")


def _opened(case: Case, archive: "Archive") -> Iterator[Finding]:
    found = [_attempt(name, check, case, archive) for name, check in _OF_ANY_ARCHIVE.items()]
    yield from found
    version = next(one for one in found if one.check == _VERSION)
    if version.state is State.OK:
        for name, check in _OF_A_CURRENT_ARCHIVE.items():
            yield _attempt(name, check, case, archive)
    else:
        yield from _not_read(case, "needs an archive of this version", version.fix)


def _without(case: Case, verdict: Verdict) -> Iterator[Finding]:
    """Yield the verdict of an archive that cannot be read, and leave out what is about it."""
    yield Finding(_PRESENCE, verdict.state, verdict.found, verdict.fix)
    rest = [name for name in _OF_ANY_ARCHIVE if name != _PRESENCE]
    yield from _skipped(rest, "needs an archive", verdict.fix)
    yield from _not_read(case, "needs an archive", verdict.fix)


def _not_read(case: Case, why: str, fix: str) -> Iterator[Finding]:
    yield _attempt("clock", run_checks.check_clock_alone, case)
    yield from _skipped([name for name in _OF_A_CURRENT_ARCHIVE if name != "clock"], why, fix)


def _skipped(names: Sequence[str], why: str, fix: str) -> Iterator[Finding]:
    return (Finding(name, State.SKIPPED, why, fix) for name in names)


def _attempt(name: str, check: Callable[..., Verdict], case: Case, *archive: "Archive") -> Finding:
    """Return what a check finds, or why it could not."""
    try:
        verdict = check(case, *archive)
    except SkippedError as reason:
        verdict = Verdict(State.SKIPPED, str(reason), reason.fix)
    except ArchiveError as error:
        verdict = wrong(str(error), _mending(case, str(error)))
    except TgstanceError as error:
        verdict = wrong(str(error), "mend that")
    except OSError as error:
        verdict = wrong(f"{error.filename}: {error.strerror}", "mend that")
    except Exception as error:  # noqa: BLE001 (the fault of one check must not hide the others)
        verdict = wrong(f"cannot be checked: {type(error).__name__}: {error}", "report this")
    return Finding(name, verdict.state, verdict.found, verdict.fix)


def _mending(case: Case, message: str) -> str:
    """Return what mends an archive that could not be read."""
    if "://" in str(case.location):
        return "see to its server, or correct the location of the archive"
    if "disk is full" in message:
        return "free some of the disk of the archive, or move the archive"
    if "in use by another program" in message:
        return "end that program, and run tgstance doctor again"
    newer = "newer tgstance" in message
    return "pip install --upgrade tgstance" if newer else "restore a backup, or name another one"
