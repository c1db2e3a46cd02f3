"""In which language a text is written, by py3langid among the languages found on Telegram."""

from functools import cache

import py3langid

__all__ = ["LANGUAGES", "language"]

# Few and far apart on purpose: Bulgarian or Macedonian would claim short Russian posts.
LANGUAGES = (
    "ru",
    "uk",
    "en",
    "be",
    "kk",
    "pl",
    "de",
    "fr",
    "es",
    "it",
    "tr",
    "ar",
    "fa",
    "he",
    "zh",
)


def language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of `text`, None where it has no letters."""
    if not any(char.isalpha() for char in text):
        return None
    _restrict()
    return str(py3langid.classify(text)[0])


@cache
def _restrict() -> None:
    py3langid.set_languages(list(LANGUAGES))
