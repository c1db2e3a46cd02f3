"""The formats of a report: their names, media types, and what has to be installed for them."""

from collections.abc import Iterable
from enum import StrEnum
from importlib import import_module

from collector.errors import ConfigError

__all__ = ["MEDIA_TYPES", "Format", "require", "require_installed"]


class Format(StrEnum):
    """A format that `tgstance report` writes; the value is also the files' extension."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    HTML = "html"

    @property
    def is_table(self) -> bool:
        """Whether each table of a report becomes a file of this format; HTML is one page of all."""
        return self is not Format.HTML


MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.HTML: "text/html",
}

_NEEDS = {Format.PARQUET: ("pyarrow", "parquet"), Format.XLSX: ("xlsxwriter", "excel")}


def require(formats: Iterable[Format]) -> None:
    """Raise ConfigError, with the way out, where a format cannot be written here."""
    for chosen in formats:
        if chosen in _NEEDS:
            package, extra = _NEEDS[chosen]
            require_installed(package, extra, f"--format {chosen}")


def require_installed(package: str, extra: str, option: str) -> None:
    """Raise ConfigError where `option` needs a package that cannot be imported."""
    try:
        import_module(package)
    except ImportError as error:
        raise ConfigError(f'{option} needs the extra: pip install "tgstance[{extra}]"') from error
