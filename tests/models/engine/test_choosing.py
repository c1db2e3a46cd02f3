"""Which backend wins: the fastest that works, remembered for the model and the machine."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from collector.errors import ModelError
from models.engine.backend import Inputs
from models.engine.batching import Row
from models.engine.choosing import choose
from models.engine.forward import Forward
from models.engine.sample_texts import sample_rows
from models.engine.torch_backend import TorchBackend


class Delayed(TorchBackend):
    """A backend that takes a while longer."""

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        time.sleep(0.1)
        return super().run(inputs)


@pytest.fixture
def rows(
    tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[Row]:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    return sample_rows(tokenizer, 128)[:20]


class Candidates:
    """Two ways to run one model, and how often each was opened."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.opened: list[str] = []
        self.broken: set[str] = set()

    def open(self, name: str, backend: type[TorchBackend]) -> Forward:
        self.opened.append(name)
        if name in self.broken:
            raise ModelError(f"{name} does not work")
        return Forward(backend(self.model), self.model.config, self.tokenizer, name="small")

    def choose(self, rows: list[Row], fingerprint: str = "f00d", threads: int = 1) -> Forward:
        ways = {
            "slow": lambda: self.open("slow", Delayed),
            "fast": lambda: self.open("fast", TorchBackend),
        }
        return choose(fingerprint, ways, rows, threads=threads, seconds=0.05)


@pytest.fixture
def candidates(
    small: Callable[[str], PreTrainedModel], tokenizer: PreTrainedTokenizerBase
) -> Candidates:
    return Candidates(small("bert"), tokenizer)


def test_the_fastest_wins_and_is_remembered(candidates: Candidates, rows: list[Row]) -> None:
    assert type(candidates.choose(rows).backend) is TorchBackend
    assert candidates.opened == ["slow", "fast"]
    assert type(candidates.choose(rows).backend) is TorchBackend
    assert candidates.opened == ["slow", "fast", "fast"]


def test_one_that_fails_is_passed_over(candidates: Candidates, rows: list[Row]) -> None:
    candidates.broken = {"fast"}
    assert type(candidates.choose(rows).backend) is Delayed


def test_a_winner_that_fails_later_is_replaced(candidates: Candidates, rows: list[Row]) -> None:
    candidates.choose(rows)
    candidates.broken = {"fast"}
    assert type(candidates.choose(rows).backend) is Delayed


def test_where_none_works_the_reason_is_said(candidates: Candidates, rows: list[Row]) -> None:
    candidates.broken = {"slow", "fast"}
    with pytest.raises(ModelError, match="fast does not work"):
        candidates.choose(rows)


def test_another_model_or_number_of_threads_is_measured_anew(
    candidates: Candidates, rows: list[Row]
) -> None:
    candidates.choose(rows)
    candidates.choose(rows, threads=2)
    candidates.choose(rows, fingerprint="b16")
    assert candidates.opened == ["slow", "fast"] * 3


def test_a_broken_memory_is_measured_anew(
    candidates: Candidates, rows: list[Row], tmp_path: Path
) -> None:
    candidates.choose(rows)
    (kept,) = (tmp_path / "fastest").iterdir()
    kept.write_text('{"backend":')
    candidates.choose(rows)
    assert candidates.opened == ["slow", "fast"] * 2
