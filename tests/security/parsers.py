"""Every reader of what strangers write, as a function of bytes, with real-looking input to alter.

A reader may accept or refuse; refusing is a TgstanceError of one short line. All else is a fault.
"""

import atexit
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from collector.archive import Archive, open_archive
from collector.errors import TgstanceError
from collector.importing import import_file
from collector.naming import read_channels_file
from collector.preview.channel_page import read_channel_page
from collector.preview.landing import explain
from collector.telegram.session import SessionFile, read_session
from models.dataset import read_set, read_texts
from models.quoting import is_mostly_quoted
from models.reading import read
from models.targets import Target, TargetMatcher
from reports.annotation.sheet_reading import read_sheet
from tests.preview_server.pages import landing
from tests.preview_server.pages import preview as page_of
from tests.telegram_server import World
from tgstance.config import load_config
from tgstance.harmless import harmless, one_line

__all__ = ["PARSERS", "TOKENS", "Parser"]

LONGEST_LINE = 2000  # characters of a message

# What breaks parsers, to be put anywhere.
TOKENS = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "\0",
        "\ud800",
        "\ufeff",
        "\u202e",
        "\u2028",
        "\x1b[2J",
        "\x85",
        "\r",
        "\r\n",
        "\n",
        '"',
        '""',
        "'",
        "\\",
        "\\x0B",
        "\\u0000",
        "\\ud83d",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "<b>",
        "<!--",
        "&#0;",
        "&",
        ",",
        ";",
        "\t",
        "=",
        "=1+1",
        "-",
        "--5",
        "NaN",
        "Infinity",
        "1e999",
        "9" * 5000,
        "0x",
        "null",
        "true",
        "[" * 2000,
        '{"a":' * 2000,
        "«",
        "•1",
        "•••1",
        "👍",
        "е\u0301",
        "ё",
        "𝒳",
        "~",
        "~nobody/",
        "../",
        "/dev/null",
        "%s",
        "{0}",
        "@",
        "t.me/",
        "1970-01-01",
        "9999-12-31T23:59:59",
    )
)


@dataclass(frozen=True)
class Parser:
    """A reader of one kind of input; `read` raises whatever is a fault."""

    name: str
    seeds: tuple[bytes, ...]
    reader: Callable[[bytes], object]

    def read(self, data: bytes) -> None:
        """Read; see that what is refused is refused in one short line."""
        said = "nothing"
        try:
            self.reader(data)
        except TgstanceError as error:
            said = str(error)
        assert 0 < len(said) < LONGEST_LINE, said[:100]
        harmless(said).encode()


@cache
def scratch() -> Path:
    made = Path(mkdtemp(prefix="tgstance-parsers-"))
    atexit.register(rmtree, made, ignore_errors=True)
    return made


@cache
def archive() -> Archive:
    return open_archive(scratch() / "archive.sqlite")


def file_of(name: str, data: bytes) -> Path:
    path = scratch() / name
    path.write_bytes(data)
    return path


def imported(data: bytes) -> None:
    problems: list[str] = []
    import_file(archive(), file_of("posts", data), on_problem=lambda one: problems.append(str(one)))
    assert all(len(problem) < LONGEST_LINE for problem in problems)


def imported_packed(data: bytes) -> None:
    """Import what these bytes are, and what they are the content of."""
    imported(data)
    imported(gzip.compress(data, 1)[: max(20, len(data) // 2)])


def previewed(data: bytes) -> None:
    explain(data)
    read_channel_page(data, "news")


def configured(data: bytes) -> None:
    config = load_config(file_of("tgstance.toml", data))
    config.as_json()
    for path in (config.archive, config.session_file, config.report_directory, config.codebook):
        assert "\0" not in str(path)
    assert config.sentiment_model
    assert config.stance_model


def in_session(data: bytes) -> None:
    read_session(data.decode("utf-8", "replace"), "TGSTANCE_SESSION")


def in_session_file(data: bytes) -> None:
    SessionFile(file_of("telegram.session", data)).read()


def labelled(data: bytes) -> None:
    path = file_of("rows.jsonl", data)
    read_texts(path)
    read_set(path)


def as_text(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    is_mostly_quoted(text)
    TargetMatcher([Target("Трамп", ("US",))]).find(read(text))
    assert "\x1b" not in one_line(text)


def export() -> bytes:
    messages = [
        {"id": 1, "type": "message", "date": "2024-11-01T14:00:00", "date_unixtime": "1730462400",
         "text": ["см. ", {"type": "bold", "text": "это"}], "edited": "2024-11-02T14:00:00",
         "reactions": [{"type": "emoji", "count": 5, "emoji": "👍"}], "file": "a.mp4"},
        {"id": 2, "type": "service", "date": "2024-11-01T14:00:00", "text": ""},
        {"id": 3, "type": "message", "date": "2024-11-01T14:00:00", "text": "", "photo": "a.jpg",
         "poll": {"question": "Да?", "answers": [{"text": "да", "voters": 1}]},
         "forwarded_from": "Кто-то", "forwarded_from_id": "channel5", "reply_to_message_id": 1},
    ]  # fmt: skip
    chat = {"name": "Канал", "type": "public_channel", "id": 1234567890, "messages": messages}
    return json.dumps(chat, ensure_ascii=False, indent=1).encode()


def account() -> bytes:
    chats = {"about": "", "list": [json.loads(export()), {"type": "saved_messages", "id": 1}]}
    return json.dumps({"chats": chats, "left_chats": {"list": []}}).encode()


def rows() -> bytes:
    row = {"message_id": 1, "date": "2024-11-01T12:00:00Z", "text": "слово", "channel": "@news",
           "title": "Новости", "views": 5, "reactions": {"👍": 12}, "edit_date": 1730462400.5,
           "poll": {"question": "?", "options": ["a"]}, "forward_from": {"name": "x"},
           "permalink": "https://t.me/news/1", "channel_id": -1001234567890}  # fmt: skip
    return b"\n".join(json.dumps({**row, "message_id": number}).encode() for number in (1, 2, 3))


def table() -> bytes:
    return (
        "message_id,date,text,channel_id,views,reactions\n"
        '1,2024-11-01,"две\nстроки",5,1,"{""👍"": 1}"\n2,1730462400,"",5,,\n'
    ).encode()


def page() -> tuple[bytes, ...]:
    world = World()
    news = world.add_channel("news", title="Новости")
    news.post("первый & <b>", views=1234, reactions={"👍": 5})
    news.post("второй", photo=True, reply_to=1)
    news.post("", poll=("Да?", ["a", "b"]))
    news.service()
    return page_of(world, news, None).encode(), landing("news", news).encode()


CONFIGURATION = """\
[archive]
location = "a.sqlite"
[telegram]
api_id = 1
session = "~/x.session"
[collect]
channels = ["@news", { name = "t.me/other", source = "preview" }]
since = 2025-01-01
[models]
sentiment = "embedded"
stance = { name = "mdeberta-nli", revision = "0123456789abcdef0123456789abcdef01234567" }
[report]
directory = "reports"
period = "week"
[[report.events]]
date = 2025-01-01
label = "x"
[[targets]]
name = "Трамп"
aliases = ["Trump"]
[[targets]]
name = "звонок"
requires = [["Трамп"], ["звонок"]]
""".encode()
LABELLED = (
    '{"text": "Трамп молодец", "task": "stance", "label": "favor", "target": "Трамп", '
    '"aliases": ["Trump"], "span": [0, 5], "lang": "ru"}\n'
    '{"text": "плохо", "task": "sentiment", "label": "negative", "post_id": 5}\n'
).encode()
SHEET = (
    "\ufeffitem,channel,date,target,permalink,text,label,note\n"
    '1,News,2025-01-01,Трамп,https://t.me/news/1,"текст, и\nещё",за,\n2,,,,,,против,"""x"""\n'
).encode()
TEXT = (
    "**Трамп** [сказал](https://a.b/c(d)) @user_name a@b.cd «цитата „внутри“»\n> строка\n"
    "👍 12 • 👎 3\nПодписаться t.me/news"
).encode()
SESSION = b"1" + b"A" * 352

PARSERS = {
    parser.name: parser
    for parser in (
        Parser("Telegram Desktop", (export(), account()), imported),
        Parser("JSON lines", (rows(),), imported),
        Parser("CSV", (table(), b"sep=;\n" + table().replace(b",", b";")), imported),
        Parser("gzip", (export(), rows(), gzip.compress(table())), imported_packed),
        Parser("web preview", page(), previewed),
        Parser("configuration", (CONFIGURATION,), configured),
        Parser("channels file", (b"@news # x\nt.me/s/other/5?a=b\n-1001234567890\n",),
               lambda data: read_channels_file(file_of("channels.txt", data))),
        Parser("TGSTANCE_SESSION", (SESSION, b"1" + b"A" * 368), in_session),
        Parser("session file", (SESSION, b"SQLite format 3\0"), in_session_file),
        Parser("sheet of annotate", (SHEET, SHEET.decode().encode("utf-16")),
               lambda data: read_sheet(file_of("gold.csv", data))),
        Parser("labelled set", (LABELLED, gzip.compress(LABELLED)), labelled),
        Parser("post text", (TEXT,), as_text),
    )
}  # fmt: skip
