"""Input made to fill memory or time is refused: under 5 s of processor time and 1 GB each."""

import gzip
import json
import multiprocessing
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from collector.archive import open_archive
from collector.errors import TgstanceError
from tests.collector.archived import run, texts
from tests.security.parsers import PARSERS

MB = 2**20
LONGEST_S, MOST_MB = 5.0, 1024
OPENED = b'{"name": "a", "type": "public_channel", "id": 5, "messages": ['
MESSAGE = b'{"id": 2, "type": "message", "date": "2024-11-01T14:00:00", "text": '
ROW = b'{"message_id": 1, "date": 5, "text": "x", "channel_id": 5}\n'
HEADER = b"message_id,date,text,channel_id\n"
LABELLED = b'{"text": "a", "task": "stance", "label": "favor", "target": "'

Read = Callable[[str], tuple[str, float, int]]


def measured(bomb: str) -> tuple[str, float, int]:
    """Read in this process; return what was said, processor seconds, and peak memory in MB."""
    name, make, _ = BOMBS[bomb]
    data = make()
    started = time.process_time()
    said = ""
    try:
        PARSERS[name].reader(data)
    except TgstanceError as error:
        said = str(error)
    spent = time.process_time() - started
    return said, spent, peak_mb()


def peak_mb() -> int:
    """Return the most memory this process held; getrusage's would be that of its parent too."""
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(peak_kb) // 1024


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """Return a function that reads in a process of its own, whose peak is of all it has read."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield lambda bomb: pool.submit(measured, bomb).result(timeout=100)


def packed(*parts: bytes | Iterable[bytes]) -> bytes:
    """Pack bytes, and streams of bytes that are too many to be held."""
    made = [gzip.compress(p if isinstance(p, bytes) else b"".join(p), 1) for p in parts]
    return b"".join(made)  # several members are one file


def times(part: bytes, size: int) -> bytes:
    """Pack `part` repeated to `size` MB: one MB, as many times."""
    one = gzip.compress(part * (MB // len(part)), 9)
    return one * size


DEEP = 100_000
DIGITS = b"9" * 1_000_000
BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "10 GB of zeros": ("gzip", lambda: times(b"\0", 10_000), "binary file"),
    "10 GB of spaces": (
        "gzip",
        lambda: packed(b"{") + times(b" ", 10_000),
        "over 200 times its size",
    ),
    "10 GB of empty lines": (
        "gzip",
        lambda: packed(ROW) + times(b"\n", 10_000),
        "over 200 times its size",
    ),
    "a line of 1 GB": ("gzip", lambda: packed(ROW) + times(b"x", 1000), "over 200 times its size"),
    "a text of 1 GB": (
        "Telegram Desktop",
        lambda: packed(OPENED + MESSAGE + b'"') + times(b"x", 1000),
        "(over 200 times|text or number of over)",
    ),
    "a number of 1 GB": (
        "Telegram Desktop",
        lambda: packed(OPENED + b'{"id": ') + times(b"9", 1000),
        "over",
    ),
    "a text of many parts": (
        "Telegram Desktop",
        lambda: packed(OPENED + MESSAGE + b"[") + times(b'"a",', 100),
        "more parts than any has",
    ),
    "skipped and nested": (
        "Telegram Desktop",
        lambda: (
            b'{"chats": {"list": [{"type": "personal_chat", "id": 5, "messages": ' + b"[" * 20 * MB
        ),
        "nested more than 64 deep",
    ),
    "a name of 10 MB": (
        "Telegram Desktop",
        lambda: OPENED.replace(b'"a"', b'"' + b"n" * 10 * MB + b'"') + b"{}]}",
        "not one post",
    ),
    "JSON lines, nested": ("JSON lines", lambda: b'{"a":' + b"[" * DEEP, "not one post"),
    "JSON lines, objects": (
        "JSON lines",
        lambda: ROW + b'{"a":[' + b'{"":{}},' * (2 * MB) + b"0]}\n",
        "",
    ),
    "JSON lines, digits": ("JSON lines", lambda: ROW + b'{"message_id": ' + DIGITS + b"}\n", ""),
    "JSON lines, digits in text": (
        "JSON lines",
        lambda: (
            ROW
            + ROW.replace(b"1", b'"' + DIGITS + b'"')
            + ROW.replace(b"5", b'"' + DIGITS + b'"', 1)
        ),
        "",
    ),
    "CSV, a field of 100 MB": (
        "CSV",
        lambda: HEADER + b'1,2024-11-01,a,5\n2,2024-11-01,"' + b"x" * 100 * MB + b'",5\n',
        "",
    ),
    "CSV, a header of 15 MB": (
        "CSV",
        lambda: HEADER.strip() + b",ab" * 5 * MB + b"\n",
        "first line is too long",
    ),
    "CSV, stray quotes": ("CSV", lambda: HEADER + b'1,2024-11-01,"a,5\n' * 50_000, "not one post"),
    "CSV, quoted quotes": ("CSV", lambda: HEADER + (b'"\n' + b'""\n' * 4999) * 10, "not one post"),
    "configuration, nested": ("configuration", lambda: b"a = " + b"[" * DEEP, "nested too deep"),
    "configuration, tables": (
        "configuration",
        lambda: b"a = " + b"{a = " * DEEP,
        "nested too deep",
    ),
    "configuration, digits": ("configuration", lambda: b"a = " + DIGITS, "4300 digits"),
    "configuration, hexadecimal": ("configuration", lambda: b"a = 0x" + b"f" * MB, "over 1 MB"),
    "configuration, a long key": (
        "configuration",
        lambda: b"a" + b".a" * DEEP + b" = 1",
        "more parts",
    ),
    "configuration, a quoted key": (
        "configuration",
        lambda: b"a" + b' . "a b"' * DEEP + b" = 1",
        "more parts",
    ),
    "configuration, 100 MB": ("configuration", lambda: b"#" * 100 * MB, "over 1 MB"),
    "channels, a long name": ("channels file", lambda: b"t.me/" + b"a" * 10 * MB, "too long"),
    "channels, 100 MB": ("channels file", lambda: b"abcde\n" * 16 * MB, "over 16 MB"),
    "session of 100 MB": ("session file", lambda: b"1" * 100 * MB, "not a Telethon string session"),
    "session in a variable": (
        "TGSTANCE_SESSION",
        lambda: b"1" * 10 * MB,
        "not a Telethon string session",
    ),
    "sheet of 100 MB": (
        "sheet of annotate",
        lambda: b"item,label\n" + b"1,favor\n" * 12 * MB,
        "over 64 MB",
    ),
    "sheet, nested": ("sheet of annotate", lambda: b'{"item":' + b"[" * DEEP, ""),
    "labelled, a line of 1 GB": (
        "labelled set",
        lambda: packed(LABELLED) + times(b"x", 1000),
        "over",
    ),
    "labelled, nested": ("labelled set", lambda: b"{" + b"[" * DEEP, "not JSON"),
    "labelled, digits": ("labelled set", lambda: b'{"text": ' + DIGITS, "not JSON"),
    "labelled, a long target": (
        "labelled set",
        lambda: LABELLED + "ы".encode() * 200_000 + b'"}\n',
        "",
    ),
    "preview, 8 MB of tags": ("web preview", lambda: b"<i><b>" * MB, "nested more than"),
    "post, signs and numbers": (
        "post text",
        lambda: ("текст\n•1" + "•••1" * 21 + "!").encode(),  # noqa: PLW0108 (not made before it is read)
        "",
    ),
    "post, brackets": ("post text", lambda: b"[" * 500_000 + b"](http:" * 50_000, ""),
    "post, words of marks": ("post text", lambda: "а'".encode() * 300_000, ""),
    "post, white space": ("post text", lambda: b"\t" * 900_000 + b"x", ""),
    "post, quotation marks": ("post text", lambda: "«„“”»".encode() * 100_000, ""),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.slow
def test_it_is_refused_or_read_in_time_and_memory(name: str, read: Read) -> None:

    said, spent, peak = read(name)
    reason = BOMBS[name][2]
    assert bool(said) == bool(reason), said
    assert re.search(reason, said)
    assert len(said) < 2000
    assert spent < LONGEST_S
    assert peak < MOST_MB


def test_what_came_before_the_bomb_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    good = json.dumps({"id": 1, "type": "message", "date": "2024-11-01T14:00:00", "text": "до"})
    path.write_bytes(OPENED + good.encode() + b"," + MESSAGE + b'"' + b"x" * 20 * MB)
    with open_archive(tmp_path / "a.sqlite") as archive:
        result, (problem,) = run(archive, path)
        assert (result.read, result.truncated, texts(archive)) == (1, True, ["до"])
    assert "after message 1 (number 1)" in problem.reason
