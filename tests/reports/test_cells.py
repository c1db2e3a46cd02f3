"""How values become the text of cells."""

import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cells import cell_text, column_texts, defused


def by_rounding(value: float) -> str:
    """What a number's text is meant to be, by Python's own rounding and no look-up."""
    rounded = round(value, 6) + 0.0  # which turns -0.0 into 0.0
    return f"{rounded:.6f}".rstrip("0").rstrip(".")


near_the_middle = st.integers(-1_000_000, 1_000_000).map(lambda number: (number + 0.5) / 1_000_000)


@given(
    st.lists(
        st.floats(-1, 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | near_the_middle
        | near_the_middle.map(lambda value: math.nextafter(value, 2))
        | st.integers(-1_000_000, 1_000_000).map(lambda number: number / 1_000_000)
    )
)
def test_a_column_of_numbers_is_written_as_each_number(values: list[float]) -> None:
    expected = [by_rounding(value) for value in values]
    assert [cell_text(value) for value in values] == expected
    assert column_texts(pd.Series(values, dtype="float64")) == expected
    assert column_texts(pd.Series(values, dtype="object")) == expected


def test_every_number_of_six_decimals_from_minus_one_to_one() -> None:
    numbers = np.arange(-1_000_000, 1_000_001, 37) / 1_000_000
    assert column_texts(pd.Series(numbers)) == [by_rounding(value) for value in numbers.tolist()]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pd.Series([0.5, math.nan, -0.0, -1e-9, 1e-9, 2.5]), ["0.5", "", "0", "0", "0", "2.5"]),
        (pd.Series([1, 0, -7]), ["1", "0", "-7"]),
        (pd.Series([1, None, 3], dtype="Int64"), ["1", "", "3"]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series([True, None, False], dtype="boolean"), ["true", "", "false"]),
        (pd.Series([True, 1, 1.0, None], dtype="object"), ["true", "1", "1", ""]),
        (pd.Series(["a", None, "", "a"], dtype="str"), ["a", "", "", "a"]),
        (pd.to_datetime(pd.Series(["2025-11-05", None])), ["2025-11-05", ""]),
        (pd.Series([], dtype="float64"), []),
        (
            pd.Series([datetime(2025, 11, 5, 10, 0, 7, tzinfo=UTC), None], dtype="object"),
            ["2025-11-05T10:00:07Z", ""],
        ),
        (pd.Series([date(2025, 11, 5)], dtype="object"), ["2025-11-05"]),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pd.Series) else "",
)
def test_each_type_has_one_form(column: "pd.Series[object]", texts: list[str]) -> None:
    assert column_texts(column) == texts


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_excel_gets_no_formula_and_keeps_numbers(dtype: str) -> None:
    texts = ["=1+1", "-5", "@x", "\tx", "plain", ""]
    expected = ["'=1+1", "'-5", "'@x", "'\tx", "plain", ""]
    assert column_texts(pd.Series(texts, dtype=dtype), excel=True) == expected
    assert column_texts(pd.Series([-0.5]), excel=True) == ["-0.5"]
    assert defused("a=b") == "a=b"
