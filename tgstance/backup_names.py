"""Names of backups that hold the date, and which of them are old."""

import re
from datetime import UTC, datetime
from pathlib import Path

from collector.errors import ConfigError

__all__ = ["dated", "older", "require_date"]

_CODES = {"Y", "m", "d", "H", "M", "S", "j", "%"}  # of strftime, those that are digits everywhere
_CODE = re.compile(r"%(.?)", re.DOTALL)


def dated(pattern: Path, moment: datetime) -> Path:
    """Return the path that a pattern such as backup-%Y-%m-%d.sqlite means at a moment, in UTC.

    Raises ConfigError for what is no code of a date.
    """
    for code in _CODE.findall(str(pattern)):
        if code not in _CODES:
            known = " ".join(f"%{one}" for one in sorted(_CODES))
            raise ConfigError(f"{pattern}: %{code} is none of {known} (%% is a percent sign)")
    return Path(_filled(str(pattern), moment))


def require_date(pattern: Path) -> None:
    """Raise ConfigError if a pattern's last part does not tell one day from another."""
    codes = set(_CODE.findall(pattern.name))
    if "Y" not in codes or not ("j" in codes or {"m", "d"} <= codes):
        raise ConfigError("--keep needs a date in the file's name: backup-%Y-%m-%d.sqlite")
    if _CODE.search(str(pattern.parent)):
        raise ConfigError("--keep looks in one directory: only the file's name may hold a date")


def older(pattern: Path, newest: Path, keep: int) -> list[Path]:
    """Return the files that a pattern has named before, but for the `keep` youngest.

    `newest`, which the pattern has just named, is one of those, whatever the clock says.
    """
    named = [
        (moment, path)
        for path in newest.parent.iterdir()
        if (moment := _moment(pattern.name, path.name)) and path.is_file() and path != newest
    ]
    named.sort(reverse=True)
    return [path for _, path in named[max(0, keep - 1) :]]


def _moment(pattern: str, name: str) -> datetime | None:
    """Return the date in a name, None if the pattern would not write it just so."""
    try:
        moment = datetime.strptime(name, pattern).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if _filled(pattern, moment) == name else None


def _filled(pattern: str, moment: datetime) -> str:
    """Fill in digits: strftime itself writes the year 987 without its nought."""
    values = {
        **{code: f"{moment:%{code}}" for code in "mdHMSj"},
        "Y": f"{moment.year:04d}",
        "%": "%",
    }
    return _CODE.sub(lambda code: values[code[1]], pattern)
