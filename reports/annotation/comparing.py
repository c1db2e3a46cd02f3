"""Tells whether the text of a sheet is still the one that was drawn."""

import unicodedata

from reports.annotation.sheets import LONGEST_TEXT

__all__ = ["same_text"]

_WINDOWS = "cp1251"


def same_text(drawn: str, given: str, *, narrow: bool) -> bool:
    """Whether `given` can be the cell of the text `drawn` after a spreadsheet saved it.

    Only letters and digits are compared: spreadsheets change line ends and signs in front. With
    `narrow`, only what Windows-1251 holds: of the rest some programs save the letter without its
    mark (e for é), others a question mark.
    """
    shown = drawn[:LONGEST_TEXT]
    if not narrow:
        return _essence(shown) == _essence(given)
    return _essence(given) in {_essence(_narrowed(_plain(shown))), _essence(_narrowed(shown))}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def _narrowed(text: str) -> str:
    return text.encode(_WINDOWS, "ignore").decode(_WINDOWS)


def _essence(text: str) -> str:
    return "".join(char for char in _plain(text) if char.isalnum())
