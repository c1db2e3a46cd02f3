"""Whose words a post holds: the channel's own, forwarded ones, or mostly quoted ones."""

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from collector.tables import channels, posts
from models.tables import readings, text_readings

__all__ = ["FORWARDED", "OWN", "QUOTED", "is_forwarded", "is_own", "whose_words"]

OWN = "own"
FORWARDED = "forwarded"
QUOTED = "quoted"


def is_forwarded() -> ColumnElement[bool]:
    """Return the condition on `posts` for a post from elsewhere.

    What a channel forwards from itself is its own; that is known by Telegram's id only, for anybody
    may bear the channel's name.
    """
    channel = channels.alias()
    itself = select(channel.c.telegram_id).where(channel.c.id == posts.c.channel_id)
    origin = posts.c.forward_channel_id
    named = or_(posts.c.forward_message_id.is_not(None), posts.c.forward_name.is_not(None))
    elsewhere = origin != func.coalesce(itself.correlate(posts).scalar_subquery(), 0)
    return case((origin.is_not(None), elsewhere), else_=named)


def whose_words() -> ColumnElement[str]:
    """Return `own`, `forwarded` or `quoted` for a query that has `posts` and `readings`."""
    return case((is_forwarded(), FORWARDED), (readings.c.quoted, QUOTED), else_=OWN)


def is_own() -> ColumnElement[bool]:
    """Return the condition on `posts` for a post in the channel's own words."""
    text, reading = text_readings.alias(), readings.alias()
    same = and_(text.c.text_hash == posts.c.text_hash, reading.c.quoted)
    quoted = exists().select_from(text.join(reading, reading.c.id == text.c.reading_id)).where(same)
    return ~is_forwarded() & ~quoted.correlate(posts)
