"""What the archive knows of channels apart from labels: their keys, and how far they reach."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from collector.tables import channels, posts
from models.tables import models
from reports.channel import Channel
from reports.selection import ScoredBy, Selection

__all__ = ["Reach", "channel_keys", "newest_post", "reach", "revision"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people a channel's posts reach: views as they were when posts were last seen."""

    channel: Channel
    participants: int | None
    viewed: int
    mean_views: float
    most_views: int


def channel_keys(connection: Connection) -> dict[int, Channel]:
    """Return the channels of the archive by its own id."""
    query = select(channels.c.id, channels.c.telegram_id, channels.c.username, channels.c.title)
    return {
        row.id: Channel(row.title or "", row.username or "", str(row.telegram_id or ""))
        for row in connection.execute(query)
    }


def reach(connection: Connection, selection: Selection) -> list[Reach]:
    """Return the channels whose posts in the selection have views, the most viewed first."""
    chosen, _ = selection.channel_ids(connection)
    query = (
        select(
            posts.c.channel_id,
            channels.c.participants,
            func.count(posts.c.views).label("viewed"),
            func.sum(posts.c.views).label("views"),
            func.max(posts.c.views).label("most"),
        )
        .join(channels, channels.c.id == posts.c.channel_id)
        .where(selection.conditions(chosen), posts.c.views.is_not(None))
        .group_by(posts.c.channel_id, channels.c.participants)
    )
    names = channel_keys(connection)
    found = [
        Reach(names[row.channel_id], row.participants, row.viewed, row.views / row.viewed, row.most)
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda row: (-row.mean_views, row.channel))


def newest_post(connection: Connection, selection: Selection) -> datetime | None:
    """Return when the newest post of the selection was published, None without posts."""
    chosen, _ = selection.channel_ids(connection)
    moment: datetime | None = connection.scalar(
        select(func.max(posts.c.date)).where(selection.conditions(chosen))
    )
    return moment


def revision(connection: Connection, scored_by: ScoredBy) -> str | None:
    """Return the revision of a model as it was first used here, None where it has none."""
    query = select(models.c.revision).where(models.c.fingerprint == scored_by.fingerprint)
    found: str | None = connection.scalar(query)
    return found
