"""The values of a report as the text of CSV cells: the same text for the same value, always."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["cell_text", "column_texts", "defused"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DECIMALS = 6
_SCALE = 1_000  # a number from -1 to 1 is written as thousandths and thousandths of these

_Texts = NDArray[np.object_]


def cell_text(value: object) -> str:  # noqa: PLR0911 (one line a type)
    """Return the text of one value; what is missing (None, NaN, NaT, NA) is empty.

    Numbers have at most six decimals and no trailing zeros, days are ISO 8601, moments too, in UTC
    to the second. A pandas Timestamp without a time zone is a day: that is how frames hold days.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):  # also NumPy's
        return _number(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, pd.Timestamp) and value.tzinfo is None:
        return value.date().isoformat()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return text.lower() if text in {"True", "False"} else text  # also NumPy's


def column_texts(column: "pd.Series[Any]", *, excel: bool = False) -> list[str]:
    """Return `cell_text` of each value of a column; with `excel`, of texts that run as no formula.

    Each distinct value is written out once: a report repeats most of its values.
    """
    if column.dtype == object:  # in which True, 1 and 1.0 would count as one value
        return [_cell(value, excel=excel) for value in column.tolist()]
    found: list[str]
    if column.dtype == np.float64:
        found = _number_texts(column.to_numpy()).tolist()
        return found
    codes, distinct = pd.factorize(column)  # -1 is missing, and finds the last text
    texts = [*(_cell(value, excel=excel) for value in distinct.tolist()), ""]
    found = _array(texts)[codes].tolist()
    return found


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _cell(value: object, *, excel: bool) -> str:
    return defused(value) if excel and isinstance(value, str) else cell_text(value)


def _array(texts: Sequence[str]) -> _Texts:
    return np.array(texts, dtype=object)


# Texts of 0, 0.001, ... 1 before further digits and before none, and of these further digits.
_HEADS = _array([f"{number / _SCALE:.3f}" for number in range(_SCALE + 1)])
_WHOLES = _array([f"{number / _SCALE:g}" for number in range(_SCALE + 1)])
_TAILS = _array([f"{number:03}".rstrip("0") for number in range(_SCALE)])


def _number_texts(values: NDArray[np.float64]) -> _Texts:
    """Return the texts of many numbers, looking up those from -1 to 1, which most figures are."""
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers that are no figures
        scaled = values * _SCALE**2
        rounded = np.rint(scaled)
        # Near the middle between two texts, the product may have been rounded over it.
        between = np.abs(np.abs(scaled - rounded) - 0.5) < 1 / _SCALE
    common = (np.abs(values) <= 1) & ~between
    texts = np.full(len(values), "", dtype=object)
    head, tail = np.divmod(np.abs(rounded[common]).astype(np.int64), _SCALE)
    signs = _array(["", "-"])[(rounded[common] < 0).astype(np.int64)]
    texts[common] = signs + np.where(tail > 0, _HEADS[head], _WHOLES[head]) + _TAILS[tail]
    others = ~common & ~np.isnan(values)
    texts[others] = [_number(value) for value in values[others].tolist()]
    return texts


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 (NaN is not itself)
        return ""
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
