"""Names of picture files, safe on every file system whatever a target is called."""

import re
import unicodedata

__all__ = ["file_stem"]

_LONGEST = 50  # characters; in UTF-8, with the rest of the name, under most systems' 255 bytes


def file_stem(kind: str, target: str, taken: set[str]) -> str:
    """Return `kind` and what of `target` a file may be called, and add it to `taken`.

    Only letters, digits, - and _ remain, in lower case, so that names that differ on one system
    differ on all. `kind` comes first: no name is reserved, hidden or an option. A name that is
    taken gets a number.
    """
    plain = unicodedata.normalize("NFKC", target).casefold()
    words = re.sub(r"[^\w-]+", "-", plain)[:_LONGEST].strip("-_")
    wanted = stem = f"{kind}-{words}" if words else kind
    number = 1
    while stem in taken:
        number += 1
        stem = f"{wanted}-{number}"
    taken.add(stem)
    return stem
