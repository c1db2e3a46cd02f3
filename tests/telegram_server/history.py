"""Which messages a page of a channel's history holds: Telegram's rules, and a channel's whims."""

from telethon.tl.functions.messages import GetHistoryRequest

from .channel import ServedChannel
from .posts import Post

__all__ = ["page"]

MOST = 100


def page(channel: ServedChannel, request: GetHistoryRequest) -> list[Post]:
    """Return the messages that answer the request, newest first."""
    start = position(channel, request) + request.add_offset
    limit = min(max(request.limit, 0), MOST)
    stop = start + limit
    if start < 0:
        start, stop = 0, limit if channel.padded else stop
    ids = descending(channel.ids, start, stop)
    if start == 0 and request.offset_id != 0:
        ids = clip(channel, ids)
    ids = shorten(channel, ids, older_end=request.add_offset < 0)
    if request.max_id:
        ids = [i for i in ids if i < request.max_id]
    if request.min_id:
        ids = [i for i in ids if i > request.min_id]
    return [channel.messages[i] for i in ids]


def position(channel: ServedChannel, request: GetHistoryRequest) -> int:
    """Return how many messages, from the newest, come before the one the offset points at."""
    if request.offset_id:
        return len(channel.ids) - channel.older_than(request.offset_id)
    # An absent date arrives as 1970.
    if request.offset_date and request.offset_date.timestamp() > 0:
        return len(channel.ids) - channel.before(request.offset_date)
    return 0


def descending(ids: list[int], start: int, stop: int) -> list[int]:
    """Return ids[start:stop] as if the ascending list were turned round."""
    end = len(ids)
    return ids[max(end - stop, 0) : max(end - start, 0)][::-1]


def clip(channel: ServedChannel, ids: list[int]) -> list[int]:
    """Leave the newest messages out of a newest page, as often as the channel is told to."""
    if not (channel.clipped and channel.clipped_times and ids):
        return ids
    channel.clipped_times -= 1
    return ids[channel.clipped :]


def shorten(channel: ServedChannel, ids: list[int], *, older_end: bool) -> list[int]:
    """Keep the few messages of a short page that are nearest to the offset it was asked by."""
    if channel.short_pages is None or len(ids) <= channel.short_pages:
        return ids
    return ids[-channel.short_pages :] if older_end else ids[: channel.short_pages]
