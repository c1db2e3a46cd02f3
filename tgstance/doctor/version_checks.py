"""Checks of what tgstance runs on."""

import sqlite3

from tgstance.doctor.case import Case
from tgstance.doctor.finding import Verdict, ok

__all__ = ["TESTED_TORCH", "check_versions"]

TESTED_TORCH = "2.13.0"  # as in constraints.txt

_PACKAGES = ("tgstance", "torch", "transformers", "Telethon", "SQLAlchemy")


def check_versions(_case: Case) -> Verdict:
    """List the versions that matter; none of them is wrong, or tgstance would not be installed."""
    from importlib.metadata import version

    from tgstance.runs import versions

    found = versions() | {name: version(name) for name in _PACKAGES}
    listed = {"python": found["python"]} | {name: found[name] for name in _PACKAGES}
    told = ", ".join(f"{name} {number}" for name, number in listed.items())
    torch = found["torch"].partition("+")[0]
    tested = "" if torch == TESTED_TORCH else f" (tested with torch {TESTED_TORCH})"
    return ok(f"{told}, SQLite {sqlite3.sqlite_version}{tested}")
