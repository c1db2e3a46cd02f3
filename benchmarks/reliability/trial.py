"""One row of the table, and what is done after each fault: ask the doctor, run again, compare."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.reliability.installation import Installation, Ran
from benchmarks.reliability.telling import lies, told
from benchmarks.reliability.truth import find_damage

__all__ = ["UNLIMITED", "Row", "turns"]

UNLIMITED = float("inf")


def turns(tries: int, seconds: float) -> Iterator[int]:
    """Count tries from 1, until there were so many or so many seconds have passed."""
    end = time.monotonic() + seconds
    for number in range(1, tries + 1):
        if time.monotonic() > end:
            return
        yield number


@dataclass
class Row:
    """A kind of fault: how often it was tried, and what came of it."""

    fault: str
    tries: int = 0
    posts_lost: int = 0
    posts_twice: int = 0
    scores_wrong: int = 0  # lost or twice
    reports_wrong: int = 0
    completed: int = 0  # next runs
    compared: int = 0
    asked: int = 0  # how often the doctor was asked
    truths: int = 0
    seen: Counter[str] = field(default_factory=Counter)  # what the faults met
    notes: list[str] = field(default_factory=list)  # all that went wrong, in words

    def ask(self, home: Installation, also: Mapping[str, str] | None = None) -> None:
        """Have the doctor look at an installation as a fault has left it."""
        found = lies(home, also)
        self.asked += 1
        self.truths += not found
        self.note(f"doctor {', '.join(found)}" if found else "")

    def mend(self, home: Installation, clock: bool = True) -> None:
        """Run again to the end, and see what is there; with `clock`, all must be well."""
        ran = home.run("run")
        self.completed += ran.code == 0
        self.note(f"exit code {ran.code}: {ran.err}" if ran.code else "")
        self.compare(home)
        left = told(home) if clock else {}
        self.note(f"after mending: {left}" if left else "")
        self.asked += 1
        self.truths += not left

    def compare(self, home: Installation) -> None:
        """Compare an installation with its server."""
        damage = find_damage(home)
        self.compared += 1
        self.posts_lost += damage.posts_lost
        self.posts_twice += damage.posts_twice
        self.scores_wrong += damage.scores_lost + damage.scores_twice
        self.reports_wrong += bool(damage.report)
        self.note(str(damage) if damage else "")

    def require(self, ran: Ran, *codes: int) -> None:
        """Note an exit code that is not one of those documented for a fault, and no clear line."""
        if ran.code not in codes:
            self.note(f"exit code {ran.code} is none of {codes}: {ran.err}")
        if ran.code == 1 and "unexpected" in ran.err:
            self.note(f"unexpected: {ran.err}")

    def note(self, text: str) -> None:
        """Write down something that went wrong; nothing if it is empty."""
        if text:
            self.notes.append(f"try {self.tries}: {text}")
