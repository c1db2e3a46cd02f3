"""Targets, and which posts are relevant to them.

A post is relevant to a name when one of its aliases occurs in any inflected form as a whole word,
and to a claim when every group of words that the claim requires is met by one of its members.
"""

import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from models.morphology import fold, forms, is_other_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["VERSION", "Mention", "Target", "TargetMatcher"]

VERSION = 3  # to be raised when the same definition matches other texts

# Letters and digits part: "F16" and "F-16" are both two words side by side.
_POSSESSIVE = re.compile(r"(?<=[A-Za-z])['’ʼ`´′][sS]$")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`´′\u0301]+[^\W\d_]+)*\u0301?|\d+")
# What may stand between two words of one alias: «партия „Единая Россия"», "Нью‑Йорк", "Дж. Байден".
_GAP = re.compile(r"(?:(?![\n,;:!?])[\W_]){0,3}")


@dataclass(frozen=True, slots=True)
class Target:
    """Something that posts may take a side on.

    `aliases` name it, each in its base form; the name itself is always one of them unless the
    target is a claim. `exact` are aliases matched only as they are written: "US" but not "us".
    `requires` makes the target a claim: groups of words, one of each group must occur.
    """

    name: str
    aliases: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    requires: tuple[tuple[str, ...], ...] = ()

    @property
    def is_claim(self) -> bool:
        """Whether the target is a sentence to affirm or deny rather than a name."""
        return bool(self.requires)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups of aliases of which each must be met; a name has exactly one."""
        if self.is_claim:
            return self.requires
        names = self.aliases if self.name in self.exact else (self.name, *self.aliases)
        return (tuple(dict.fromkeys(names)),)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change whenever the definition or the matching does."""
        parts = [VERSION, self.name, self.groups, self.exact, self.is_claim]
        definition = json.dumps(parts, ensure_ascii=False)
        return hashlib.sha256(definition.encode()).hexdigest()[:16]


class Mention(NamedTuple):
    """Where a text names a target: characters `start` to `end` (exclusive)."""

    start: int
    end: int


class _Word(NamedTuple):
    folded: str
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Alias:
    """One way to name a target: the forms that each of its words may take."""

    target: int
    group: int
    words: tuple[frozenset[str], ...]
    only_capital: frozenset[str] = frozenset()
    exact: tuple[str, ...] = ()

    def end_in(self, words: "Sequence[_Word]", at: int, text: str) -> int | None:
        """Return the character where the alias ends if it begins at word number `at`."""
        found = words[at : at + len(self.words)]
        if len(found) < len(self.words):
            return None
        if not all(word.folded in forms for word, forms in zip(found, self.words, strict=True)):
            return None
        if self.exact and self.exact != tuple(word.written for word in found):
            return None
        if found[0].folded in self.only_capital and not found[0].written[0].isupper():
            return None
        gaps = pairwise(found)
        if not all(_GAP.fullmatch(text, left.end, right.start) for left, right in gaps):
            return None
        return found[-1].end


class TargetMatcher:
    """Finds the mentions of many targets in a text, in time that hardly depends on their number."""

    def __init__(self, targets: "Sequence[Target]") -> None:
        self.targets = tuple(targets)

    def find(self, text: str) -> "dict[Target, list[Mention]]":
        """Return the targets that `text` is relevant to, with the spans that name each."""
        spans: dict[int, set[Mention]] = defaultdict(set)
        met: dict[int, set[int]] = defaultdict(set)
        for alias, mention in self._aliases_in(text):
            spans[alias.target].add(mention)
            met[alias.target].add(alias.group)
        return {
            self.targets[number]: _outermost(mentions)
            for number, mentions in sorted(spans.items())
            if len(met[number]) == len(self.targets[number].groups)
        }

    def _aliases_in(self, text: str) -> "Iterator[tuple[_Alias, Mention]]":
        words = list(_words(text))
        for at, word in enumerate(words):
            for alias in self._by_first_form.get(word.folded, ()):
                end = alias.end_in(words, at, text)
                if end is not None:
                    yield alias, Mention(word.start, end)

    @cached_property
    def _by_first_form(self) -> "Mapping[str, list[_Alias]]":
        index: dict[str, list[_Alias]] = defaultdict(list)
        for number, target in enumerate(self.targets):
            for alias in _compile(number, target):
                for form in alias.words[0]:
                    index[form].append(alias)
        return dict(index)


def _words(text: str) -> "Iterator[_Word]":
    for match in _WORD.finditer(text):
        written = _POSSESSIVE.sub("", match.group())
        yield _Word(fold(match.group()), written, match.start(), match.end())


def _compile(number: int, target: Target) -> "Iterator[_Alias]":
    for group, aliases in enumerate(target.groups):
        for written in aliases:
            words = _alias_words(written)
            if words:
                yield _inflected(number, group, words)
    for written in target.exact:
        words = _alias_words(written)
        if words:
            as_written = tuple(frozenset({fold(word)}) for word in words)
            yield _Alias(number, 0, as_written, exact=tuple(words))


def _alias_words(alias: str) -> list[str]:
    """Return the words of an alias; none for one of signs only, which then never matches."""
    return [word.written for word in _words(unicodedata.normalize("NFC", alias))]


def _inflected(number: int, group: int, words: list[str]) -> _Alias:
    allowed = tuple(forms(word) for word in words)
    ambiguous: frozenset[str] = frozenset()
    if len(words) == 1 and words[0][0].isupper() and not words[0].isupper():
        ambiguous = frozenset(form for form in allowed[0] if is_other_word(form, words[0]))
    return _Alias(number, group, allowed, only_capital=ambiguous)


def _outermost(mentions: set[Mention]) -> list[Mention]:
    """Join mentions that share words: "Дональд Трамп младший" is one mention, not three."""
    kept: list[Mention] = []
    for mention in sorted(mentions):
        if kept and mention.start < kept[-1].end:
            kept[-1] = Mention(kept[-1].start, max(kept[-1].end, mention.end))
        else:
            kept.append(mention)
    return kept
