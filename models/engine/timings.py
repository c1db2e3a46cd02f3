"""Where the time of scoring goes, and how much of the work was padding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from time import perf_counter
from typing import Literal, Self

__all__ = ["Stage", "Timings"]

Stage = Literal["read", "tokenise", "model", "write", "wall"]


@dataclass(slots=True)
class Timings:
    """Seconds spent in each stage, which may overlap, and what went through it.

    `wall` are the seconds that all of it took. `inputs` are those that the model read: a long
    passage is several, a hypothesis of each side two. `tokens` are without padding,
    `padded_tokens` with it.
    """

    read: float = 0.0
    tokenise: float = 0.0
    model: float = 0.0
    write: float = 0.0
    wall: float = 0.0
    passages: int = 0
    inputs: int = 0
    tokens: int = 0
    padded_tokens: int = 0

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Add the wall time of the block to a stage."""
        started = perf_counter()
        try:
            yield
        finally:
            setattr(self, stage, getattr(self, stage) + perf_counter() - started)

    @property
    def padding_share(self) -> float:
        """How much of what the model read was padding, from 0 to 1."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0

    def __iadd__(self, other: Self) -> Self:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self
