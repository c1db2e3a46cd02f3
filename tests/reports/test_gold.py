"""What people settled, beside what the model said; and the report that is corrected by it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, select

from collector.archive import Archive
from models.tables import readings
from reports.annotation.drawing import draw, record
from reports.annotation.frame import frame
from reports.annotation.tables import codebooks, gold_items, gold_labels
from reports.figures import stance_figures
from reports.gold import CELLS, PREDICTED, cell_counts, cell_of, gold_texts, text_counts
from reports.selection import Selection

pytestmark = pytest.mark.every_archive

Put = Callable[..., None]


@pytest.fixture
def settle(archive: Archive) -> Callable[..., None]:
    """Return a function that draws a sample and labels it by what its texts say."""

    def settle(selection: Selection, truth: Callable[[str], str], *, size: int = 10_000) -> None:
        with archive.begin() as connection:
            units = frame(connection, selection)
            sample = record(connection, selection, draw(units, size, seed=1), size=size, seed=1)
            if connection.scalar(select(codebooks.c.hash)) is None:
                book = {"hash": "h", "text": "", "first_used": datetime.now(UTC)}
                connection.execute(insert(codebooks), book)
            drawn = select(gold_items.c.id, readings.c.text).join(
                readings, readings.c.id == gold_items.c.reading_id
            )
            given = {"coder": "a", "adjudicated": False, "codebook": "h"}
            rows = [
                {"item_id": item, "label": truth(text), "labelled_at": datetime.now(UTC), **given}
                for item, text in connection.execute(drawn.where(gold_items.c.sample_id == sample))
            ]
            connection.execute(insert(gold_labels), rows)

    return settle


def gold(archive: Archive, selection: Selection) -> list[tuple[Any, ...]]:
    with archive.connect() as connection:
        found = gold_texts(connection, selection)
    return sorted(found[["target", "cell", "truth", "weight"]].itertuples(index=False, name=None))


def test_a_settled_text_has_its_cell_its_label_and_its_weight(
    archive: Archive, put: Put, label: Put, select_report: Any, settle: Callable[..., None]
) -> None:
    put({"text": "Трамп раз"}, {"text": "Трамп раз"}, {"text": "Трамп два"}, {"text": "Трамп три"})
    label("раз", "against", target="Трамп", confidence=0.6)
    label("два", "neutral", target="Трамп", confidence=0.95)
    label("три", "favor", target="Трамп", confidence=0.4)
    answers = {"Трамп раз": "neutral", "Трамп два": "not_mentioned", "Трамп три": "favor"}
    settle(select_report(), answers.__getitem__)
    # Twelve cells: against, neutral, favor, each by confidence under 0.5, 0.7, 0.9 and above.
    assert gold(archive, select_report()) == [
        ("Трамп", 1, 1, 2.0),  # two posts have that text, and it was sure to be drawn
        ("Трамп", 7, 1, 1.0),  # no real mention takes no side
        ("Трамп", 8, 2, 1.0),
    ]


def test_texts_nobody_could_tell_or_that_this_model_has_not_scored_are_left_out(
    archive: Archive, put: Put, label: Put, select_report: Any, settle: Callable[..., None]
) -> None:
    put({"text": "Трамп раз"}, {"text": "Трамп два"})
    label("Трамп", "against", target="Трамп")
    settle(select_report(), {"Трамп раз": "cannot_tell", "Трамп два": "against"}.__getitem__)
    assert len(gold(archive, select_report())) == 1
    other = select_report().stance.__class__("other", "0" * 16)
    assert gold(archive, select_report(stance=other)) == []


def test_a_text_of_two_samples_counts_once_and_weighs_less(
    archive: Archive, put: Put, label: Put, select_report: Any, settle: Callable[..., None]
) -> None:
    put(*({"text": f"Трамп {number}"} for number in range(4)))
    label("Трамп", "against", target="Трамп")
    settle(select_report(), lambda _: "against", size=2)
    settle(select_report(), lambda _: "against", size=2)
    weights = [row[-1] for row in gold(archive, select_report())]
    # The same seed draws the same two of four texts: one is in neither with 1/2 * 1/2.
    assert weights == [1 / 0.75] * 2


def test_cells_are_counted_per_day_with_copies(
    archive: Archive, put: Put, label: Put, select_report: Any
) -> None:
    put(
        {"text": "Трамп раз"},
        {"text": "Трамп раз"},
        {"text": "Трамп два", "date": "2025-11-06T10:00:00Z"},
        {"text": "Погода"},
    )
    label("Трамп", "favor", target="Трамп", confidence=0.8)
    with archive.connect() as connection:
        found = cell_counts(connection, select_report())
        since = select_report(since=date(2025, 11, 6))
        later, texts = cell_counts(connection, since), text_counts(connection, since)
    assert found[["day", "target", "cell", "posts"]].to_numpy().tolist() == [
        [pd.Timestamp("2025-11-05"), "Трамп", 10, 2],
        [pd.Timestamp("2025-11-06"), "Трамп", 10, 1],
    ]
    assert later["posts"].tolist() == [1]
    # Of texts the whole archive counts: any of them could have been drawn.
    assert texts[["target", "cell", "posts", "texts"]].to_numpy().tolist() == [["Трамп", 10, 3, 2]]


def test_a_cell_by_probabilities_is_the_cell_by_the_database() -> None:
    probabilities = np.array([[0.6, 0.3, 0.1], [0.03, 0.95, 0.02], [0.3, 0.3, 0.4]])
    assert cell_of(probabilities).tolist() == [1, 7, 8]
    assert PREDICTED[cell_of(probabilities)].tolist() == [0, 1, 2]
    assert len(PREDICTED) == CELLS


def test_a_report_is_corrected_by_a_gold_sample(
    archive: Archive, put: Put, label: Put, select_report: Any, settle: Callable[..., None]
) -> None:
    """The model calls 40 of 120 posts against; people find that so of 10."""
    texts = [
        f"Трамп {'хуже' if n < 40 else 'ровно'} {'впрямь' if n < 10 else ''} {n}"
        for n in range(120)
    ]
    put(
        *(
            {"text": text, "date": f"2025-11-{1 + n % 28:02}T10:00:00Z"}
            for n, text in enumerate(texts)
        )
    )
    label("хуже", "against", target="Трамп")
    label("ровно", "neutral", target="Трамп")
    settle(select_report(), lambda text: "against" if "впрямь" in text else "neutral", size=100)
    with archive.connect() as connection:
        rows = stance_figures(connection, select_report())
    row = rows[rows["target"] == "Трамп"].iloc[0]
    assert row["net_stance"] == pytest.approx(-40 / 120)
    assert row["net_stance_hi"] < -10 / 120
    assert row["net_stance_corrected"] == pytest.approx(-10 / 120, abs=0.03)
    assert row["net_stance_corrected_lo"] < -10 / 120 < row["net_stance_corrected_hi"]
    assert row["share_against_corrected"] == pytest.approx(10 / 120, abs=0.03)
    assert row["share_neutral_corrected"] == pytest.approx(110 / 120, abs=0.03)
    assert (row["correction"], row["gold_n"]) == ("ppi", 100)
    other = rows[rows["target"] == "санкции"].iloc[0]
    assert other["correction"] == ""


def test_error_rates_do_not_depend_on_what_a_report_is_about(
    archive: Archive, put: Put, label: Put, select_report: Any, settle: Callable[..., None]
) -> None:
    """Of what is called neutral samples draw less, also where a report leaves the rest out."""
    others = [f"other_{number}" for number in range(4)]
    put(*(post(channel, n) for channel in ("news", *others) for n in range(200)))
    label("хуже", "against", target="Трамп")
    label("ровно", "neutral", target="Трамп")
    sampled = select_report(channels=others)
    settle(sampled, lambda text: "against" if "впрямь" in text else "neutral", size=120)
    found = []
    for limits in ({}, {"channels": ["news"]}):
        with archive.connect() as connection:
            rows = stance_figures(connection, select_report(**limits))
        row = rows[(rows["target"] == "Трамп") & (rows["channel"] == "news")].iloc[0]
        assert row["correction"] == "pooled"
        found.append(row["net_stance_corrected"])
    assert found == pytest.approx([-0.1] * 2, abs=0.01)
    assert found[1] == pytest.approx(found[0], abs=0.003)


def post(channel: str, n: int) -> dict[str, Any]:
    """Return a post: the model calls 1 in 10 against, half of them rightly, and misses as many."""
    called, truly = n % 10 == 0, n % 20 in (0, 1)
    text = f"Трамп {'хуже' if called else 'ровно'} {'впрямь' if truly else ''} {channel} {n}"
    date = f"2025-11-{1 + n % 28:02}T10:00:00Z"
    return {"channel": channel, "title": channel, "text": text, "date": date}
