"""How users may name channels, and how they may not."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.errors import ConfigError
from collector.naming import (
    ChannelName,
    parse_channel,
    parse_channels,
    read_channels_file,
)


@pytest.mark.parametrize(
    "text",
    [
        "rian_ru",
        "@rian_ru",
        "RIAN_ru",
        "@Rian_RU",
        "  @rian_ru\t",
        "t.me/rian_ru",
        "t.me/rian_ru/",
        "T.ME/RIAN_RU",
        "www.t.me/rian_ru",
        "telegram.me/rian_ru",
        "http://t.me/rian_ru",
        "https://t.me/rian_ru",
        "https://t.me/s/rian_ru",
        "https://t.me/s/rian_ru/",
        "HTTPS://T.ME/S/rian_ru",
        "https://t.me/s/rian_ru?before=100",
        "https://t.me/s/rian_ru/271828",
        "https://t.me/rian_ru/271828",
        "https://t.me/rian_ru/271828?single",
        "https://t.me/rian_ru/271828?comment=5",
        "https://t.me/rian_ru#top",
        " https://t.me/rian_ru ",
    ],
)
def test_a_username_is_accepted_in_every_form(text: str) -> None:
    assert parse_channel(text) == ChannelName(username="rian_ru")


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "-1001234567890",
        " -1001234567890 ",
        "id 1234567890",
        "t.me/c/1234567890",
        "https://t.me/c/1234567890/5",
        "https://t.me/c/1234567890/5?thread=4",
    ],
)
def test_an_id_is_accepted_in_every_form(text: str) -> None:
    assert parse_channel(text) == ChannelName(telegram_id=1234567890)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@",
        "abc",  # Telegram has no channel with so short a name
        "@" + "a" * 33,
        "два_слова",
        "two words",
        "rian-ru",
        "1name",
        "_name",
        "@@name",
        "name@",
        "name/5",
        "https://example.com/rian_ru",
        "https://t.me",
        "https://t.me/",
        "https://t.me//rian_ru",
        "https://t.me/s",
        "https://t.me/s/",
        "https://t.me/c",
        "https://t.me/c/",
        "https://t.me/c/rian_ru/5",
        "https://t.me/c/0/5",
        "https://t.me.example.com/rian_ru",
        "0",
        "-5",
        "-1000000000000",
        "9999999999999999999",
        "12345678901234567890",
        "1.5",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_channel(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://t.me/+AbCdEfGhIjKlMnOp",
        "t.me/+AbCdEfGhIjKlMnOp",
        "https://t.me/joinchat/AbCdEfGhIjKlMnOp",
        "https://t.me/JoinChat/AbCdEfGhIjKlMnOp",
        "https://t.me/joinchat",
        "https://t.me/addlist/AbCdEfGhIjKl",
        "https://t.me/s/+AbCdEfGhIjKl",
    ],
)
def test_an_invitation_is_refused_as_one(text: str) -> None:
    with pytest.raises(ConfigError, match="is an invitation"):
        parse_channel(text)


@pytest.mark.parametrize("word", ["addstickers", "addemoji", "share", "proxy", "socks", "boost"])
def test_a_link_that_does_something_is_no_channel(word: str) -> None:
    with pytest.raises(ConfigError, match="is not a channel"):
        parse_channel(f"https://t.me/{word}/something")


def test_an_error_names_what_was_given() -> None:
    with pytest.raises(ConfigError, match="rian-ru: is not a channel: give @name"):
        parse_channel("rian-ru")


def test_duplicates_are_one_in_the_order_of_the_first() -> None:
    texts = ["@one_1", "t.me/two_2", "ONE_1", "https://t.me/s/two_2/77", "77777", "-1000000077777"]
    assert [str(name) for name in parse_channels(texts)] == ["@one_1", "@two_2", "id 77777"]


def test_duplicates_do_not_hide_nonsense() -> None:
    with pytest.raises(ConfigError, match="x-y"):
        parse_channels(["@one_1", "@one_1", "x-y"])


@given(st.text() | st.from_regex(r"(https?://)?t\.me/(s/|c/)?[-\w/+?#]*") | st.integers().map(str))
@example("\u0661\u0662\u0663")  # digits, though not ours
@example("@name\n")
@example("t.me/\x00")
def test_any_text_is_a_channel_or_refused_and_a_channel_reads_its_own_name(text: str) -> None:
    try:
        name = parse_channel(text)
    except ConfigError:
        return
    assert (name.username is None) != (name.telegram_id is None)
    assert parse_channel(str(name)) == name


def file_of(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_file_names_channels_a_line_each(tmp_path: Path) -> None:
    text = "# the big ones\n@one_1  # the first\r\n\n   \nhttps://t.me/s/two_2\n#@three_3\n12345"
    assert read_channels_file(file_of(tmp_path / "c.txt", text.encode())) == [
        "@one_1",
        "https://t.me/s/two_2",
        "12345",
    ]


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.txt", "\ufeffone_1\n".encode())
    assert read_channels_file(path) == ["one_1"]


def test_a_bad_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.txt", b"# c\n\n@one_1\n\nt.me/+secret\n@two_2\n")
    with pytest.raises(ConfigError, match=r"c\.txt, line 5: t\.me/\+secret: is an invitation"):
        read_channels_file(path)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n"])
def test_a_file_without_channels_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConfigError, match="names no channel"):
        read_channels_file(file_of(tmp_path / "c.txt", data))


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.txt: cannot be read"):
        read_channels_file(tmp_path / "absent.txt")


@pytest.mark.parametrize("data", ["@канал\n".encode("cp1251"), "@one_1\n".encode("utf-16")])
def test_a_file_in_another_encoding_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"c\.txt: cannot be read"):
        read_channels_file(file_of(tmp_path / "c.txt", data))
