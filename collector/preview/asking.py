"""Asks for pages of channels, and says by name why one cannot be had."""

from urllib.parse import urljoin, urlsplit

from collector.errors import ChannelError, LayoutError
from collector.preview.aside import Aside
from collector.preview.calls import Caller
from collector.preview.channel_page import ChannelPage, read_channel_page
from collector.preview.landing import explain
from collector.preview.site import TELEGRAM_SITE, Answer, Site

__all__ = ["Asker"]

LONGEST_ADDRESS = 200  # characters of an address that is shown


class Asker:
    """Asks one site for pages of channels; what it does not understand it keeps aside."""

    def __init__(self, caller: Caller, aside: Aside) -> None:
        self.caller = caller
        self.aside = aside

    async def channel_page(self, username: str, query: str = "") -> ChannelPage:
        """Return a page of a channel; `query` is "", "?before=ID" or "?after=ID".

        Raises ChannelError that says why there is no preview, LayoutError if the page is not
        understood, and what `Caller` raises.
        """
        answer = await self.caller(f"s/{username}{query}")
        if answer.location:
            raise ChannelError(await self.why_not(username, answer.location))
        try:
            return read_channel_page(answer.body, username)
        except LayoutError as error:
            # Names without a preview may come with their page at once, without a redirect.
            if (reason := explain(answer.body)) is not None:
                raise ChannelError(reason) from error
            raise self.aside.keep(username, answer.body, error) from error

    async def why_not(self, username: str, location: str) -> str:
        """Return why a name has no preview, from its own page, if it leads there instead."""
        if not is_page_of(username, location, self.caller.connection.site):
            return f"its preview leads elsewhere: to {location[:LONGEST_ADDRESS]}"
        landing: Answer = await self.caller(username)
        return explain(landing.body) or "it has no web preview, and its page does not say why"


def is_page_of(username: str, location: str, site: Site) -> bool:
    """Tell whether a redirect leads to t.me/USERNAME, or to the same on the site that was asked.

    A site that stands for t.me may pass its redirects on as they are.
    """
    try:
        target = urlsplit(urljoin(site.address(""), location))
    except ValueError:
        return False
    mine = [urlsplit(one.address(username)) for one in (site, TELEGRAM_SITE)]
    page = target.netloc.rpartition("@")[2].lower(), target.path.rstrip("/").lower()
    return page in {(one.netloc.rpartition("@")[2].lower(), one.path.lower()) for one in mine}
