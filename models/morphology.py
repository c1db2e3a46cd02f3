"""The inflected forms of a word in Russian, Ukrainian and English.

Cyrillic words go through the dictionaries and ending rules of pymorphy3 (Korobov 2015,
"Morphological Analyzer and Generator for Russian and Ukrainian Languages"), Latin ones through
inflect. All forms come folded as `fold` does it, so that they can be compared as they are.
"""

import re
import unicodedata
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from inflect import engine as InflectEngine  # noqa: N812  (a class of a lower-case name)
    from pymorphy3 import MorphAnalyzer
    from pymorphy3.analyzer import Parse

__all__ = ["fold", "forms", "is_other_word"]

_POSSESSIVE = re.compile(r"(?<=[a-z])'s?$")
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ`´′ʹ", "'"))
_ONLY_RUSSIAN = frozenset("ёъыэ")
_ONLY_UKRAINIAN = frozenset("іїєґ'")
_GUESSED = frozenset({"NOUN", "ADJF"})
_DECLINED = frozenset({"NOUN", "ADJF", "PRTF"})
_CONJUGATED = frozenset({"VERB", "INFN", "GRND"})
_NAMES = ("Name", "Surn", "Patr", "Geox", "Orgn")
_VOWELS = frozenset("аеёиоуыэюяіїє")
_CONSONANTS = frozenset("бвгґджзклмнпрстфхцчшщ")
_DECLENSIONS = {
    "а": ("ы", "и", "е", "у", "ой", "ою", "і"),
    "я": ("и", "е", "ю", "ей", "ею", "ї", "і"),
}
_ENDINGS = ("а", "у", "ом", "е", "ові", "і")
_PLURAL_ENDINGS = ("ы", "и", "ов", "ів", "ам", "ами", "ах")
_SHORTEST_COMMON_NOUN = 4
_ONE_AT_A_TIME = Lock()


def fold(word: str) -> str:
    """Return `word` without case, stress marks, possessive ending, apostrophes and the dots of ё.

    Words that fold to the same string are the same word to the matcher.
    """
    plain = word.casefold().translate(_APOSTROPHES)
    plain = _POSSESSIVE.sub("", unicodedata.normalize("NFC", plain.replace("\u0301", "")))
    return plain.replace("'", "").replace("ё", "е")


def forms(word: str) -> frozenset[str]:
    """Return every folded form that `word` takes, itself included."""
    inflected = _cyrillic_forms(word) if _is_cyrillic(word) else _latin_forms(word)
    return frozenset({fold(word), *map(fold, inflected)})


def is_other_word(form: str, word: str) -> bool:
    """Tell whether `form`, in lower case, is rather a form of some other word than `word`.

    "маску" may be a form of the surname "Маск", but it is far likelier a mask; "песков" rather
    sands than the surname. By the dictionary's shares of readings, under a half means other.
    """
    if not _is_cyrillic(word):
        return False
    knowing = [analyzer for analyzer in _analyzers(form) if analyzer.word_is_known(form)]
    if not knowing:
        return False
    readings = knowing[0].parse(form)
    own = sum(reading.score for reading in readings if _is_reading_of(reading, word))
    return bool(own < 0.5 * sum(reading.score for reading in readings))


def _is_reading_of(reading: "Parse", word: str) -> bool:
    same = fold(reading.normal_form) in _lemmas(word)
    return same and (_is_name(reading) or not any(map(_is_name, _base_parses(word))))


def _is_name(parse: "Parse") -> bool:
    return any(grammeme in str(parse.tag) for grammeme in _NAMES)


@cache
def _lemmas(word: str) -> frozenset[str]:
    return frozenset({fold(word), *(fold(parse.normal_form) for parse in _base_parses(word))})


def _cyrillic_forms(word: str) -> "Iterable[str]":
    parses = _base_parses(word)
    for parse in parses:
        yield from (form.word for form in parse.lexeme if _same_paradigm(parse, form))
    if any(map(_is_russian_nominative, parses)) or word.isupper():
        return
    if word[0].isupper():
        yield from _by_ending(word.casefold(), _DECLENSIONS, _ENDINGS)
    elif not any(parse.is_known for parse in parses) and set(word) & _VOWELS:
        # "биткоин", which its ending makes an adjective, but not "тцк"
        yield from _by_ending(word, {}, _ENDINGS + _PLURAL_ENDINGS)


@cache
def _base_parses(word: str) -> "tuple[Parse, ...]":
    """Return the readings of `word` as a noun, adjective or verb in its base form.

    Of both languages. An alias is written as it stands in a dictionary: "Путин" is the surname, not
    the genitive plural of "путина", the fishing season; "выборы" is elections, not choices. Only a
    word with no such reading (an alias given in another case) is taken as it is likeliest to be
    meant.
    """
    by_language = [
        [parse for parse in _likely(analyzer, word) if _is_inflected(parse)]
        for analyzer in _analyzers(word)
    ]
    base = [parse for parses in by_language for parse in _in_base_form(parses, word)]
    return tuple(base or [parse for parses in by_language for parse in parses][:1])


def _in_base_form(parses: "list[Parse]", word: str) -> "list[Parse]":
    """Return readings in the base form; where `word` is itself a lemma, only of that lemma."""
    base = [parse for parse in parses if _is_base(parse)]
    return [parse for parse in base if fold(parse.normal_form) == fold(word)] or base


def _likely(analyzer: "MorphAnalyzer", word: str) -> "list[Parse]":
    """Return what the dictionary knows, else the likeliest guesses from the ending.

    A word that the Russian dictionary has needs no guess at its Ukrainian endings.
    """
    parses: list[Parse] = analyzer.parse(word)
    known = [parse for parse in parses if parse.is_known]
    if known or (analyzer is _analyzer("uk") and _analyzer("ru").word_is_known(word)):
        return known
    nominal = [parse for parse in parses if parse.tag.POS in _GUESSED]
    base = [parse for parse in nominal if _is_base(parse)] or nominal[:1]
    return list({parse.tag.POS: parse for parse in reversed(base)}.values())


def _is_inflected(parse: "Parse") -> bool:
    return parse.tag.POS in _DECLINED or _is_infinitive(parse)


def _is_base(parse: "Parse") -> bool:
    return parse.tag.case == "nomn" or _is_infinitive(parse)


def _is_infinitive(parse: "Parse") -> bool:
    return parse.tag.POS == "INFN" or str(parse.tag).endswith(" infn")


def _is_russian_nominative(parse: "Parse") -> bool:
    return parse.tag.case == "nomn" and parse._morph is _analyzer("ru")  # noqa: SLF001 (no getter)


def _same_paradigm(base: "Parse", form: "Parse") -> bool:
    """Keep forms of the same word in the narrow sense.

    "Навальная" is not an inflected "Навальный", and the plural of a woman's surname would bring in
    her husband; of a participle only its own cases belong, not the whole verb.
    """
    if _is_infinitive(base):
        return form.tag.POS in _CONJUGATED
    if form.tag.POS != base.tag.POS or "Supr" in str(form.tag):
        return False
    if (form.tag.tense, form.tag.voice) != (base.tag.tense, base.tag.voice):
        return False
    if "Surn" in str(base.tag) and base.tag.gender == "femn" and form.tag.number == "plur":
        return False
    genders = {base.tag.gender, form.tag.gender}
    return None in genders or len(genders) == 1


def _by_ending(
    word: str, after_vowels: "Mapping[str, tuple[str, ...]]", after_consonants: tuple[str, ...]
) -> "Iterable[str]":
    """Yield the cases of a word that no dictionary knows as a nominative, by its last letter."""
    if word[-1] in after_vowels:
        yield from (word[:-1] + ending for ending in after_vowels[word[-1]])
    elif word[-1] in _CONSONANTS:
        yield from (word + ending for ending in after_consonants)


def _latin_forms(word: str) -> "Iterable[str]":
    """Yield plural and, for words that are no names, singular."""
    letters = fold(word)
    if not letters.isascii() or not letters.isalpha() or word.isupper():
        return
    singular = _english().singular_noun(letters)
    if not singular:
        yield str(_english().plural_noun(letters))
    elif word.islower() and len(word) >= _SHORTEST_COMMON_NOUN:
        yield str(singular)


def _is_cyrillic(word: str) -> bool:
    return any("\u0400" <= char <= "\u052f" for char in word)


def _analyzers(word: str) -> "list[MorphAnalyzer]":
    letters = set(word.casefold().translate(_APOSTROPHES))
    languages = []
    if not letters & _ONLY_UKRAINIAN:
        languages.append("ru")
    if not letters & _ONLY_RUSSIAN:
        languages.append("uk")
    return [_analyzer(language) for language in languages or ["ru", "uk"]]


@cache
def _analyzer(language: str) -> "MorphAnalyzer":
    from pymorphy3 import MorphAnalyzer  # noqa: PLC0415  (its dictionaries load here)

    return MorphAnalyzer(lang=language)


@cache
def _english() -> "InflectEngine":
    with _types_unchecked():
        from inflect import engine  # noqa: PLC0415  (only English needs it)

    return engine()


@contextmanager
def _types_unchecked() -> "Iterator[None]":
    """Have inflect imported as it is written: to add checks of all types to it takes 2 s."""
    try:
        import typeguard  # noqa: PLC0415  (what inflect checks types with)
    except ImportError:  # in a version that does not
        yield
        return
    with _ONE_AT_A_TIME:  # or the second would take the first one's stand-in for what was there
        checked = typeguard.typechecked
        typeguard.typechecked = _unchecked  # type: ignore[assignment] # for a moment
        try:
            yield
        finally:
            typeguard.typechecked = checked


def _unchecked(*decorated: object, **_settings: object) -> object:
    """Decorate nothing, called as `@typechecked` or as `@typechecked(...)`."""
    return decorated[0] if decorated else _unchecked
