"""Whether most of a post is quoted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quoting import is_mostly_quoted

WORDS = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=30)
PAIRS = st.sampled_from(["«»", "„“", "„”", "“”", '""'])


@pytest.mark.parametrize(
    "text",
    [
        "«Мы скоро победим», — сказал он.",
        "Трамп: «Путин — „мой друг“. Санкции снимем»",
        "“We will win the war,” he said",
        '"We will win the war," he said',
        'Он: "Читайте "Правду" каждый день"',
        "> Мы победим\n> и скоро\nсказал он",
        "„Переможемо” - він",
        "Пишут:\n«Первый абзац\n\nВторой абзац\n\nТретий абзац»",
        "«»«Слова»",
        "»Слова «Больше слов»",
    ],
)
def test_mostly_quoted(text: str) -> None:
    assert is_mostly_quoted(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "«»",
        "Газета «Правда» сообщает о победе",
        "Он открыл скобку « и не закрыл, а дальше долго писал",
        "Закрыл » не открыв",
        'Экран 5" и 6" по диагонали',
        "Счёт 2 > 1, и это победа",
        "Наши слова длиннее, чем >\nцитата",
        "„Так» не пишут, это длинный текст без цитаты",
        "\u202e«» 😂😂😂",
    ],
)
def test_not_mostly_quoted(text: str) -> None:
    assert not is_mostly_quoted(text)


@given(WORDS, WORDS, PAIRS)
def test_the_longer_part_decides(own: str, said: str, pair: str) -> None:
    text = f"{own}: {pair[0]}{said}{pair[1]}"
    assert is_mostly_quoted(text) == (len(said) > len(own) + 1)


@given(WORDS, WORDS)
def test_quoting_lines_count_as_the_words_in_marks_do(own: str, said: str) -> None:
    # The > itself is a sign of the quoted line, as it is in mail.
    assert is_mostly_quoted(f"{own}\n>{said}") == (len(said) + 1 > len(own))


@given(st.text(st.sampled_from('«»„“”"> \nаб1'), max_size=60), PAIRS)
def test_all_in_marks_is_quoted_if_it_says_anything(inside: str, pair: str) -> None:
    bare = inside
    for mark in '«»„“”"':
        bare = bare.replace(mark, "")
    assert is_mostly_quoted(f"{pair[0]}{bare}{pair[1]}") == bool(bare.strip())
    assert isinstance(is_mostly_quoted(inside), bool)


@pytest.mark.parametrize("text", ["«" * 100_000, '"' * 100_000, "«»" * 50_000, "> \n" * 33_000])
def test_hostile_texts_take_no_longer(text: str) -> None:
    started = time.process_time()
    is_mostly_quoted(text + "слово")
    assert time.process_time() - started < 2
