"""Sentences of the kind that models are asked about: what a backend is checked and timed on.

They were written for this: no post of anybody's is among them. A third each is Russian, Ukrainian
and English; a third each is against its target, neutral and in favour.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from transformers import PreTrainedTokenizerBase

from models.encoding import encode
from models.engine.batching import Row
from models.labels import SENTIMENT, STANCE
from models.passage import Passage

__all__ = ["SAMPLES", "sample_passages", "sample_rows"]

SAMPLES = 216

_NAMES = {
    "ru": ("парламент", "городской совет", "новый закон", "профсоюз", "фонд", "посол"),
    "uk": ("парламент", "міський голова", "новий закон", "профспілковий рух", "фонд", "посол"),
    "en": ("the parliament", "the city council", "the new law", "the union", "NATO", "the envoy"),
}
_SENTENCES = {
    "ru": (
        "{} снова всё провалил, и отвечать никто не собирается.",
        "Позор! {} думает только о себе, а люди сидят без света и воды.",
        "Сколько можно врать: {} обещал одно, а вышло совсем другое.",
        "Хуже не придумаешь. {} — это просто катастрофа для всей страны 🤬",
        "Завтра в 10:00 {} будет темой пресс-конференции в столице.",
        "Как передают агентства, {} упоминается в документе на 14 страницах.",
        "Эксперты обсудили, что {} изменит к 2026 году; решения пока нет.",
        "Сегодня {} опять в новостях. Подробности по ссылке.",
        "Молодцы! {} наконец сделал то, чего все так долго ждали 👏",
        "Я поддерживаю: {} — лучшее, что случилось с нами за эти годы.",
        "Спасибо всем, кто помогал. {} спас сотни семей, и это заслуживает уважения.",
        "Отличные новости: {} добился своего, цены падают, работы стало больше.",
    ),
    "uk": (
        "{} знову все провалив, і відповідати ніхто не збирається.",
        "Ганьба! {} думає лише про себе, а люди сидять без світла й води.",
        "Скільки можна брехати: {} обіцяв одне, а вийшло зовсім інше.",
        "Гірше не вигадаєш. {} — це просто катастрофа для всієї країни 🤬",
        "Завтра о 10:00 {} буде темою пресконференції у столиці.",
        "Як передають агентства, {} згадується в документі на 14 сторінках.",
        "Експерти обговорили, що {} змінить до 2026 року; рішення поки немає.",
        "Сьогодні {} знову в новинах. Подробиці за посиланням.",
        "Молодці! {} нарешті зробив те, на що всі так довго чекали 👏",
        "Я підтримую: {} — найкраще, що сталося з нами за ці роки.",
        "Дякую всім, хто допомагав. {} врятував сотні родин, і це варте поваги.",
        "Чудові новини: {} домігся свого, ціни падають, роботи побільшало.",
    ),
    "en": (
        "Once more {} failed everyone, and nobody is going to answer for it.",
        "A disgrace! Apparently {} cares about itself while people sit without power.",
        "How many lies can we take? What {} promised is not what we got.",
        "It cannot get worse. For this country {} is a plain disaster 🤬",
        "Tomorrow at 10:00 {} is the subject of a press conference in the capital.",
        "Agencies report that {} is mentioned in a document of 14 pages.",
        "Experts discussed what {} will change by 2026; there is no decision yet.",
        "Today {} is in the news again. Details under the link.",
        "Well done! At last {} did what everybody had been waiting for 👏",
        "I am all for it: {} is the best that has happened to us in years.",
        "Thanks to all who helped. Hundreds of families were saved by {}: respect.",
        "Great news: {} got its way, prices are falling and there is more work.",
    ),
}


def sample_passages() -> list[Passage]:
    """Return `SAMPLES` passages with their targets, each of one sentence to six, in 3 languages.

    Their tasks are not said: each may be read for sentiment and for stance.
    """
    return [passage for language in _SENTENCES for passage in _of(language)]


def sample_rows(tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[Row]:
    """Return the passages as a model reads them, half of them for sentiment, half for stance."""
    return [
        encode(tokenizer, passage, SENTIMENT if number % 2 else STANCE, max_length)
        for number, passage in enumerate(sample_passages())
    ]


def _of(language: str) -> Iterator[Passage]:
    sentences = _SENTENCES[language]
    for at, name in enumerate(_NAMES[language]):
        for number, sentence in enumerate(sentences):
            others = islice(cycle(sentences), number + 1, number + 1 + (at + number) % 6)
            yield _passage(sentence, name, _filled(others, language), language)


def _filled(sentences: Iterator[str], language: str) -> Sequence[str]:
    """Return sentences about one thing after another."""
    return [
        sentence.format(name)
        for sentence, name in zip(sentences, cycle(_NAMES[language]), strict=False)
    ]


def _passage(sentence: str, name: str, more: Sequence[str], language: str) -> Passage:
    before = sentence.index("{}")
    text = " ".join([sentence.format(name), *more])
    return Passage(text, name, ((before, before + len(name)),), language=language)
