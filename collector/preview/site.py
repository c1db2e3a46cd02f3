"""Where the preview is, and one polite connection to it."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx2

from collector.calls import TransientError, UnconnectedError
from collector.errors import ChannelError, ConfigError

__all__ = ["TELEGRAM_SITE", "Answer", "Connection", "Site", "WaitError"]

LARGEST_PAGE = 8 * 2**20  # bytes; a page has some 200 kB
PAUSE_S = 60  # where a refusal does not say how long to wait
LONGEST_PAUSE_S = 7 * 24 * 3600
FOUND, TOO_MANY, UNAVAILABLE = 200, 429, 503
SERVER_ERRORS = 500
ENCODINGS = {"", "identity", "gzip"}  # of an answer, as asked for
PASSWORD = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the preview is: https://t.me, or what stands for it in tests and behind proxies."""

    url: str

    def __post_init__(self) -> None:
        if not is_base(self.url):
            shown = PASSWORD.sub("//...@", self.url)
            raise ConfigError(f"{shown!r} is no address of a preview: give one like https://t.me")

    @property
    def host(self) -> str:
        """The host, with its port if that is not the usual one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def address(self, path: str) -> str:
        """Return the URL of a path."""
        return f"{self.url.rstrip('/')}/{path}"


def is_base(url: str) -> bool:
    """Tell whether paths can be added to a URL, and be asked for then."""
    try:
        parts = urlsplit(url)
        httpx2.URL(url)
        whole = parts.hostname and parts.port != 0 and not (parts.query or parts.fragment)
    except (ValueError, httpx2.InvalidURL):
        return False
    return parts.scheme in {"http", "https"} and bool(whole) and " " not in url


TELEGRAM_SITE = Site("https://t.me")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered: a page, or a redirect, whose address is in `location` then."""

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
        self.client = new_client(deadline)

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
                doubt = ": its certificate is not valid" if "CERTIFICATE" in str(error) else ""
                raise UnconnectedError(f"no connection{doubt}") from error
            except httpx2.ProxyError as error:
                raise TransientError(f"the proxy refuses it ({error})") from error
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                raise TransientError("the connection was lost") from error

    async def read(self, path: str) -> Answer:
        """Send one request and read the answer, up to the size of the largest page."""
        async with self.client.stream("GET", self.site.address(path)) as response:
            refuse(response)
            if response.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
                raise ChannelError("the page comes in an encoding that was not asked for")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_PAGE:
                    raise ChannelError(f"the page is larger than {LARGEST_PAGE // 2**20} MB")
            return Answer(response.status_code, bytes(body), response.headers.get("Location", ""))

    async def close(self) -> None:
        """Close the connection."""
        await self.client.aclose()


def new_client(deadline: float) -> httpx2.AsyncClient:
    """Return a client of one connection, which waits for an answer up to `deadline` seconds.

    Raises ConfigError if the variables for proxies name one that cannot be used.
    """
    try:
        return httpx2.AsyncClient(
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
    except ImportError as error:
        raise ConfigError(
            "ALL_PROXY, or another variable of its kind, names a SOCKS proxy, "
            "which needs: pip install socksio"
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise ConfigError(
            "HTTPS_PROXY, or another variable of its kind, names no proxy: "
            "give one like http://host:3128"
        ) from error


def refuse(response: httpx2.Response) -> None:
    """Raise what a status means that is neither a page nor a redirect."""
    status = response.status_code
    told = response.headers.get("Retry-After", "")
    if status == TOO_MANY or (status == UNAVAILABLE and told):
        raise WaitError(seconds_to_wait(told))
    if status >= SERVER_ERRORS:
        raise TransientError(f"error {status} of the server")
    if status != FOUND and not response.has_redirect_location:
        raise ChannelError(f"{response.url.host} refuses the page (HTTP {status})")


def seconds_to_wait(told: str) -> int:
    """Return how long Retry-After asks to wait: some seconds, or until a date."""
    seconds = float(PAUSE_S)
    if told.strip().isdecimal():
        seconds = float(told)
    else:
        with suppress(ValueError, TypeError, OverflowError):
            seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    return int(min(max(seconds, 1), LONGEST_PAUSE_S))
