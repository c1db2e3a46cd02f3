"""How fast, how long and how often Telegram is asked."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are in seconds.

    `pace` is the least time between two requests, whatever the number of channels collected
    `at_once`; `max_wait` the longest flood wait that is sat out; `deadline` the time for one
    answer. A request that gets none is tried `attempts` times, with growing pauses that begin
    around `first_pause`. At `ends_at` on the clock of `time.monotonic` the run stops.
    """

    pace: float = 0.5
    at_once: int = 3
    max_wait: float = 300.0
    deadline: float = 30.0
    attempts: int = 5
    first_pause: float = 1.0
    ends_at: float | None = None
