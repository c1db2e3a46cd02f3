"""No regular expression of ours takes long for any text: not the square of it, nor worse."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from itertools import product

import pytest

import collector
import models
import reports
import tgstance
from models.reading import read

LONG = 40_000  # characters; a quadratic search takes 10 s and more
LONGEST_S = 1.5  # of processor time
BOUNDED = {("models.reading", "_COUNTERS")}  # is given lines of 90 characters at most
UNITS = (
    "a", "1", " ", "\n", "\t", "-", "_", ".", ",", "@", "/", "[", "(", "[](", "(a)", "@a",
    "http://",
    "www.", "t.me/", "a.", "1 ", "👍", "👍1", "👍 1 ", "•1", "•••1", "<",
    "<a", "</a", '"', "\\", "\\x",
    '"document_id": a', "*", "|", "'", "а'", "а\u0301", "\u2028", "\r", "наш ", "подпи", ">", "id ",
    "//@", "1.", "1,", "=", "sep=", '"a".', "a" * 50 + ".",
)  # fmt: skip
ODD = ("a", "1", " ", ".", "•", "👍", "-", "'", '"', "/", "\n", "@", "K", "[")


def expressions() -> Iterator[tuple[str, str]]:
    """Name every compiled expression that stands in a module of the packages."""
    for package in (collector, models, reports, tgstance):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or found.name.endswith("__main__"):
                continue
            try:
                module = importlib.import_module(found.name)
            except ModuleNotFoundError:  # of a backend that is not installed
                continue
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and (found.name, name) not in BOUNDED:
                    yield found.name, name


def spent(pattern: re.Pattern[str], text: str) -> float:
    """Return how many seconds the ways to use an expression take."""
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    started = time.process_time()
    pattern.fullmatch(subject)  # type: ignore[arg-type]
    for _ in pattern.finditer(subject):  # type: ignore[arg-type]
        pass
    return time.process_time() - started


@pytest.mark.slow
def test_each_is_linear_in_a_long_text_and_knows_no_short_one_that_takes_long() -> None:
    names = set(expressions())
    assert len(names) > 30
    for module, name in names:
        pattern = getattr(importlib.import_module(module), name)
        for unit in UNITS:
            text = unit * (LONG // len(unit)) + "!"
            assert spent(pattern, text) < LONGEST_S, (module, name, unit)
        for units in product(ODD, repeat=3):
            assert spent(pattern, "".join(units) * 20 + "!") < 0.5, (module, name, units)


@pytest.mark.parametrize("units", [("•1", "•••1"), ("👍1", "•·•1"), ("👍1 ", "· 1 |")])
def test_a_line_of_signs_and_numbers_is_read_at_once(units: tuple[str, str]) -> None:
    """It took time exponential in its length: a post of 66 characters held up all scoring."""
    first, other = units
    line = (first + other * 30)[:86] + "!"
    started = time.process_time()
    assert read(f"текст\n{line}").startswith("текст")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("line", "footer"),
    [("👍 12 👎 3", True), ("•1•••1", True), ("👍1K|·•👎 2.5M", True), ("• 1 • 2 •", True),
     ("👍 12 и 3", False), ("12 👍", False), ("👍", False), ("👍1 2", False)],
)  # fmt: skip
def test_counts_of_reactions_are_a_footer_as_before(line: str, footer: bool) -> None:
    assert (read(f"текст\n{line}") == "текст") is footer
