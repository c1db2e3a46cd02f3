"""JSON Lines: an object on each line, with the fields of `collector.formats.rows`."""

import json
from collections.abc import Iterator

from collector.formats.fields import FieldError
from collector.formats.records import (
    MAX_LINE,
    Defaults,
    Problem,
    Received,
    Record,
    Source,
    read_lines,
)
from collector.formats.rows import read_row

__all__ = ["read_jsonl"]


def read_jsonl(source: Source, defaults: Defaults) -> Iterator[Record]:
    """Yield the post, or the problem, of each line that is not blank."""
    with source.open() as stream:
        for number, line in enumerate(read_lines(stream), start=1):
            if number == 1 and line is not None:
                line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 (a byte order mark)
            if line is not None and not line.strip():
                continue
            try:
                yield read_line(line, defaults)
            except FieldError as error:
                yield Problem(source.path, f"line {number}", str(error))


def read_line(line: bytes | None, defaults: Defaults) -> Received:
    """Return the post of a line. Raises FieldError saying what is wrong with it."""
    if line is None:
        raise FieldError(f"is over {MAX_LINE:,} bytes long")
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise FieldError(f"is not UTF-8 (byte {error.start + 1} of the line)") from None
    except json.JSONDecodeError as error:
        raise FieldError(f"is not JSON ({error.msg} at character {error.pos + 1})") from None
    except (ValueError, RecursionError) as error:
        raise FieldError(f"is not JSON that can be read ({error})") from None
    if not isinstance(row, dict):
        raise FieldError("is not a JSON object")
    return read_row(row, defaults)
