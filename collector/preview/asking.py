"""Asks for pages of channels, and says by name why one cannot be had."""

from urllib.parse import urlsplit

from collector.errors import ChannelError, LayoutError
from collector.preview.aside import Aside
from collector.preview.calls import Caller
from collector.preview.channel_page import ChannelPage, read_channel_page
from collector.preview.landing import explain
from collector.preview.site import Answer

__all__ = ["Asker"]

PAGE_FOUND = 200


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
        if answer.status != PAGE_FOUND:
            raise ChannelError(await self.why_not(username, answer))
        try:
            return read_channel_page(answer.body, username)
        except LayoutError as error:
            # Names without a preview may come with their page at once, without a redirect.
            if (reason := explain(answer.body)) is not None:
                raise ChannelError(reason) from error
            raise self.aside.keep(username, answer.body, error) from error

    async def why_not(self, username: str, answer: Answer) -> str:
        """Return why a name has no preview, from the page that it leads to instead."""
        target = urlsplit(answer.location).path.strip("/")
        if target.lower() != username.lower():
            return f"its preview leads elsewhere: to {answer.location or 'nothing'}"
        landing = await self.caller(target)
        return explain(landing.body) or "it has no web preview, and its page does not say why"
