"""Passages to Parquet and back, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import ConfigError, OutputError
from models.engine.timings import Timings
from models.exchange import answer, exchange_in, passages, read_answer, read_asked
from models.labeller import Predictions
from models.passage import Passage
from models.recording import Pair

SPAN = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
TEXT = st.text()  # with NUL, controls, right-to-left marks, emoji
PASSAGE = st.builds(
    Passage,
    TEXT,
    target=st.none() | TEXT,
    mentions=st.lists(SPAN, max_size=3).map(tuple),
    claim=st.booleans(),
    language=st.none() | st.sampled_from(["ru", "uk", "en"]),
)
ID = st.integers(0, 2**63 - 1)


@given(st.lists(st.tuples(st.tuples(ID, ID), PASSAGE), max_size=20), st.integers(1, 5))
def test_passages_and_answers_come_back_as_they_were(
    asked: list[tuple[Pair, Passage]], rows: int
) -> None:
    back: list[Passage] = []
    pairs: list[Pair] = []
    timings = Timings()
    with exchange_in(None) as exchange:
        urls = exchange.write(asked, rows=rows)
        assert len(urls) == -(-len(asked) // rows)
        for number, url in enumerate(urls):
            table = read_asked(url)
            back += passages(table)
            p = np.full((len(table), 3), number / 7, dtype=np.float32)
            said = Predictions(p, np.arange(len(table)) % 2 == 1)
            spent = Timings(model=0.5, passages=len(table), tokens=number)
            (told,) = read_answer(answer(table, said, f"torch on {number}", spent))
            assert told.backend == f"torch on {number}"
            assert (told.predictions.probabilities == p).all()
            assert (told.predictions.truncated == said.truncated).all()
            assert told.timings == spent
            pairs += told.pairs
            timings += told.timings
    assert list(zip(pairs, back, strict=True)) == asked
    assert timings.passages == len(asked)


def test_a_long_text_ends_a_file_and_the_directory_is_removed(tmp_path: Path) -> None:
    asked = [((n, 0), Passage("я" * 1_500_000)) for n in range(4)]
    with exchange_in(str(tmp_path / "made")) as exchange:
        assert len(exchange.write(asked, rows=100)) == 2
        assert Path(exchange.url).is_dir()
    assert list((tmp_path / "made").iterdir()) == []


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (str(tmp_path / "file"), "nonsense://x"):
        with (
            pytest.raises(ConfigError, match=f"--exchange {place}: cannot be used"),
            exchange_in(place),
        ):
            pass
    with pytest.raises(ConfigError, match="gone.parquet cannot be read by a worker"):
        read_asked(str(tmp_path / "gone.parquet"))
    with exchange_in(str(tmp_path)) as exchange:
        Path(exchange.url).rmdir()
        with pytest.raises(OutputError, match="cannot be written to"):
            exchange.write([((1, 0), Passage("x"))], rows=1)
        Path(exchange.url).mkdir()
