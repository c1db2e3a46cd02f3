"""What came back of the message ids that were asked for."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from collector.tables import coverage

__all__ = ["Coverage", "store_coverage"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many message ids from `first_id` to `last_id`, both included, came back as what."""

    first_id: int
    last_id: int
    received: int = 0
    service: int = 0
    album_member: int = 0
    inaccessible: int = 0
    deleted: int = 0
    unknown: int = 0


def store_coverage(
    connection: Connection, channel_id: int, source: str, asked: Coverage, *, asked_at: datetime
) -> None:
    """Note what came back for a range of ids; a later answer for the same range replaces it.

    `channel_id` is the archive's own (see `ChannelRow`), `asked_at` timezone-aware.
    """
    key = {
        "channel_id": channel_id,
        "source": source,
        "first_id": asked.first_id,
        "last_id": asked.last_id,
    }
    same = [coverage.c[name] == value for name, value in key.items()]
    stored = connection.execute(select(coverage.c.asked_at).where(*same)).scalar()
    values = asdict(asked) | {"asked_at": asked_at}
    if stored is None:
        connection.execute(insert(coverage).values(key | values))
    elif stored <= asked_at:
        connection.execute(update(coverage).where(*same).values(values))
