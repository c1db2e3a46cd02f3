"""Tells whether the text of a sheet is still the one that was drawn."""

import unicodedata

from reports.annotation.sheets import LONGEST_TEXT

__all__ = ["same_text"]

_WINDOWS = "cp1251"


def same_text(drawn: str, given: str, *, narrow: bool) -> bool:
    """Whether `given` can be the cell of the text `drawn` after a spreadsheet saved it.

    Only letters and digits are compared: spreadsheets change line ends and signs in front. With
    `narrow`, only what Windows-1251 holds, for the rest was saved as question marks.
    """
    return _essence(drawn[:LONGEST_TEXT], narrow=narrow) == _essence(given, narrow=narrow)


def _essence(text: str, *, narrow: bool) -> str:
    plain = unicodedata.normalize("NFKD", text)
    if narrow:
        plain = plain.encode(_WINDOWS, "ignore").decode(_WINDOWS)
    return "".join(char for char in plain if char.isalnum())
