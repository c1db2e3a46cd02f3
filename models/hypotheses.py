"""The sentences that a model of natural-language inference compares a post with.

Each is one side of a question about the post: about a target that is a name, about one that is a
claim, or about the mood. Names stand where Russian and Ukrainian want the nominative, so that they
need not be inflected. No torch here: the sentences are part of a model's fingerprint.
"""

from collections.abc import Mapping

from collector.errors import ConfigError
from models.labels import SENTIMENT

__all__ = [
    "CLAIM",
    "HYPOTHESES",
    "MOOD",
    "NAME",
    "Hypotheses",
    "check_hypotheses",
    "hypotheses",
    "merged",
]

NAME = "name"
CLAIM = "claim"
MOOD = "mood"

# language (ISO 639-1) -> what is asked about -> label -> sentence
Hypotheses = Mapping[str, Mapping[str, Mapping[str, str]]]

_SIDES: Mapping[str, tuple[str, str]] = {
    NAME: ("against", "favor"),
    CLAIM: ("against", "favor"),
    MOOD: ("negative", "positive"),
}
_TARGET = "{target}"
_OTHER_LANGUAGES = "en"

HYPOTHESES: Hypotheses = {
    "en": {
        NAME: {
            "against": "The author of this post is against {target}.",
            "favor": "The author of this post is in favor of {target}.",
        },
        CLAIM: {
            "against": "According to the author, this is false: {target}",
            "favor": "According to the author, this is true: {target}",
        },
        MOOD: {
            "negative": "The author of this post expresses negative feelings.",
            "positive": "The author of this post expresses positive feelings.",
        },
    },
    "ru": {
        NAME: {
            "against": "Автор отрицательно относится к теме «{target}».",
            "favor": "Автор положительно относится к теме «{target}».",
        },
        CLAIM: {
            "against": "По словам автора, это неправда: {target}",
            "favor": "По словам автора, это правда: {target}",
        },
        MOOD: {
            "negative": "Автор выражает отрицательные чувства.",
            "positive": "Автор выражает положительные чувства.",
        },
    },
    "uk": {
        NAME: {
            "against": "Автор негативно ставиться до теми «{target}».",
            "favor": "Автор позитивно ставиться до теми «{target}».",
        },
        CLAIM: {
            "against": "За словами автора, це неправда: {target}",
            "favor": "За словами автора, це правда: {target}",
        },
        MOOD: {
            "negative": "Автор висловлює негативні почуття.",
            "positive": "Автор висловлює позитивні почуття.",
        },
    },
}


def hypotheses(
    about: str, target: str, language: str | None, own: Hypotheses | None = None
) -> tuple[str, str]:
    """Return the sentences against and for: that `own` has in this language, or ours, or English.

    `about` is NAME, CLAIM or MOOD; MOOD leaves `target` out.
    """
    known = merged(own or {})
    in_language = known.get(language or _OTHER_LANGUAGES, {})
    sentences = in_language.get(about) or known[_OTHER_LANGUAGES][about]
    against, favor = (sentences[label].replace(_TARGET, target) for label in _SIDES[about])
    return against, favor


def merged(own: Hypotheses) -> Hypotheses:
    """Return ours with those that `own` has instead."""
    languages = dict.fromkeys([*HYPOTHESES, *own])
    return {code: {**HYPOTHESES.get(code, {}), **own.get(code, {})} for code in languages}


def check_hypotheses(own: Hypotheses, task: str) -> None:
    """Raise ConfigError unless `task` asks each question in `own`, and it has its two sentences."""
    from models.languages import LANGUAGES  # noqa: PLC0415 (slow, and seldom needed)

    asked = (MOOD,) if task == SENTIMENT else (NAME, CLAIM)
    for language, questions in own.items():
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ConfigError(f"hypotheses.{language}: is no language told apart here: {known}")
        for about, sentences in questions.items():
            where = f"hypotheses.{language}.{about}"
            if about not in asked:
                raise ConfigError(f"{where}: {task} asks only about: {', '.join(asked)}")
            _check_sentences(where, about, sentences)


def _check_sentences(where: str, about: str, sentences: Mapping[str, str]) -> None:
    if set(sentences) != set(_SIDES[about]):
        raise ConfigError(f"{where}: needs a sentence for each of {', '.join(_SIDES[about])}")
    lacking = [label for label, text in sentences.items() if _TARGET not in text]
    if lacking and about != MOOD:
        raise ConfigError(f"{where}.{lacking[0]}: has no {_TARGET} to put the target in")
