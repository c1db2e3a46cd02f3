"""Imports files of posts into the archive: Telegram Desktop exports, JSON lines and CSV.

See `collector.formats.desktop` and `collector.formats.rows` for what the files hold.

A file's modification time stands for when its posts were seen: of two texts of one post, the one
with the later edit date is current, and where those do not differ, the one from the later file. So
a corrected file that kept its old time, or was given it by an unpacker, corrects nothing: its texts
are counted as `older` and kept as versions; `touch` the file and import it again.
"""

import gzip
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.archive import Archive
from collector.coverage import Coverage, recounting, store_coverage
from collector.errors import ConfigError, InputError
from collector.formats.detect import detect
from collector.formats.records import (
    BrokenOffError,
    Defaults,
    NotStored,
    Problem,
    Received,
    Record,
    SkippedChat,
    Source,
    reason_of,
)
from collector.post import Channel, Post, parse_username
from collector.storing import StoreCounts, store, store_channel

__all__ = ["ImportOptions", "ImportResult", "Problem", "import_file"]

HELD_PROBLEMS = 1000
BROKEN_STREAMS = (BrokenOffError, EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    `channel` is the username for a file that names no channel (Desktop exports never do);
    `timezone` is the IANA zone of dates without an offset; `batch_size` is in records, and each
    batch is one transaction.
    """

    channel: str | None = None
    timezone: str = "UTC"
    batch_size: int = 1000


@dataclass(frozen=True)
class ImportResult:
    """What became of a file.

    `read` posts were new, updated, unchanged or `older`: texts that are older than what the archive
    has, by their edit date or the file's modification time, and now kept there as versions.
    `service` messages and `unsupported` ones, which the exporter could not read, are counted only;
    `broken` records were reported and left out.
    `skipped_chats` counts the chats of an account's export that are no channels, by kind.
    `truncated`: the file broke off, and what came before is in the archive.
    """

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    service: int = 0
    unsupported: int = 0
    broken: int = 0
    channels: int = 0
    skipped_chats: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False


def import_file(
    archive: Archive,
    path: Path,
    *,
    options: ImportOptions = ImportOptions(),
    on_problem: Callable[[Problem], None],
    on_progress: Callable[[int], None] | None = None,
) -> ImportResult:
    """Import one file; plain or gzipped, of whatever name.

    `on_problem` is told of each broken record, `on_progress` how many bytes of the file on disk
    have been read, after each batch. Importing a file again changes nothing. Raises InputError if
    the file is not what it claims or not one post could be read from it, ConfigError if the
    options cannot be, ArchiveError if the archive fails; batches committed before stay.
    """
    defaults = read_options(options)
    source = Source.of(path)
    run = ImportRun(archive, source, on_problem)
    for batch in batches(run.messages(defaults), options.batch_size):
        run.store(batch)
        if on_progress is not None:
            on_progress(source.position())
    return run.finish()


def read_options(options: ImportOptions) -> Defaults:
    """Return what stands in for what the file does not say."""
    try:
        # UTC needs no database of time zones, which small systems do without.
        zone = UTC if options.timezone == "UTC" else ZoneInfo(options.timezone)
    except (OSError, ValueError, LookupError) as error:
        raise ConfigError(f"unknown time zone {options.timezone!r}; try Europe/Kyiv") from error
    if options.channel is None:
        return Defaults(zone)
    username = parse_username(options.channel)
    if username is None:
        raise ConfigError(f"{options.channel!r} is not a Telegram username")
    return Defaults(zone, username)


def batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Split records into batches; unlike itertools.batched, keep a batch that fails half-way."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass
class Seen:
    """The message ids seen of one channel: 8 bytes for each, as there may be millions."""

    channel: Channel
    received: "array[int]" = field(default_factory=lambda: array("q"))
    service: "array[int]" = field(default_factory=lambda: array("q"))
    inaccessible: "array[int]" = field(default_factory=lambda: array("q"))

    def coverage(self) -> Coverage:
        """Return how many ids of the range seen came back as what; the gaps are unknown."""
        kinds = {"received": self.received, "service": self.service}
        kinds["inaccessible"] = self.inaccessible
        counts = {name: distinct(ids) for name, ids in kinds.items()}
        first = min(min(ids) for ids in kinds.values() if ids)
        last = max(max(ids) for ids in kinds.values() if ids)
        unknown = max(0, last - first + 1 - sum(counts.values()))
        return Coverage(first, last, **counts, unknown=unknown)


def distinct(ids: "array[int]") -> int:
    """Return how many different ids there are."""
    return bool(ids) + sum(one != other for one, other in pairwise(sorted(ids)))


class ImportRun:
    """The import of one file, as far as it has come."""

    def __init__(
        self, archive: Archive, source: Source, on_problem: Callable[[Problem], None]
    ) -> None:
        self.archive = archive
        self.source = source
        self.on_problem = on_problem
        self.counts: Counter[str] = Counter()
        self.stored = StoreCounts()
        self.skipped: Counter[str] = Counter()
        self.seen: dict[object, Seen] = {}
        self.held: list[Problem] | None = []
        self.truncated = False

    def messages(self, defaults: Defaults) -> Iterator[Record]:
        """Yield the messages of the file; note all else in it."""
        for record in self.records(defaults):
            match record:
                case Problem():
                    self.report(record)
                case SkippedChat():
                    self.skipped[record.kind] += 1
                case _:
                    self.release_problems()
                    yield record

    def records(self, defaults: Defaults) -> Iterator[Record]:
        """Yield what is in the file, up to where it breaks off."""
        try:
            yield from detect(self.source)(self.source, defaults)
        except BROKEN_STREAMS as error:
            self.truncated = True
            yield Problem(self.source.path, "the file breaks off", reason_of(error))
        except OSError as error:
            raise InputError(f"{self.source.path}: cannot be read ({reason_of(error)})") from error

    def report(self, problem: Problem) -> None:
        """Count a problem and tell of it, but not before something in the file could be read.

        A file of which nothing can be read is one error and not a problem with each line.
        """
        self.counts["broken"] += not self.truncated
        if self.held is None:
            self.on_problem(problem)
            return
        self.held.append(problem)
        if len(self.held) >= HELD_PROBLEMS:
            self.release_problems()

    def release_problems(self) -> None:
        """Tell of the problems held back."""
        held, self.held = self.held, None
        for problem in held or ():
            self.on_problem(problem)

    def store(self, batch: list[Record]) -> None:
        """Store a batch in one transaction."""
        posts: dict[object, list[Post]] = {}
        for record in batch:
            if isinstance(record, Received):
                key = self.note(record.channel, "received", record.post.message_id)
                posts.setdefault(key, []).append(record.post)
            elif isinstance(record, NotStored):
                self.note(record.channel, record.outcome, record.message_id)
        with self.archive.begin() as connection:
            for key, part in posts.items():
                self.stored += self.store_part(connection, self.seen[key].channel, part)

    def store_part(
        self, connection: Connection, channel: Channel, part: Sequence[Post]
    ) -> StoreCounts:
        """Store the posts that a batch has of one channel."""
        at = self.source.seen_at
        row = store_channel(connection, channel, seen_at=at)
        ids = [post.message_id for post in part]
        with recounting(connection, row.id, (min(ids), max(ids))):
            return store(connection, channel, part, seen_at=at)

    def note(self, channel: Channel, outcome: str, message_id: int) -> object:
        """Note a message id as seen; return what its channel is known by in this file."""
        key = channel.telegram_id or (channel.username or "").lower() or (channel.title,)
        seen = self.seen.setdefault(key, Seen(channel))
        seen.channel = channel
        getattr(seen, outcome).append(message_id)
        self.counts[outcome] += 1
        return key

    def finish(self) -> ImportResult:
        """Note what the file covers, and return what became of it."""
        if not self.seen and (self.counts["broken"] or self.truncated):
            first = self.held[0] if self.held else None
            detail = f"; {first.where}: {first.reason}" if first else ""
            raise InputError(f"{self.source.path}: not one post could be read{detail}")
        with self.archive.begin() as connection:
            for seen in self.seen.values():
                at = self.source.seen_at
                row = store_channel(connection, seen.channel, seen_at=at)
                store_coverage(connection, row.id, "import", seen.coverage(), asked_at=at)
        return ImportResult(
            read=self.counts["received"],
            new=self.stored.new,
            updated=self.stored.updated,
            unchanged=self.stored.unchanged,
            older=self.stored.older,
            service=self.counts["service"],
            unsupported=self.counts["inaccessible"],
            broken=self.counts["broken"],
            channels=len(self.seen),
            skipped_chats=dict(self.skipped),
            truncated=self.truncated,
        )
