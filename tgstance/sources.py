"""Where posts are collected from: Telegram's API with an account, or the public web preview."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.naming import ChannelName
    from collector.preview.collecting import Preview
    from tgstance.config import Config

__all__ = ["Source", "by_source", "hold_preview", "is_signed_in"]


class Source(StrEnum):
    """What a channel is read from; AUTO is Telegram's API when signed in, else the preview."""

    AUTO = "auto"
    TELEGRAM = "telegram"
    PREVIEW = "preview"


def is_signed_in(config: "Config") -> bool:
    """Tell whether there is a session; whether Telegram still accepts it is not asked."""
    from tgstance.account import given_session

    return bool(given_session()) or Path(config.session_file).exists()


def by_source(
    config: "Config", wanted: "Sequence[ChannelName]", asked: str | None
) -> "dict[Source, list[ChannelName]]":
    """Return channels by the source of each: the one `asked` for, else the configured one."""
    from collector.naming import parse_channel
    from tgstance.logs import log

    own = {parse_channel(one.name): one.source for one in config.collect.channels if one.source}
    there = Source.TELEGRAM if is_signed_in(config) else Source.PREVIEW
    found: dict[Source, list[ChannelName]] = {}
    chosen = set()
    for name in wanted:
        source = Source(asked) if asked else own.get(name) or config.collect.source
        chosen.add(source)
        found.setdefault(there if source is Source.AUTO else source, []).append(name)
    if Source.AUTO in chosen and there is Source.PREVIEW:
        log.info("no session: reading the public web preview (`tgstance login` for all details)")
    return found


@contextmanager
def hold_preview(command: str) -> Iterator["Preview"]:
    """Return the preview, TGSTANCE_PREVIEW_URL if that is set, and keep other runs off its site.

    Raises ConfigError if the variable holds no address, DeferredError if another run asks the same
    site: it is to have one connection from here.
    """
    from platformdirs import user_data_path

    from collector.preview.collecting import Preview
    from collector.preview.site import TELEGRAM_SITE, Site
    from tgstance.locks import hold

    url = os.environ.get("TGSTANCE_PREVIEW_URL", "").strip()
    site = Site(url) if url else TELEGRAM_SITE
    data = user_data_path("tgstance")
    lock = data / f"preview-{site.host.replace(':', '-')}"
    with hold(lock, command, called=f"the web preview of {site.host}"):
        yield Preview(data / "unrecognised", site)
