"""The words by which coders may write a label in English, Russian and Ukrainian."""

import re

from models.labels import STANCE, canonical
from reports.annotation.labels import CANNOT_TELL, CHOICES, NOT_MENTIONED

__all__ = ["label_of"]

# Beyond what `models.labels.canonical` knows. Signs such as + are none: spreadsheets change them.
_WORDS = {
    "against": {"a"},
    "neutral": {"n", "нейтральна", "н"},
    "favor": {"f", "поддерживает", "підтримує"},
    NOT_MENTIONED: {"not mentioned", "unrelated", "false mention", "no mention", "не упомянут"}
    | {"не упомянута", "не упомянуто", "не упоминается", "не згадано", "не згадується"},
    CANNOT_TELL: {"cannot tell", "can't tell", "can not tell", "unclear", "?", "неясно", "не ясно"}
    | {"непонятно", "не понятно", "незрозуміло", "не зрозуміло"},
}


def label_of(written: str) -> str | None:
    """Return the one of `CHOICES` that a coder means, without regard to case; None if unknown."""
    plain = re.sub(r"[\s_-]+", " ", written.replace("’", "'")).strip().casefold()
    for label, words in _WORDS.items():
        if plain in words:
            return label
    found = canonical(plain, STANCE)
    return found if found in CHOICES else None
