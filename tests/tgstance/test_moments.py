"""How durations and moments are written."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgstance.moments import parse_duration, parse_moment

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
YEARS_100 = timedelta(days=36_500)


@given(st.integers(0, 10**8 - 1), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "  "]))
def test_a_duration_is_a_number_and_a_unit(number: int, unit: str, space: str) -> None:
    written = f"{number}{space}{unit}"
    if (expected := timedelta(**{UNITS[unit]: number})) <= YEARS_100:
        assert parse_duration(written) == parse_duration(f" {written.upper()} ") == expected
    else:
        with pytest.raises(ValueError, match="too long a duration: 36500d is the longest"):
            parse_duration(written)


@pytest.mark.parametrize("text", ["0", "0s", " 0 ", "000d"])
def test_nothing_is_a_duration(text: str) -> None:
    assert parse_duration(text) == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", " ", "7", "d", "-1d", "+1d", "1.5h", "1y", "5 m 3 s", "٣d", "1e3s", "all", "10" * 9],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write 90s"):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    for parse in (parse_duration, parse_moment):
        with suppress(ValueError):
            parse(text)


@given(st.dates())
def test_a_date_is_its_beginning_in_utc(day: date) -> None:
    assert parse_moment(day.isoformat()) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(st.datetimes())
def test_without_a_time_zone_utc_is_meant(moment: datetime) -> None:
    assert parse_moment(moment.isoformat()) == moment.replace(tzinfo=UTC)


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_an_offset_is_obeyed(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(ValueError, match="is not a moment"):
            parse_moment(moment.isoformat())
    else:
        assert parse_moment(moment.isoformat()) == expected
        assert parse_moment(moment.isoformat()).tzinfo is UTC


@given(st.integers(0, 36_500))
def test_a_duration_is_so_long_ago(days: int) -> None:
    before = datetime.now(UTC)
    moment = parse_moment(f"{days}d")
    assert before <= moment + timedelta(days) <= datetime.now(UTC)


@pytest.mark.parametrize("text", ["all", "yesterday", "2024-13-01", "01.11.2024", "1h ago", "-3d"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="is not a moment: write 2024-11-01"):
        parse_moment(text)
