"""The server: HTTP on loopback, in threads, with faults."""

import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from tests.telegram_server import Faults, ServedChannel, World
from tests.telegram_server.faults import Drop, Refuse, Silent

from .pages import Window, landing, preview

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PreviewServer"]

PATIENCE_S = 60.0


class PreviewServer:
    """Serves a world's channels as t.me/s does, while it is entered as a context.

    Faults are those of the API's server: requests are called "page" (t.me/s/NAME), "landing"
    (t.me/NAME) and "root"; a refusal is its HTTP status, and FLOOD_WAIT_n a 429 with Retry-After.
    `rewrite` changes each page before it is sent, `bodies` replaces that of a path, `answers` its
    status and headers, too, `same_as` has paths answered as others, `switched_off` are usernames
    whose preview leads to the landing page.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self.faults = Faults()
        self.rewrite: Callable[[str], str] = lambda page: page
        self.bodies: dict[str, bytes] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.same_as: dict[str, str] = {}
        self.switched_off: set[str] = set()
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.connections = 0
        self.most_at_once = 0
        self.lock = Lock()
        self.stopping = False
        handler = type("Handler", (Handler,), {"served": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.http.daemon_threads = True
        self.thread = Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL, in place of https://t.me."""
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def count(self, part: str) -> int:
        """Return how many requests had something in their path."""
        return sum(part in path for path in self.requests)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping = True
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers on one connection."""

    served: PreviewServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.served.lock:
            self.served.connections += 1
            self.served.most_at_once = max(self.served.most_at_once, self.served.connections)

    def finish(self) -> None:
        with self.served.lock:
            self.served.connections -= 1
        super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer, unless a fault strikes."""
        parts = urlsplit(self.served.same_as.get(self.path, self.path))
        kind, name = asked(parts.path)
        with self.served.lock:
            self.served.requests.append(self.path)
            self.served.headers.append({k.lower(): v for k, v in self.headers.items()})
            self.served.times.append(time.monotonic())
        found = self.served.world.named(name) if name else None
        channel_id = found.id if isinstance(found, ServedChannel) else None
        query = SimpleNamespace(channel=SimpleNamespace(channel_id=channel_id))
        deed = self.served.faults.strike(kind, query)
        if isinstance(deed, Drop) and deed.where == "before":
            self.close_connection = True
        elif isinstance(deed, Silent):
            self.wait()
        elif isinstance(deed, Refuse):
            self.refuse(deed)
        else:
            self.answer(kind, name, window(parts.query), cut=isinstance(deed, Drop))

    def wait(self) -> None:
        """Leave the client without an answer for as long as the server lives."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not self.served.stopping:
            time.sleep(0.02)
        self.close_connection = True

    def refuse(self, deed: Refuse) -> None:
        """Answer with a status."""
        flood = deed.message.startswith("FLOOD_WAIT_")
        headers = {"Retry-After": deed.message.removeprefix("FLOOD_WAIT_")} if flood else {}
        if deed.message.startswith("Retry-After: "):
            headers = {"Retry-After": deed.message.removeprefix("Retry-After: ")}
        self.send(429 if flood else deed.code, b"no", headers)

    def answer(self, kind: str, name: str, where: Window, *, cut: bool) -> None:
        """Answer as t.me does."""
        if self.path in self.served.answers:
            status, headers, body = self.served.answers[self.path]
            self.send(status, body, headers, cut=cut)
            return
        if self.path in self.served.bodies:
            self.send(200, self.served.bodies[self.path], {}, cut=cut)
            return
        with self.served.world.lock:
            found = self.served.world.named(name) if name else None
            if kind == "root":
                self.send(302, b"", {"Location": "https://telegram.org/"})
            elif kind == "landing":
                self.send(200, landing(name, found).encode(), {}, cut=cut)
            elif not self.shows(found):
                self.send(302, b"", {"Location": f"{self.served.url}/{name}"})
            else:
                page = self.served.rewrite(preview(self.served.world, found, where))
                self.send(200, page.encode("utf-8", "surrogatepass"), {}, cut=cut)

    def shows(self, found: object) -> bool:
        """Tell whether there is a preview."""
        if not isinstance(found, ServedChannel) or not found.broadcast or found.private:
            return False
        return found.username not in self.served.switched_off

    def send(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        """Send an answer, or half of it."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.wfile.flush()
        except OSError:  # the client has had enough
            self.close_connection = True
        if cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


def asked(path: str) -> tuple[str, str]:
    """Return the kind of a request and the name in its path."""
    name = path.strip("/")
    if name.startswith("s/"):
        return "page", name.removeprefix("s/")
    return ("landing", name) if name else ("root", "")


def window(query: str) -> Window:
    """Return which posts a query asks for."""
    values = parse_qs(query)
    for side in ("before", "after"):
        if side in values:
            return side, int(values[side][0])
    return None
