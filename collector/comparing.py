"""Compares what Telegram's API and the web preview say of the same posts, field by field."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from typing import Any

from collector.archive import Archive
from collector.changes import agree
from collector.errors import ChannelError
from collector.limits import Limits
from collector.naming import ChannelName
from collector.pages import Page
from collector.post import PREVIEW, TELEGRAM, Post
from collector.preview.collecting import Preview
from collector.preview.collecting import Visit as PreviewVisit
from collector.reading import History, newest_posts
from collector.telegram.client import Account
from collector.telegram.collecting import Visit as TelegramVisit

__all__ = ["Comparison", "Difference", "compare"]

MOVING = 0.05  # the part by which counts may differ: they grow between the two readings
COUNTS = {"views", "reactions"}
NOT_COMPARED = {
    *("edit_date", "forward_channel_id", "forwards", "permalink", "replies"),  # it does not know
    *("message_id", "source", "views_rounded", "reactions_rounded"),
}
COMPARED = [field.name for field in fields(Post) if field.name not in NOT_COMPARED]
OF_MEMBERS = {"date", "media", "grouped_id"}  # what the preview tells of an album's other messages


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a post that is not the same."""

    message_id: int
    field: str
    telegram: Any
    preview: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many posts both have, what differs in them, and the ids that only one of them shows."""

    compared: int
    differences: list[Difference]
    only_telegram: list[int]
    only_preview: list[int]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not (self.differences or self.only_telegram or self.only_preview)


def compare(
    archive: Archive,
    account: Account,
    preview: Preview,
    name: ChannelName,
    *,
    count: int,
    limits: Callable[[str], Limits],
) -> Comparison:
    """Read the newest `count` posts of the preview, and the same ids by the API; store no post.

    `limits` are by source. Raises what collecting from either raises, and ChannelError if the
    preview shows no posts.
    """

    async def read() -> Comparison:
        async with AsyncExitStack() as visits:
            web = await visits.enter_async_context(PreviewVisit(archive, preview, limits(PREVIEW)))
            api = await visits.enter_async_context(
                TelegramVisit(archive, account, limits(TELEGRAM))
            )
            shown = await newest_posts(await web.open(name), count)
            if not shown.posts:
                raise ChannelError("its preview shows no posts")
            return compare_pages(await same_ids(await api.open(name), shown), shown)

    return asyncio.run(read())


async def same_ids(history: History, page: Page) -> Page:
    """Return the messages from the first to the last id of a page, from another history."""
    first, last = page.messages[0].id, page.messages[-1].id
    found, cursor = Page(), first - 1
    while cursor < last:
        following = await history.after(cursor)
        if not following.messages:
            break
        found, cursor = found.joined(following), following.messages[-1].id
    return found.between(first, last)


def compare_pages(api: Page, web: Page) -> Comparison:
    """Compare posts of the same ids."""
    ours = {post.message_id: post for post in api.posts}
    theirs = {post.message_id: post for post in web.posts}
    both = sorted(ours.keys() & theirs.keys())
    captions = album_texts(ours)
    return Comparison(
        len(both),
        [
            difference
            for one in both
            for difference in differences(ours[one], theirs[one], captions)
        ],
        sorted(ours.keys() - theirs.keys()),
        sorted(theirs.keys() - ours.keys()),
    )


def album_texts(posts: Mapping[int, Post]) -> dict[int, str]:
    """Return the texts of each album, by its id: the preview has them all on the first message."""
    texts = defaultdict(list)
    for _, post in sorted(posts.items()):
        if post.grouped_id is not None and post.text:
            texts[post.grouped_id].append(post.text)
    return {album: "\n".join(parts) for album, parts in texts.items()}


def differences(api: Post, web: Post, captions: Mapping[int, str]) -> Iterator[Difference]:
    """Yield the fields of a post that differ, where the preview says something of them."""
    member = web.grouped_id is not None and -web.grouped_id != web.message_id
    for name in COMPARED:
        if member and name not in OF_MEMBERS:
            continue
        ours, theirs = getattr(api, name), getattr(web, name)
        if name == "text" and api.grouped_id is not None:
            ours = captions.get(api.grouped_id, "")
        elif name == "edited":
            ours = api.edit_date is not None and theirs  # the API tells of edits that are hidden
        if not is_same(name, ours, theirs):
            yield Difference(api.message_id, name, ours, theirs)


def is_same(name: str, ours: Any, theirs: Any) -> bool:  # noqa: ANN401 (fields of any type)
    """Tell whether two values of a field say the same."""
    if name == "grouped_id":
        return (ours is None) == (theirs is None)
    if name in COUNTS:
        return theirs is None or agree(theirs, ours) or near(ours, theirs)
    return bool(ours == theirs)


def near(ours: Any, theirs: Any) -> bool:  # noqa: ANN401 (a count, or counts by name)
    """Tell whether counts differ by no more than they may have grown."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        same = ours.keys() == theirs.keys()
        return same and all(near(ours[name], theirs[name]) for name in ours)
    if not isinstance(ours, int) or not isinstance(theirs, int):
        return ours is theirs
    return abs(ours - theirs) <= 1 + MOVING * max(ours, theirs)
