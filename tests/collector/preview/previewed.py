"""Runs the collector against the local preview, and compares the archive with its truth."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector.archive import Archive
from collector.collecting import Outcome
from collector.limits import Limits
from collector.naming import parse_channels
from collector.planning import BEGINNING, Wish
from collector.preview.collecting import Preview
from collector.preview.collecting import collect as collect_channels
from collector.preview.site import Site
from tests.collector.telegram.collected import Outcomes, coverage_of, stored
from tests.preview_server import PreviewServer
from tests.preview_server.texts import shortened
from tests.telegram_server import Post, ServedChannel

QUICK = Limits(pace=0, at_once=3, max_wait=3, deadline=5, attempts=5, first_pause=0.01)
ALL = Wish(BEGINNING)


def collect(
    archive: Archive,
    server: PreviewServer | str,
    names: Sequence[str],
    wish: Wish = ALL,
    **limits: Any,
) -> dict[str, Outcome]:
    """Collect channels; return what became of each, by its name as the collector writes it."""
    outcomes = Outcomes()
    url = server if isinstance(server, str) else server.url
    collect_channels(
        archive,
        Preview(aside_of(archive), Site(url)),
        parse_channels(names),
        wish,
        limits=replace(QUICK, **limits),
        on_outcome=outcomes.note,
    )
    return outcomes


def aside_of(archive: Archive) -> Path:
    """Where pages that are not understood are kept: here, if the archive is on a server."""
    return Path(str(archive.engine.url.database)).parent / "aside"


def assert_same(archive: Archive, channel: ServedChannel) -> None:
    """The archive has every post that the preview shows, as it shows it, and says so."""
    there = [channel.messages[one] for one in channel.ids]
    truth = [shown(channel, post) for post in there if not post.service and not post.restricted]
    mine = stored(archive, channel)
    assert [as_shown(post) for post in mine if post["deleted_at"] is None] == truth
    for part in coverage_of(archive, channel):
        inside = [p for p in mine if part.first_id <= p["message_id"] <= part.last_id]
        gone = [post for post in inside if post["deleted_at"]]
        members = [post for post in inside if post["album_head"] and not post["deleted_at"]]
        assert part.deleted == len(gone)
        assert part.album_member == len(members)
        assert part.received == len(inside) - len(gone) - len(members)
        assert part == part.with_unknown()


def shown(channel: ServedChannel, post: Post) -> tuple[Any, ...]:
    """What the preview tells of a post; of an album, what it tells of the first goes for it."""
    album = [one for one in channel.messages.values() if one.grouped_id == post.grouped_id]
    album = sorted(album, key=lambda one: one.id) if post.grouped_id else [post]
    first = post.id == album[0].id
    text = "\n".join(one.text for one in album if one.text) if first else ""
    views = shortened(post.views) if first and post.views is not None else None
    reactions = {name: shortened(n) for name, n in (post.reactions or {}).items()} if first else {}
    return post.id, album[0].date, text, views, reactions


def as_shown(post: dict[str, Any]) -> tuple[Any, ...]:
    """The same of a stored post."""
    views = None if post["views"] is None else shortened(post["views"])
    reactions = {name: shortened(number) for name, number in (post["reactions"] or {}).items()}
    return post["message_id"], post["date"], post["text"], views, reactions
