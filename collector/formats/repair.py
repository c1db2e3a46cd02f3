r"""Makes JSON of what Telegram Desktop writes.

Some of its versions write control characters as `\x0B`, and the id of a custom emoji as a bare
file name: neither is JSON, and a strict parser stops there and loses the rest of the export
(telegramdesktop/tdesktop issues 27571 and 24961).
"""

import re
from io import BufferedIOBase

__all__ = ["Repaired"]

# Pairs of backslashes are matched too, so that the x of an escaped backslash is left alone.
ESCAPE = re.compile(rb"\\\\|\\x([0-9A-Fa-f]{2})")
BARE_NAME = re.compile(rb'"document_id": [^"\s\d\[{\-][^"\\\n]*?(?=,?\r?\n)')


class Repaired:
    """A binary file, read with its lines repaired; `position` counts the bytes read from it."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream = stream
        self.position = 0
        self.rest = b""
        self.inside = False  # of a line too long for Desktop to have written: taken as it is

    def read(self, size: int = -1) -> bytes:
        """Return some more bytes, about `size` of them; none at the end of the file."""
        if size == 0:
            return b""  # how a parser asks whether this is a binary file
        # Not read: it loses what a gzip file held before the place where it breaks off.
        data = self.stream.read1(size)
        if self.position == 0:
            data = data.removeprefix(b"\xef\xbb\xbf")
        self.position += len(data)
        if not data:
            data, self.rest = self.rest, b""
            return repaired(data)
        data = self.rest + data
        end = data.rfind(b"\n") + 1
        self.rest = data[end:] if end else b""
        start = data.find(b"\n") + 1 if self.inside else 0
        self.inside = not end
        if not end:
            return data
        return data[:start] + repaired(data[start:end])


def repaired(lines: bytes) -> bytes:
    """Return whole lines with what is not JSON in them made JSON."""
    if b"\\x" in lines:
        lines = ESCAPE.sub(escaped, lines)
    if b'"document_id": ' in lines:
        lines = BARE_NAME.sub(b'"document_id": null', lines)
    try:
        lines.decode()
    except UnicodeDecodeError:
        # A NUL escape marks the text as one that cannot be stored, and spares its neighbours.
        return lines.decode(errors="surrogateescape").translate(NOT_UTF8).encode()
    return lines


NOT_UTF8 = {0xDC00 + byte: "\\u0000" for byte in range(0x80, 0x100)}


def escaped(match: re.Match[bytes]) -> bytes:
    """Return one escape as JSON writes it."""
    return b"\\u00" + match[1] if match[1] else match[0]
