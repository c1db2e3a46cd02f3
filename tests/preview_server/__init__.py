"""The web preview t.me/s/NAME on loopback, for tests: the same scripted channels as the API's.

Pages have the structure that `telegram-facts.md` describes and public parsers rely on. Fill a
`World`, serve it with `PreviewServer`, and give its `url` to a client as the base URL.
"""

from .server import PreviewServer

__all__ = ["PreviewServer"]
