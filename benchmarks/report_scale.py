"""Times a report by day on a large archive: 5 million stance scores of 300 channels over a year.

    python benchmarks/report_scale.py [--posts 1000000] [--keep DIRECTORY]

The archive is made on the spot: posts of about 300 characters that all mention five targets, every
20th a copy of an earlier one, in the order in which collecting every day would have stored them.
The report is the installed command in a process of its own. Processor seconds are printed beside
those of the wall, for they tell more where other programs run too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from collector.archive import COLLECTOR, open_archive
from models.languages import language
from models.preparing import register
from models.reading import VERSION
from models.tables import MODELS
from tgstance.config import Config, load_config

__all__ = ["main"]

TGSTANCE = Path(sys.executable).with_name("tgstance")
NAMES = ("Трамп", "Путин", "Зеленский", "санкции", "НАТО")
CONFIG = '[report]\nperiod = "day"\n' + "".join(f'[[targets]]\nname = "{name}"\n' for name in NAMES)
CHANNELS = 300
DAYS = 365
TEXT = "Трамп, Путин и Зеленский обсудили санкции и НАТО. " * 6
STAGES = (["report", "--period", "day"], ["report", "--period", "month"])
ROW = "| {:<22} | {:>8} | {:>8} | {:>12} |"

# A post's number spread over a day, so that neighbours differ in everything that is computed of it.
MIXED = "(({0} * 2654435761) % 4294967296)"
POSTS = f"""
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :posts),
places(n, day, channel, mixed) AS (
    SELECT n, n * {DAYS} / :posts, 1 + n % {CHANNELS}, {MIXED.format("n")} FROM numbers
)
INSERT INTO posts (id, channel_id, message_id, date, text, permalink, views, forwards,
    forward_channel_id, source, first_seen, last_seen, text_hash)
SELECT n + 1, channel, 1 + n / {CHANNELS},
    strftime('%Y-%m-%d %H:%M:%S.000000', '2024-11-01', '+' || day || ' days',
             '+' || (mixed % 86400) || ' seconds'),
    'Пост ' || original || '. ' || :text, 'https://t.me/channel' || channel || '/' || (1 + n / {CHANNELS}),
    mixed % 50000, mixed % 300, CASE WHEN mixed % 10 = 0 THEN 77 END, 'telegram',
    strftime('%Y-%m-%d %H:%M:%S.000000', '2024-11-02', '+' || day || ' days'),
    strftime('%Y-%m-%d %H:%M:%S.000000', '2024-11-08', '+' || day || ' days'),
    printf('%08x%024x', {MIXED.format("original")}, original)
FROM (SELECT *, CASE WHEN mixed % 20 = 0 THEN n - n % 7000 ELSE n END AS original FROM places)
"""  # noqa: S608, E501 (our own numbers)
READINGS = """
INSERT INTO readings (id, hash, text, language, quoted)
SELECT min(id), text_hash, text, :language, id % 15 = 0 FROM posts GROUP BY text_hash ORDER BY 1
"""
TEXT_READINGS = "INSERT INTO text_readings SELECT hash, id, :version FROM readings ORDER BY id"
MENTIONS = """
INSERT INTO mentions (target_id, reading_id, spans)
SELECT :target, id, '[[8, 13]]' FROM readings ORDER BY id
"""
SCORES = f"""
INSERT INTO scores SELECT 1, :task, :target, id,
    CASE WHEN m % 100 < 10 THEN :minus WHEN m % 100 < 18 THEN :plus ELSE 'neutral' END,
    0.4 + m % 600 / 1000.0, 0.1, 0.8, 0.1, 0, '2025-11-01 00:00:00.000000', NULL
FROM (SELECT id, {MIXED.format("(id + 7 * :target)")} / 1000 AS m FROM readings ORDER BY id)
"""  # noqa: S608 (our own numbers)


def main() -> None:
    """Make the archive unless it is there, run the reports, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="leave the archive in this directory, or use it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = options.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / "tgstance.sqlite").exists():
            started = time.perf_counter()
            make_archive(directory, options.posts)
            print(f"archive made in {time.perf_counter() - started:.0f} s")
        print(ROW.format("command", "wall s", "cpu s", "peak memory"))
        print(ROW.format("---", "--:", "--:", "--:"))
        for stage in STAGES:
            wall, cpu, peak = timed(stage, directory)
            print(ROW.format(" ".join(stage), f"{wall:.1f}", f"{cpu:.1f}", f"{peak:,.0f} MB"))


def timed(arguments: Sequence[str], directory: Path) -> tuple[float, float, float]:
    """Run the command; return seconds of the wall and of processors, and peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [TGSTANCE, "-q", *arguments], cwd=directory, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[0]} failed: status {status}")
    wall = time.perf_counter() - started
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make_archive(directory: Path, posts: int) -> None:
    """Write a configuration and the archive that scoring would have left for it."""
    path = directory / "tgstance.toml"
    path.write_text(CONFIG, encoding="utf-8")
    config = load_config(path)
    with open_archive(config.archive, [COLLECTOR, MODELS]) as archive:
        with archive.begin() as connection:
            run(connection, "PRAGMA cache_size = -100000")
            make_channels(connection, posts)
            run(connection, POSTS, posts=posts, text=TEXT)
        with archive.begin() as connection:
            run(connection, READINGS, language=language(TEXT))
            run(connection, TEXT_READINGS, version=VERSION)
        with archive.begin() as connection:
            make_scores(connection, config)


def make_channels(connection: Connection, posts: int) -> None:
    """Write the channels, and that Telegram was asked for all their posts."""
    columns = "id, telegram_id, username, title, first_seen, last_seen"
    moment = "'2025-11-01 00:00:00.000000'"
    for number in range(1, CHANNELS + 1):
        values = f"{number}, {number + 1000}, 'channel{number}', 'Канал {number}'"
        run(
            connection,
            f"INSERT INTO channels ({columns}) VALUES ({values}, {moment}, {moment})",  # noqa: S608
        )
        run(
            connection,
            "INSERT INTO coverage (channel_id, source, first_id, last_id, received, service, "  # noqa: S608
            "album_member, inaccessible, deleted, unknown, asked_at) "
            f"VALUES ({number}, 'telegram', 1, :last, :last, 0, 0, 0, 0, 0, {moment})",
            last=posts // CHANNELS,
        )


def make_scores(connection: Connection, config: Config) -> None:
    """Write that every reading mentions every target, and its labels."""
    fingerprint = config.stance_model.fingerprint
    run(
        connection,
        "INSERT INTO models (id, fingerprint, name, first_used) "
        "VALUES (1, :fingerprint, 'embedded', '2025-11-01 00:00:00.000000')",
        fingerprint=fingerprint,
    )
    moods = {"task": "sentiment", "minus": "negative", "plus": "positive"}
    run(connection, SCORES, target=0, **moods)
    for target in register(connection, config.targets).values():
        run(connection, MENTIONS, target=target)
        run(connection, SCORES, target=target, task="stance", minus="against", plus="favor")
    run(connection, "UPDATE targets SET searched_to = (SELECT max(id) FROM readings)")


def run(connection: Connection, statement: str, **values: object) -> None:
    """Run one statement with its named values."""
    connection.exec_driver_sql(statement, values)


if __name__ == "__main__":
    main()
