"""What an import makes of good files of every format."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from collector.archive import Archive
from collector.errors import ConfigError
from collector.importing import ImportResult, import_file
from collector.tables import coverage
from tests.collector.archived import (
    all_channels,
    all_posts,
    chat,
    desktop,
    jsonl,
    message,
    row,
    run,
    texts,
    write,
)

RTL_AND_EMOJI = "שלום \u200fעולם\n\tمرحبا 👩‍👩‍👧‍👦 e\u0301 é \u2028 \u202e  trailing "


def test_a_desktop_export(archive: Archive, tmp_path: Path) -> None:
    export = chat(
        {"id": 1, "type": "service", "action": "create_channel", "date_unixtime": "1730000000"},
        message(2, "Привіт"),
        message(3, "", photo="photos/photo_1.jpg", edited_unixtime="1730470000"),
        {"id": 4, "type": "unsupported"},
        message(7, "ответ", reply_to_message_id=2),
    )
    result, problems = run(archive, write(tmp_path / "result.json", desktop(export), day=3))
    assert result == ImportResult(read=3, new=3, service=1, unsupported=1, channels=1)
    assert problems == []
    channel = all_channels(archive)[0]
    assert (channel["telegram_id"], channel["username"]) == (1234567890, None)
    assert channel["title"] == "Канал"
    first, photo, reply = all_posts(archive)
    assert first["date"] == datetime(2024, 11, 1, 12, tzinfo=UTC)
    assert first["permalink"] == "https://t.me/c/1234567890/2"
    assert first["source"] == "import"
    assert first["first_seen"] == first["last_seen"] == datetime(2025, 1, 3, tzinfo=UTC)
    assert (photo["text"], photo["media"]) == ("", "photo")
    assert photo["edit_date"] == datetime.fromtimestamp(1730470000, UTC)
    assert reply["reply_to"] == 2


def test_coverage_says_what_was_not_seen(archive: Archive, tmp_path: Path) -> None:
    service = {"id": 3, "type": "service", "date_unixtime": "1730000000"}
    export = chat(service, message(4), message(5), message(5), {"id": 9, "type": "unsupported"})
    run(archive, write(tmp_path / "result.json", desktop(export)))
    with archive.connect() as connection:
        (covered,) = connection.execute(select(coverage)).mappings()
    assert (covered["first_id"], covered["last_id"]) == (3, 9)
    assert (covered["received"], covered["service"], covered["inaccessible"]) == (2, 1, 1)
    assert (covered["unknown"], covered["deleted"], covered["source"]) == (3, 0, "import")


def test_marked_up_text_is_joined(archive: Archive, tmp_path: Path) -> None:
    parts = [
        {"type": "bold", "text": "⚡️ Срочно"},
        "\n\nтекст ",
        {"type": "text_link", "text": "тут", "href": "https://example.org"},
        "",
    ]
    run(archive, write(tmp_path / "result.json", desktop(chat(message(1, parts)))))
    assert texts(archive) == ["⚡️ Срочно\n\nтекст тут"]


def test_polls_reactions_and_forwards(archive: Archive, tmp_path: Path) -> None:
    poll = {
        "question": "Кто прав?",
        "closed": False,
        "total_voters": 9,
        "answers": [
            {"text": "Никто", "voters": 4, "chosen": False},
            {"text": [{"type": "bold", "text": "Все"}], "voters": 5, "chosen": False},
        ],
    }
    reactions = [
        {"type": "emoji", "count": 12, "emoji": "👍"},
        {"type": "custom_emoji", "count": 1, "document_id": "5368324170671202286"},
        {"type": "paid", "count": 2},
    ]
    export = chat(
        message(1, "", poll=poll, reactions=reactions),
        message(2, forwarded_from="Другой", forwarded_from_id="channel1098765432"),
        message(3, forwarded_from=None, forwarded_from_id="user42"),
        message(4, reply_to_message_id=8, reply_to_peer_id="channel5"),
    )
    run(archive, write(tmp_path / "result.json", desktop(export)))
    voted, forwarded, from_user, elsewhere = all_posts(archive)
    assert voted["poll"] == {"question": "Кто прав?", "options": ["Никто", "Все"]}
    assert voted["media"] == "poll"
    assert voted["reactions"] == {"👍": 12, "custom:5368324170671202286": 1, "paid": 2}
    assert forwarded["forward_name"] == "Другой"
    assert forwarded["forward_channel_id"] == 1098765432
    assert (from_user["forward_name"], from_user["forward_channel_id"]) == (None, None)
    assert elsewhere["reply_to"] is None


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        ({"media_type": "video_file", "file": "a.mp4"}, "video"),
        ({"media_type": "voice_message", "file": "a.ogg"}, "voice_message"),
        ({"file": "a.pdf"}, "document"),
        ({"location_information": {}, "place_name": "Площадь"}, "venue"),
        ({}, None),
    ],
)
def test_media(
    archive: Archive, tmp_path: Path, fields: dict[str, object], media: str | None
) -> None:
    run(archive, write(tmp_path / "result.json", desktop(chat(message(1, **fields)))))
    assert all_posts(archive)[0]["media"] == media


def test_old_exports_have_local_time_only(archive: Archive, tmp_path: Path) -> None:
    old = message(1, edited="1970-01-01T02:00:00")  # how they wrote "never"
    del old["date_unixtime"]
    run(archive, write(tmp_path / "old.json", desktop(chat(old))), timezone="Europe/Kyiv")
    (post,) = all_posts(archive)
    assert post["date"] == datetime(2024, 11, 1, 12, tzinfo=UTC)
    assert post["edit_date"] is None


def test_a_whole_account(archive: Archive, tmp_path: Path) -> None:
    chats = [
        chat(message(1, "личное"), type="personal_chat", id=5),
        chat(message(1, "один"), id=11, name="Первый"),
        {"type": "saved_messages", "id": 6, "messages": [message(1)]},
        {"name": "Без сообщений", "type": "public_channel", "id": 7},
        chat(message(1, "два"), type="private_channel", id=22, name="Второй"),
        chat(message(1), type="private_supergroup", id=33),
        chat(message(1), type="private_supergroup", id=34),
    ]
    export = {
        "about": "...",
        "personal_information": {"user_id": 1, "first_name": "A"},
        "contacts": {"list": [{"first_name": "B", "messages": "no"}]},
        "chats": {"about": "...", "list": chats},
        "left_chats": {"about": "...", "list": [chat(message(1, "три"), id=44, name="Третий")]},
    }
    result, problems = run(archive, write(tmp_path / "result.json", desktop(export)))
    assert problems == []
    assert (result.read, result.channels) == (3, 3)
    assert result.skipped_chats == {
        "personal_chat": 1,
        "saved_messages": 1,
        "private_supergroup": 2,
    }
    assert [channel["title"] for channel in all_channels(archive)] == ["Первый", "Второй", "Третий"]
    assert texts(archive) == ["один", "два", "три"]


def test_a_header_may_follow_its_messages(archive: Archive, tmp_path: Path) -> None:
    one = {"messages": [message(1, "текст")], "type": "public_channel", "id": 8, "name": "Поздно"}
    run(archive, write(tmp_path / "one.json", desktop(one)))
    account = {"chats": {"list": [{"type": "bot_chat", "id": 3}, one | {"id": 9}]}}
    run(archive, write(tmp_path / "all.json", desktop(account)))
    assert [channel["telegram_id"] for channel in all_channels(archive)] == [8, 9]
    assert texts(archive) == ["текст", "текст"]


def test_what_desktop_writes_instead_of_json(archive: Archive, tmp_path: Path) -> None:
    export = desktop(
        chat(
            message(1, "звонок \x07 и \\x07"),
            message(2, [{"type": "custom_emoji", "text": "😮", "document_id": "STICKER"}, ""]),
            message(3, 'цитата "document_id": a\\b'),
        )
    )
    assert "\\u0007" in export
    broken = export.replace("\\u0007", "\\x07").replace('"STICKER"', "files/sticker (2).webm")
    result, problems = run(archive, write(tmp_path / "result.json", broken))
    assert problems == []
    assert result.read == 3
    assert texts(archive) == ["звонок \x07 и \\x07", "😮", 'цитата "document_id": a\\b']


def test_json_lines_with_every_field(archive: Archive, tmp_path: Path) -> None:
    full = row(
        text="Текст",
        channel="@some_channel",
        title="Канал",
        participants="1000.0",
        edit_date=1730470000,
        views="12",
        forwards=3.0,
        replies=None,
        reply_to="",
        grouped_id=13_800_000_000_000_001,
        media="photo",
        reactions={"👍": 12},
        forward_from={"name": "Исток", "channel_id": -1001098765432, "message_id": 5},
        category="news",
    )
    result, problems = run(archive, write(tmp_path / "posts.jsonl", jsonl([full])))
    assert (result.read, problems) == (1, [])
    (post,) = all_posts(archive)
    (channel,) = all_channels(archive)
    assert channel["username"] == "some_channel"
    assert (channel["telegram_id"], channel["title"]) == (1234567890, "Канал")
    assert channel["participants"] == 1000
    assert (post["views"], post["forwards"], post["replies"]) == (12, 3, None)
    assert post["grouped_id"] == 13_800_000_000_000_001
    assert post["reactions"] == {"👍": 12}
    assert post["forward_channel_id"] == 1098765432
    assert (post["forward_name"], post["forward_message_id"]) == ("Исток", 5)
    assert post["permalink"] == "https://t.me/some_channel/1"


@pytest.mark.parametrize(
    ("channel_id", "channel", "username", "title"),
    [
        (None, "some_channel", "some_channel", None),
        (None, "https://t.me/some_channel", "some_channel", None),
        (None, "t.me/s/some_channel/", "some_channel", None),
        (None, "Новости города", None, "Новости города"),
        (None, "112", None, "112"),
        (-1001117628569, "Mash", None, "Mash"),  # a title: t.me/Mash is somebody else
        (-1001117628569, "@breakingmash", "breakingmash", None),
        ("channel1117628569", None, None, None),
        ("1117628569.0", "", None, None),
    ],
)
def test_what_the_channel_column_means(
    archive: Archive,
    tmp_path: Path,
    channel_id: object,
    channel: str | None,
    username: str | None,
    title: str | None,
) -> None:
    rows = [row(channel_id=channel_id, channel=channel)]
    run(archive, write(tmp_path / "posts.jsonl", jsonl(rows)))
    (stored,) = all_channels(archive)
    assert stored["telegram_id"] == (1117628569 if channel_id else None)
    assert (stored["username"], stored["title"]) == (username, title)


def test_a_channel_can_be_named_for_a_file_that_does_not(archive: Archive, tmp_path: Path) -> None:
    export = write(tmp_path / "result.json", desktop(chat(message(4))))
    run(archive, export, channel="https://t.me/some_channel")
    table = write(tmp_path / "posts.csv", "id,date,text\n5,2024-11-02,текст\n")
    run(archive, table, channel="@Some_Channel")
    (channel,) = all_channels(archive)
    assert (channel["telegram_id"], channel["username"]) == (1234567890, "Some_Channel")
    assert [post["permalink"] for post in all_posts(archive)] == [
        "https://t.me/some_channel/4",
        "https://t.me/Some_Channel/5",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_in_its_dialects(archive: Archive, tmp_path: Path, delimiter: str, mark: str) -> None:
    lines = [
        ["ID", "date", '"text"', "channel", "reactions", "views", "forward_name"],
        ["1", "2024-11-01T12:00:00Z", '"сказал ""да""\nи ушёл, всё; так"', "Город", "", "", ""],
        ["2", "1730462400", "коротко", "Город", '"{""👍"": 2}"', "7.0", "Исток"],
    ]
    data = mark + "\r\n".join(delimiter.join(cells) for cells in lines)
    result, problems = run(archive, write(tmp_path / "posts.csv", data))
    assert problems == []
    assert result.read == 2
    first, second = all_posts(archive)
    assert first["text"] == 'сказал "да"\nи ушёл, всё; так'
    assert first["date"] == second["date"] == datetime(2024, 11, 1, 12, tzinfo=UTC)
    assert (first["views"], first["reactions"], first["forward_name"]) == (None, None, None)
    assert (second["views"], second["reactions"]) == (7, {"👍": 2})
    assert second["forward_name"] == "Исток"


@pytest.mark.parametrize("hint", ["sep=;\r\n", "\ufeffSEP=;\n", '"sep=;"\n'])
def test_what_excel_writes_before_the_header(archive: Archive, tmp_path: Path, hint: str) -> None:
    data = hint + "id;date;text;channel\n1;2024-11-01;раз, два, три, четыре;Город\n2;x;y;z\n"
    _, (problem,) = run(archive, write(tmp_path / "posts.csv", data))
    assert texts(archive) == ["раз, два, три, четыре"]
    assert problem.where == "line 4"


@pytest.mark.parametrize("name", ["posts.txt", "posts.gz", "posts"])
def test_the_format_is_told_by_content(archive: Archive, tmp_path: Path, name: str) -> None:
    packed = gzip.compress(jsonl([row()]).encode())
    assert run(archive, write(tmp_path / name, packed))[0].new == 1
    plain = write(tmp_path / name, desktop(chat(message(2))))
    assert run(archive, plain)[0].new == 1


def test_an_export_on_one_line(archive: Archive, tmp_path: Path) -> None:
    minified = jsonl([chat(message(1), message(2))])
    assert run(archive, write(tmp_path / "result.json", minified))[0].read == 2


@pytest.mark.parametrize("form", ["desktop", "jsonl", "csv"])
def test_text_is_kept_byte_for_byte(archive: Archive, tmp_path: Path, form: str) -> None:
    data = {
        "desktop": desktop(chat(message(1, RTL_AND_EMOJI))),
        "jsonl": jsonl([row(1, RTL_AND_EMOJI)]),
        "csv": f'id,date,text,channel_id\n1,1730462400,"{RTL_AND_EMOJI}",77\n',
    }
    run(archive, write(tmp_path / "posts", data[form]))
    assert [text.encode() for text in texts(archive)] == [RTL_AND_EMOJI.encode()]


def test_progress_is_told_in_bytes_of_the_file(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.jsonl", jsonl(row(n) for n in range(1, 2500)))
    told: list[int] = []
    import_file(archive, path, on_problem=print, on_progress=told.append)
    assert len(told) == 3
    assert told == sorted(told)
    assert 0 < told[0] <= told[-1] <= path.stat().st_size


@pytest.mark.parametrize("options", [{"timezone": "Mars/Base"}, {"channel": "not a name"}])
def test_options_that_cannot_be(archive: Archive, tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        run(archive, write(tmp_path / "posts.jsonl", jsonl([row()])), **options)
