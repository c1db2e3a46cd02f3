"""Where the preview is, and one polite connection to it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx2

from collector.calls import TransientError
from collector.errors import ChannelError, ConfigError

__all__ = ["TELEGRAM_SITE", "Answer", "Connection", "Site", "WaitError"]

LARGEST_PAGE = 8 * 2**20  # bytes; a page has some 200 kB
PAUSE_S = 60  # where a refusal does not say how long to wait
LONGEST_PAUSE_S = 7 * 24 * 3600
TOO_MANY, UNAVAILABLE = 429, 503
SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Site:
    """Where the preview is: https://t.me, or what stands for it in tests and behind proxies."""

    url: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigError(
                f"{self.url!r} is no address of a preview: give one like https://t.me"
            )

    @property
    def host(self) -> str:
        """The host, with its port if that is not the usual one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def address(self, path: str) -> str:
        """Return the URL of a path."""
        return f"{self.url.rstrip('/')}/{path}"


TELEGRAM_SITE = Site("https://t.me")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered: a page, or a redirect, whose address is in `location`."""

    status: int
    body: bytes
    location: str = ""


class WaitError(Exception):
    """The site asks to wait for some seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class Connection:
    """One connection to a site, on which one request is under way at a time.

    The standard variables for proxies are honoured (HTTPS_PROXY, NO_PROXY and so on).
    """

    def __init__(self, site: Site, deadline: float) -> None:
        self.site = site
        self.deadline = deadline
        self.lock = asyncio.Lock()
        self.client = httpx2.AsyncClient(
            headers={
                "User-Agent": f"Mozilla/5.0 (compatible; tgstance/{version('tgstance')})",
                "Accept": "text/html",
                "Accept-Encoding": "gzip",
                "Accept-Language": "en",  # the language of "edited" and "subscribers"
            },
            timeout=deadline,
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
        )

    async def get(self, path: str) -> Answer:
        """Return the answer to a request for a path.

        Raises TransientError if it can be asked for again, WaitError if the site asks to wait,
        ChannelError if it refuses the page, or the page is larger than any of a preview.
        """
        async with self.lock:
            try:
                async with asyncio.timeout(self.deadline):
                    return await self.read(path)
            except (TimeoutError, httpx2.TimeoutException) as error:
                raise TransientError("no answer in time") from error
            except httpx2.ConnectError as error:
                raise TransientError("no connection") from error
            except httpx2.ProxyError as error:
                raise TransientError(f"the proxy refuses it ({error})") from error
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                raise TransientError("the connection was lost") from error

    async def read(self, path: str) -> Answer:
        """Send one request and read the answer, up to the size of the largest page."""
        async with self.client.stream("GET", self.site.address(path)) as response:
            refuse(response)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_PAGE:
                    raise ChannelError(f"the page is larger than {LARGEST_PAGE // 2**20} MB")
            return Answer(response.status_code, bytes(body), response.headers.get("Location", ""))

    async def close(self) -> None:
        """Close the connection."""
        await self.client.aclose()


def refuse(response: httpx2.Response) -> None:
    """Raise what a status means that is neither a page nor a redirect."""
    status = response.status_code
    told = response.headers.get("Retry-After", "")
    if status == TOO_MANY or (status == UNAVAILABLE and told):
        raise WaitError(seconds_to_wait(told))
    if status >= SERVER_ERRORS:
        raise TransientError(f"error {status} of the server")
    if response.is_client_error:
        raise ChannelError(f"{response.url.host} refuses the page (HTTP {status})")


def seconds_to_wait(told: str) -> int:
    """Return how long Retry-After asks to wait: some seconds, or until a date."""
    seconds = float(PAUSE_S)
    if told.strip().isdecimal():
        seconds = float(told)
    else:
        with suppress(ValueError, TypeError):
            seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    return int(min(max(seconds, 1), LONGEST_PAUSE_S))
