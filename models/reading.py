"""What a classifier reads of a post: its words, without markup, addresses and channel footers.

The archive keeps a post exactly as it was received; everything that is taken out or put in another
form before a model sees it is done here and nowhere else. `VERSION` goes into every stored reading,
so that a change of these rules makes the texts be read again.

Links become ``http`` and user names ``@user``, the form that most published social-media models
were trained on (Barbieri et al. 2022, XLM-T, section 3).
"""

import hashlib
import re
import unicodedata

__all__ = ["VERSION", "read", "reading_hash"]

VERSION = 2

_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]"
)
_MARKDOWN_LINK = re.compile(
    # An address may hold one pair of brackets; that it stops at others keeps the search linear.
    r"\[([^\[\]]*)\]\((?:https?|tg|mailto):(?:[^\s()\[\]]|\([^\s()\[\]]*\))*\)"
)
_EMPHASIS = re.compile(r"\*\*|__|~~|\|\||```")
_LINK = re.compile(r"(?:https?://|www\.|\b(?:t\.me|telegram\.me|tg)/)[^\s<>«»(),]+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}\b")
_USER = re.compile(r"(?<![\w@/])@[A-Za-z]\w{3,31}\b")
_SPACES = re.compile(r"[^\S\n]+")

# A closing line is a channel's footer when it holds nothing but addresses and signs, when it counts
# reactions or views ("👍 12 👎 3"), or when it is short and calls to subscribe or to send in news.
_ONLY_ADDRESSES = re.compile(r"(?:http|@user|[\W_])*")
# A dot between two counts may part them or be a sign: looking ahead decides that before anything is
# taken, for trying both at each of them would take time exponential in their number.
_SIGN = r"[^\w\s!-/:-@\[-`{-~№«»–—…₽₴€£©®°]"
_COUNTERS = re.compile(  # each an emoji, or a sign like it, and a number
    rf"{_SIGN}+\s?(?:\d[\d.,]*+[KkКкMМ]?+)"
    rf"(?:(?=[\s|·•]*{_SIGN}+\s?\d)\D++\d[\d.,]*+[KkКкMМ]?+)*+[\s|·•]*"
)
_CALL = re.compile(
    r"\b(?:подпи(?:саться|шитесь|шись)|підпи(?:сатися|сатись|шіться|шись)"
    r"|прислать (?:новость|фото|видео)|предложить новость|надіслати новину)\b"
    # These words begin many a sentence too, so the line must hold an address or nothing else.
    r"|^\W*(?:subscribe|join us|наш(?:и|а)? (?:резервный )?(?:канал|чат|группа)\w*|резервный канал"
    r"|мы в (?:max|вк|дзене?|тг|telegram)|читайте нас|буст(?:ануть)?)"
    r"(?:(?=.*(?:http|@user))|\W*$)",
    re.IGNORECASE,
)
_FOOTER_LENGTH = 90


def read(content: str) -> str:
    """Return what a classifier reads of `content`; empty when nothing but footer and addresses."""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", content))
    text = _EMPHASIS.sub("", _MARKDOWN_LINK.sub(_label_or_address, text))
    text = _USER.sub("@user", _EMAIL.sub("http", _LINK.sub("http", text)))
    lines = [_SPACES.sub(" ", line).strip() for line in text.splitlines()]
    return "\n".join(_without_footer([line for line in lines if line]))


def reading_hash(reading: str) -> str:
    """Return 32 hexadecimal digits of SHA-256 that stand for `reading` as a key."""
    return hashlib.sha256(reading.encode()).hexdigest()[:32]


def _label_or_address(link: re.Match[str]) -> str:
    """Keep the words of a Markdown link; one that shows only signs was a button or a picture."""
    label = link.group(1)
    return label if any(char.isalnum() for char in label) else ""


def _without_footer(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and _is_footer(lines[end - 1], alone=end == 1):
        end -= 1
    return lines[:end]


def _is_footer(line: str, *, alone: bool) -> bool:
    if _ONLY_ADDRESSES.fullmatch(line):
        # Signs alone may be all that the author says: a post of a single emoji, for instance.
        return "http" in line or "@user" in line
    if alone or len(line) > _FOOTER_LENGTH:
        return False
    return _COUNTERS.fullmatch(line) is not None or _CALL.search(line) is not None
