"""Altered files crash no reader: each is read, or refused in one line.

`python benchmarks/fuzzing.py --minutes 10` does the same for longer.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.parsers import PARSERS, TOKENS

EDITS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 30),
        st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8), st.text(max_size=8)),
    ),
    min_size=1,
    max_size=6,
)


def edited(seed: bytes, edits: list[tuple[float, int, bytes | str]]) -> bytes:
    """Put something in the place of some bytes, several times."""
    data = seed
    for place, length, new in edits:
        at = int(place * len(data))
        piece = new.encode("utf-8", "surrogatepass") if isinstance(new, str) else new
        data = data[:at] + piece + data[at + length :]
    return data


@pytest.mark.parametrize("name", PARSERS)
def test_altered_files_are_read_or_refused_in_one_line(name: str) -> None:
    parser = PARSERS[name]

    @settings(max_examples=30, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(parser.seeds), EDITS)
    def check(seed: bytes, edits: list[tuple[float, int, bytes | str]]) -> None:
        parser.read(edited(seed, edits))

    check()


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes_are_read_or_refused_in_one_line(name: str) -> None:
    parser = PARSERS[name]
    for token in TOKENS:
        for data in (token, parser.seeds[0] + token):
            parser.read(data)


@pytest.mark.parametrize("name", PARSERS)
def test_the_files_that_are_altered_are_good_ones(name: str) -> None:
    """Else the alterations would all be refused at the door."""
    if name in {"TGSTANCE_SESSION", "session file"}:
        pytest.skip("a session that is good would be one of somebody")
    PARSERS[name].reader(PARSERS[name].seeds[0])
