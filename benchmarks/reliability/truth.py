"""Compares an archive and its newest report with what the server holds."""

import csv
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.reliability.installation import Installation
from models.model_name import EMBEDDED, ModelName
from models.reading import read, reading_hash
from models.targets import TargetMatcher
from tgstance.config import Config, load_config

__all__ = ["Damage", "copied", "find_damage", "fingerprint", "leftovers", "wanted_scores"]

Scored = tuple[str, str, str]  # hash of a reading, task, fingerprint of a target or ""

SCORES = """
SELECT readings.hash, scores.task, coalesce(targets.fingerprint, '') FROM scores
JOIN readings ON readings.id = scores.reading_id
JOIN models ON models.id = scores.model_id
LEFT JOIN targets ON targets.id = scores.target_id AND scores.target_id != 0
WHERE models.fingerprint = ?
"""
POSTS = """
SELECT channels.telegram_id, posts.message_id, posts.text FROM posts
JOIN channels ON channels.id = posts.channel_id WHERE posts.deleted_at IS NULL
"""


@dataclass
class Damage:
    """What is not as it should be: numbers of posts and scores, and the rest in words."""

    posts_lost: int = 0
    posts_twice: int = 0
    scores_lost: int = 0
    scores_twice: int = 0
    report: str = ""
    leftovers: str = ""

    def __bool__(self) -> bool:
        return self != Damage()


@contextmanager
def copied(home: Installation) -> Iterator[Path]:
    """Give a copy of the archive as it is, so that looking at it changes nothing about it.

    The index of the log is left out: SQLite makes it anew.
    """
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / home.archive.name
        for end in ("", "-wal"):
            source = home.archive.with_name(f"{home.archive.name}{end}")
            if source.exists():
                shutil.copyfile(source, copy.with_name(f"{copy.name}{end}"))
        yield copy


def find_damage(home: Installation) -> Damage:
    """Compare what an installation has with what its server holds, while neither changes."""
    damage = Damage(leftovers=", ".join(leftovers(home)))
    with copied(home) as copy:
        with closing(sqlite3.connect(copy)) as database:
            _compare_posts(home, database, damage)
            _compare_scores(home, database, damage)
        damage.report = _compare_report(home, copy)
    return damage


def leftovers(home: Installation) -> list[str]:
    """Return what no ended run should leave: temporary files, notes of locks, logs of SQLite."""
    patterns = ("**/.unfinished-*", "**/.writing-*", "*.lock.holder", "*-wal", "*-shm", "*-journal")
    return [path.name for pattern in patterns for path in home.directory.glob(pattern)]


def wanted_scores(home: Installation, texts: Iterator[str]) -> set[Scored]:
    """Return what of these texts is to be scored."""
    matcher, wanted = _matcher(home.config), set()
    for text in texts:
        reading, found = _understood(matcher, text)
        if reading:
            wanted.add((reading, "sentiment", ""))
            wanted.update((reading, "stance", target) for target in found)
    return wanted


def fingerprint(home: Installation) -> str:
    """Return that of the configured model, as it lies there now."""
    stance = configured(home.config).stance_model
    return _embedded() if stance.text == EMBEDDED else replace(stance).fingerprint


@cache
def _embedded() -> str:
    return ModelName().fingerprint


@cache
def configured(path: Path) -> Config:
    """Return the configuration, which is read once."""
    return load_config(path)


@cache
def _matcher(config: Path) -> TargetMatcher:
    return TargetMatcher(configured(config).targets)


@cache
def _understood(matcher: TargetMatcher, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the hash of what a model reads of a text, "" if nothing, and the targets in it."""
    reading = read(text)
    if not reading:
        return "", ()
    return reading_hash(reading), tuple(target.fingerprint for target in matcher.find(reading))


def _compare_posts(home: Installation, database: sqlite3.Connection, damage: Damage) -> None:
    found = Counter[tuple[int, int]]()
    texts = {}
    for channel, number, text in database.execute(POSTS):
        found[channel, number] += 1
        texts[channel, number] = text
    truth = {
        (channel.id, one.id): one.text
        for channel in home.served.channels
        for one in channel.truth()
    }
    damage.posts_lost = sum(texts.get(key) != text for key, text in truth.items())
    damage.posts_twice = sum(count - 1 for count in found.values()) + len(found.keys() - truth)


def _compare_scores(home: Installation, database: sqlite3.Connection, damage: Damage) -> None:
    model = fingerprint(home)
    found = Counter[Scored](database.execute(SCORES, (model,)).fetchall())
    texts = (one.text for channel in home.served.channels for one in channel.truth())
    damage.scores_lost = len(wanted_scores(home, texts) - found.keys())
    damage.scores_twice = sum(count - 1 for count in found.values())


def _compare_report(home: Installation, copy: Path) -> str:
    """Say what is wrong with the newest report, compared with one made afresh from a copy."""
    latest = home.reports / "latest"
    if not latest.is_symlink() or not latest.is_dir():
        return "latest points at nothing"
    if missing := _missing(latest):
        return f"{latest.readlink()} lacks {', '.join(missing)}"
    fresh = copy.parent / "fresh"
    ran = home.run("--archive", str(copy), "report", "--posts", "--out", str(fresh))
    if ran.code:
        return f"no fresh one: {ran.err}"
    tables = [path.name for path in fresh.glob("*.csv")]
    different = [name for name in tables if rows(fresh / name) != rows(latest / name)]
    return f"{', '.join(different)} differ" if different else ""


def _missing(report: Path) -> list[str]:
    description = report / "datapackage.json"
    if not description.exists():
        return [description.name]
    resources = json.loads(description.read_text(encoding="utf-8"))["resources"]
    return [one["path"] for one in resources if not (report / one["path"]).exists()]


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without the run that made them."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "run_id": ""} for row in csv.DictReader(file)]
