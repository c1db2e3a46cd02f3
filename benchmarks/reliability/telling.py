"""What the doctor should say, told from the files and tables as they are, and what it says."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.reliability.installation import Installation
from benchmarks.reliability.truth import SCORES, copied, fingerprint, wanted_scores

__all__ = ["expected", "lies", "told"]

COMMANDS = ("collect", "score", "report", "run")
WELL = ("done", "repeated", "cut off")
_FULL = {"archive room": "wrong"}  # of which there can be too little to read anything else
Findings = dict[str, str]  # state by check, of what is a warning or wrong


def lies(home: Installation, also: Mapping[str, str] | None = None) -> list[str]:
    """Ask the doctor; return what it says that is not so, and what it does not say and is so.

    `also` is what else it should say, by check.
    """
    should = expected(home) | dict(also or {})
    says = told(home)
    if says == _FULL and says.items() <= should.items():
        return []
    false = [f"{one} is not {says[one]}" for one in says if should.get(one) != says[one]]
    return false + [f"{one} is {should[one]}" for one in should if one not in says]


def told(home: Installation) -> Findings:
    """Return what the doctor finds not well."""
    ran = home.run("doctor", "--quick", "--json")
    if ran.code not in (0, 5):
        return {"doctor": f"exit code {ran.code}: {ran.err}"}
    rows = json.loads(ran.out)
    now = [row["found"] for row in rows if not row["check"].startswith("last ")]
    if any("disk is full" in found for found in now):  # with which all is said
        return _FULL
    return {row["check"]: row["state"] for row in rows if row["state"] in ("warning", "wrong")}


def expected(home: Installation) -> Findings:
    """Return what is not well with an installation on which nobody works."""
    found: Findings = {}
    if [*home.reports.glob(".unfinished-*")]:
        found["leftovers"] = "warning"
    link = home.reports / "latest"
    if link.is_symlink() and not link.exists():
        found["report directory"] = "wrong"
    if not home.archive.exists():
        return found | {"archive": "warning"}
    with copied(home) as copy, closing(sqlite3.connect(copy)) as database:
        database.row_factory = sqlite3.Row
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return found | {"archive migrations": "warning"}
        return found | _of_tables(home, database)


def _of_tables(home: Installation, database: sqlite3.Connection) -> Findings:
    judged = {
        "channels": _is_uncollected(home, database),
        "coverage": _has_gaps(database),
        "unscored posts": _is_unscored(home, database),
        "newest report": not _has_report(database),
        "flood waits": _is_waiting(database),
        **{f"last {name}": not _ended_well(database, name) for name in COMMANDS},
    }
    found = {check: "warning" for check, is_so in judged.items() if is_so}
    if _is_of_the_future(database):
        found["clock"] = "wrong"
    return found


def _ended_well(database: sqlite3.Connection, command: str) -> bool:
    query = "SELECT exit_code FROM runs WHERE command = ? ORDER BY started_at DESC LIMIT 1"
    row = database.execute(query, (command,)).fetchone()
    return row is None or row["exit_code"] == 0


def _is_uncollected(home: Installation, database: sqlite3.Connection) -> bool:
    query = "SELECT lower(username) FROM channels WHERE collected_at IS NOT NULL"
    collected = {row[0] for row in database.execute(query)}
    last: dict[str, Any] = {}
    query = "SELECT summary FROM runs WHERE command = 'collect' ORDER BY started_at DESC LIMIT 20"
    for row in database.execute(query):
        for name, entry in json.loads(row["summary"]).get("channels", {}).items():
            last.setdefault(name, entry)
    failed = any(entry["ending"] not in WELL for entry in last.values())
    return failed or any(channel.username not in collected for channel in home.served.channels)


def _has_gaps(database: sqlite3.Connection) -> bool:
    for row in database.execute("SELECT * FROM channels WHERE newest_id IS NOT NULL").fetchall():
        query = "SELECT first_id, last_id FROM coverage WHERE channel_id = ?"
        asked: set[int] = set()
        for first, last in database.execute(query, (row["id"],)):
            asked.update(range(first, last + 1))
        if asked:
            wanted = range(row["wanted_from"] or min(asked), max(row["newest_id"], *asked) + 1)
            if sum(number in asked for number in wanted) / max(1, len(wanted)) < 0.95:
                return True
    return False


def _is_unscored(home: Installation, database: sqlite3.Connection) -> bool:
    query = """SELECT count(*) FROM posts LEFT JOIN text_readings USING (text_hash)
               WHERE text_readings.text_hash IS NULL"""
    if database.execute(query).fetchone()[0]:
        return True
    model = fingerprint(home)
    scored = {tuple(row) for row in database.execute(SCORES, (model,))}
    texts = (row[0] for row in database.execute("SELECT text FROM posts"))
    return bool(wanted_scores(home, texts) - scored)


def _has_report(database: sqlite3.Connection) -> bool:
    query = """SELECT summary FROM runs WHERE command = 'report' AND exit_code IN (0, 5)
               ORDER BY started_at DESC LIMIT 1"""
    row = database.execute(query).fetchone()
    return row is not None and any(Path(json.loads(row["summary"])["directory"]).glob("[!.]*"))


def _is_waiting(database: sqlite3.Connection) -> bool:
    waits = [row[0] for row in database.execute("SELECT not_before FROM flood_waits")]
    return any(_moment(wait) > datetime.now(UTC) for wait in waits)


def _is_of_the_future(database: sqlite3.Connection) -> bool:
    newest = [
        database.execute(query).fetchone()
        for query in (
            "SELECT max(started_at) FROM runs",
            "SELECT first_seen FROM posts ORDER BY id DESC LIMIT 1",
        )
    ]
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return any(row and row[0] and _moment(row[0]) > soon for row in newest)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
