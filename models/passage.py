"""A text as it is put before a classifier, alone or with the target it is asked about."""

from dataclasses import dataclass

__all__ = ["MARK_CLOSE", "MARK_OPEN", "Passage"]

MARK_OPEN = "[T]"
MARK_CLOSE = "[/T]"


@dataclass(frozen=True, slots=True)
class Passage:
    """What a classifier is asked about: a reading and, for stance, a target in it.

    `mentions` are the (start, end) character spans in `text` that name the target, in order.
    `claim` tells that the target is a sentence to affirm or deny, not a name. `language` is an
    ISO 639-1 code where it is known.
    """

    text: str
    target: str | None = None
    mentions: tuple[tuple[int, int], ...] = ()
    claim: bool = False
    language: str | None = None

    def marked(self) -> str:
        """Return the text with every mention of the target between `[T]` and `[/T]`.

        Two targets of one post then make two different texts. (Marking the entity is the input
        form of Soares et al. 2019, "Matching the Blanks", section 3.)
        """
        parts, at = [], 0
        for start, end in self.mentions:
            parts += [self.text[at:start], f"{MARK_OPEN} ", self.text[start:end], f" {MARK_CLOSE}"]
            at = end
        return "".join([*parts, self.text[at:]])
