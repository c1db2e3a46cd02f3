"""How likely it was that any of several samples drew a text."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from collector.archive import Archive
from models.tables import readings
from reports.annotation.drawing import draw, record
from reports.annotation.frame import frame
from reports.annotation.inclusion import Inclusion
from reports.annotation.labels import FinalLabel, final_labels
from reports.annotation.tables import codebooks, gold_items, gold_labels
from reports.selection import Selection

Put = Callable[..., None]
Settle = Callable[..., list[FinalLabel]]


@pytest.fixture
def settle(archive: Archive) -> Settle:
    """Return a function that draws a sample, labels some of it, and returns what is settled."""

    def settle(
        selection: Selection, *, size: int, seed: int, labelled: int = 1_000
    ) -> list[FinalLabel]:
        with archive.begin() as connection:
            if connection.scalar(select(codebooks.c.hash)) is None:
                book = {"hash": "h", "text": "", "first_used": datetime.now(UTC)}
                connection.execute(insert(codebooks), book)
            drawn = draw(frame(connection, selection), size, seed=seed)
            sample = record(connection, selection, drawn, size=size, seed=seed)
            query = select(gold_items.c.id).where(gold_items.c.sample_id == sample)
            given = {"coder": "a", "adjudicated": False, "codebook": "h", "label": "neutral"}
            rows = [
                {"item_id": item, "labelled_at": datetime.now(UTC), **given}
                for item in connection.scalars(query.limit(labelled))
            ]
            if rows:
                connection.execute(insert(gold_labels), rows)
            return final_labels(connection)

    return settle


def by_text(archive: Archive, settled: list[FinalLabel]) -> Iterator[tuple[str, float]]:
    with archive.connect() as connection:
        included = Inclusion(connection, settled)
        query = select(readings.c.id, readings.c.text)
        texts = {row.id: row.text for row in connection.execute(query)}
    for reading in sorted({item.reading_id for item in settled}):
        items = [item for item in settled if item.reading_id == reading]
        yield texts[reading], included.probability(items)


@pytest.fixture
def twenty(put: Put, label: Put) -> None:
    put(
        *(
            {"text": f"Трамп {n}", "date": f"2025-11-{'05' if n < 10 else '12'}T10:00:00Z"}
            for n in range(20)
        )
    )
    label("Трамп", "against", target="Трамп")


@pytest.mark.usefixtures("twenty")
def test_a_text_that_only_one_of_two_samples_drew_could_have_been_in_both(
    archive: Archive, select_report: Any, settle: Settle
) -> None:
    settle(select_report(), size=10, seed=1)
    settled = settle(select_report(), size=10, seed=2)
    found = [probability for _, probability in by_text(archive, settled)]
    assert len(found) > 10
    assert found == pytest.approx([1 - 0.5 * 0.5] * len(found))


@pytest.mark.usefixtures("twenty")
def test_samples_of_different_weeks_do_not_touch_each_other(
    archive: Archive, select_report: Any, settle: Settle
) -> None:
    week = date(2025, 11, 10)
    settle(select_report(until=week), size=5, seed=1)
    settled = settle(select_report(since=week), size=2, seed=1)
    found = dict(by_text(archive, settled))
    assert sorted(found.values()) == pytest.approx([0.2] * 2 + [0.5] * 5)


@pytest.mark.usefixtures("twenty")
def test_a_sample_that_was_never_labelled_does_not_count(
    archive: Archive, select_report: Any, settle: Settle
) -> None:
    settle(select_report(until=date(2025, 11, 10)), size=5, seed=1)
    settled = settle(select_report(since=date(2025, 11, 10)), size=5, seed=1, labelled=0)
    assert [p for _, p in by_text(archive, settled)] == pytest.approx([0.5] * 5)


@pytest.mark.usefixtures("twenty")
def test_a_sample_that_is_labelled_in_half_counts_half(
    archive: Archive, select_report: Any, settle: Settle
) -> None:
    settled = settle(select_report(), size=10, seed=1, labelled=5)
    assert [p for _, p in by_text(archive, settled)] == pytest.approx([0.25] * 5)


@pytest.mark.usefixtures("twenty")
def test_samples_by_other_thresholds_have_other_strata(
    archive: Archive, select_report: Any, settle: Settle
) -> None:
    settle(select_report(), size=10, seed=1)
    settled = settle(select_report(abstain_below=0.99), size=10, seed=2)
    both = {item.reading_id for item in settled if item.sample_id == 1}
    both &= {item.reading_id for item in settled if item.sample_id == 2}
    found = [p for _, p in by_text(archive, settled)]
    assert sorted(found) == pytest.approx([0.5] * (len(found) - len(both)) + [0.75] * len(both))
