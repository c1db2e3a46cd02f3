"""`datapackage.json`: what each file of a report is, for programs and for people.

It follows the Frictionless Data Package (specs.frictionlessdata.io, v1): CSV files are tabular data
resources, whose columns it describes; Parquet, Excel and HTML files are data resources.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.contract import FILES, PACKAGE, ReportFile
from reports.formats.kinds import MEDIA_TYPES, Format

__all__ = [
    "NAME",
    "PAGE",
    "datapackage",
    "described_files",
    "file_name",
    "page_resource",
    "resource",
]

NAME = "datapackage.json"
PAGE = "report.html"


def file_name(file: ReportFile, form: Format) -> str:
    """Return what a table's file is called in a format: `stance.parquet`."""
    return f"{_stem(file)}.{form}"


def datapackage(resources: Sequence[dict[str, Any]], *, created: str) -> dict[str, Any]:
    """Describe a report by its files; `created` is a moment in ISO 8601."""
    tabular = all(found["profile"] == "tabular-data-resource" for found in resources)
    return {
        "profile": "tabular-data-package" if tabular else "data-package",
        "name": PACKAGE,
        "title": "Stance and sentiment of Telegram channels",
        "created": created,
        "resources": list(resources),
    }


def resource(file: ReportFile, form: Format, *, bom: bool) -> dict[str, Any]:
    """Describe one table in one format; `bom` is about CSV."""
    is_csv = form is Format.CSV
    fields = [
        {"name": field.name, "type": field.type, "description": field.description}
        for field in file.fields
    ]
    return {
        "profile": "tabular-data-resource" if is_csv else "data-resource",
        "name": _stem(file) if is_csv else f"{_stem(file)}-{form}",  # names are unique
        "title": file.title,
        "path": file_name(file, form),
        "format": str(form),
        "mediatype": MEDIA_TYPES[form],
        **(_of_csv(bom=bom) if is_csv else {}),
        "schema": {"fields": fields, "missingValues": [""]},
    }


def page_resource() -> dict[str, Any]:
    """Describe the page."""
    return {
        "profile": "data-resource",
        "name": "report",
        "title": "The report as a page for people",
        "path": PAGE,
        "format": str(Format.HTML),
        "mediatype": MEDIA_TYPES[Format.HTML],
        "encoding": "utf-8",
    }


def described_files(directory: Path) -> set[str]:
    """Return our files in `directory`, by its data package: a file of the user's is not ours."""
    try:
        package = json.loads((directory / NAME).read_text(encoding="utf-8"))
        paths = {found["path"] for found in package["resources"]}
        is_ours = package.get("name") == PACKAGE
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    ours = {file_name(file, form) for file in FILES for form in Format if form.is_table}
    return paths & (ours | {PAGE}) if is_ours else set()


def _of_csv(*, bom: bool) -> dict[str, Any]:
    dialect = {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "header": True}
    return {"encoding": "utf-8-sig" if bom else "utf-8", "dialect": dialect}


def _stem(file: ReportFile) -> str:
    return Path(file.name).stem
