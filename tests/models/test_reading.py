"""What a classifier reads of a post."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading import read, reading_hash


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("**Срочно!** __Трамп__ ~~не~~ победил", "Срочно! Трамп не победил"),
        ("Подробнее [на сайте](https://example.org/a?b=c) издания", "Подробнее на сайте издания"),
        ("[\u200b\u200b](https://telegra.ph/file/1.jpg)**Новость**", "Новость"),
        ("Смотрите https://example.org/x и www.example.org", "Смотрите http и http"),
        ("Пишет @some_channel: началось", "Пишет @user: началось"),
        ("почта editor@example.org открыта", "почта http открыта"),
        ("Раз\u200b\u00adдва\u00a0три", "Раздва три"),
        ("Тра\u0438\u0306н", "Трайн"),
        ("  много   пробелов \n\n\n и строк ", "много пробелов\nи строк"),
        ("😂😂😂", "😂😂😂"),
        ("", ""),
        ("שלום עולם", "שלום עולם"),
    ],
)
def test_markup_addresses_and_invisible_characters_are_taken_out(raw: str, expected: str) -> None:
    assert read(raw) == expected


@pytest.mark.parametrize(
    "footer",
    [
        "🔴 [Подписаться](https://t.me/moscowtoplive) | [Прислать новость](https://t.me/some_bot)",
        "[👉 Топор Live. Подписаться](https://t.me/+HWFlcuXhzKdhYWY6)",
        "Подпишись на @channel",
        "Підписатися | Надіслати новину",
        "t.me/channel",
        "Subscribe!",
        "👉 @channel 👈",
        "👍 12 👎 3",
        "❤️ 1.2K | 🔥 36",
        "👁 10500",
    ],
)
def test_a_channels_footer_is_left_out(footer: str) -> None:
    assert read(f"Трамп победил на выборах.\n\n{footer}") == "Трамп победил на выборах."


def test_texts_that_differ_only_in_footer_and_link_read_the_same() -> None:
    one = read("Новость дня https://a.example/1\n\n👉 [Подписаться](https://t.me/one)")
    other = read("**Новость** дня https://b.example/2\n\n@two_two")
    assert one == other
    assert reading_hash(one) == reading_hash(other)


@pytest.mark.parametrize(
    "line",
    [
        "Трамп готов подписать указ о санкциях",
        "Путин подписывает договор с КНДР.",
        "Наша группа заняла окраину, ВСУ отходят.",
        "Наш канал предупреждал: Путин врёт",
        "Буст экономики США",
        "Subscribe to Putin propaganda? Never.",
        "2 : 1",
        "№ 5",
        "– 30",
        "🔥 36 сбитых",
        "🔥",
    ],
)
def test_a_sentence_is_no_footer(line: str) -> None:
    assert read(f"Итог.\n{line}") == f"Итог.\n{line}"


def test_a_footer_that_is_all_there_is_stays() -> None:
    text = "Подписаться на газету теперь можно и в деревне."
    assert read(text) == text


def test_words_beside_an_address_stay() -> None:
    assert read("(https://a.b)Трамп, https://a.b,Трамп") == "(http)Трамп, http,Трамп"


@given(st.text())
def test_reading_anything_gives_clean_lines(raw: str) -> None:
    text = read(raw)
    assert unicodedata.is_normalized("NFC", text)
    assert all(line and line == line.strip() for line in text.split("\n")) or text == ""


@given(
    st.text(alphabet=st.characters(exclude_characters="[]()*_~|`@:/.", categories=["L", "N", "P"]))
)
def test_plain_words_are_read_as_they_are(raw: str) -> None:
    plain = unicodedata.normalize("NFC", raw)
    assert read(plain) in {plain, ""}


def test_a_hostile_text_is_read_in_reasonable_time() -> None:
    for piece in ("[", "a.", "a@", "@a", "http", "**", "[a](http", "\u0301"):
        assert isinstance(read(piece * 100_000), str)
