"""Takes out of texts of strangers what could steer a terminal or forge a line of a log."""

import re

__all__ = ["escaped_json", "harmless", "one_line"]

# Control characters, line ends beyond ASCII, and marks that turn the direction of what follows.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Possessive, and from the beginning of white space only: else a long run takes the square of its
# length.
_LINE_END = re.compile(
    r"(?<!\s)(?:(?![\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\s)*+"
    r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*+"
)
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Replace what could steer a terminal: a channel's title comes from a stranger."""
    return _CONTROL.sub("\ufffd", text)


def one_line(text: str, between: str = " ") -> str:
    """Return a harmless text without line ends, which `between` replaces."""
    return harmless(_LINE_END.sub(between, text.strip()))


def escaped_json(text: str) -> str:
    """Return JSON that says the same, with all escaped that could steer a terminal."""
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
