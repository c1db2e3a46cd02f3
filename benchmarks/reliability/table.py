"""Writes rows as a table, and what went wrong below it."""

from collections.abc import Iterable

from benchmarks.reliability.trial import Row

__all__ = ["HEAD", "details", "line"]

COLUMNS = (
    "fault", "tries", "posts lost", "posts twice", "scores lost or twice", "report wrong",
    "next run completes", "doctor told the truth",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}"


def line(row: Row) -> str:
    """Return a row of the table."""
    cells = (
        row.fault, row.tries, row.posts_lost, row.posts_twice, row.scores_wrong, row.reports_wrong,
        f"{row.completed} of {row.compared}", f"{row.truths} of {row.asked}",
    )  # fmt: skip
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def details(row: Row) -> Iterable[str]:
    """Return what faults met, and all that went wrong."""
    if row.seen:
        met = ", ".join(f"{name} {count}" for name, count in row.seen.most_common())
        yield f"{row.fault}: {met}"
    yield from (f"! {row.fault}, {note}" for note in row.notes)
