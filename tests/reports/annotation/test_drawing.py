"""What is drawn from, and what is drawn."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from collector.archive import Archive
from collector.tables import channels
from models.tables import readings, targets
from reports.annotation.drawing import draw, record
from reports.annotation.frame import PREDICTED, frame
from reports.annotation.items import items_of
from reports.annotation.tables import gold_items, gold_samples
from reports.selection import Selection, Words

Put = Callable[..., None]


def drawn_from(archive: Archive, selection: Selection) -> list[tuple[str, ...]]:
    """Return channel, target, text and predicted label of each unit."""
    with archive.connect() as connection:
        units = frame(connection, selection)
        titles = dict(connection.execute(select(channels.c.id, channels.c.title)).all())
        names = dict(connection.execute(select(targets.c.id, targets.c.name)).all())
        texts = dict(connection.execute(select(readings.c.id, readings.c.text)).all())
    rows = units[["channel_id", "target_id", "reading_id", "predicted"]].to_numpy().tolist()
    return sorted((titles[a], names[b], texts[c], PREDICTED[d]) for a, b, c, d in rows)


def test_a_unit_is_a_text_of_a_channel_about_a_target(
    archive: Archive, put: Put, label: Put, select_report: Callable[..., Selection]
) -> None:
    put(
        {"text": "Трамп и санкции"},
        {"text": "Трамп и санкции"},  # the same again: no unit of its own
        {"text": "Трамп и санкции", "channel": "@other", "title": "Other"},
        {"text": "Трамп один"},
        {"text": "Трамп не размечен"},
        {"text": "Погода"},
    )
    label("Трамп и", "favor", target="Трамп")
    label("Трамп и", "against", target="санкции", confidence=0.4)
    label("один", "neutral", target="Трамп")
    assert drawn_from(archive, select_report(abstain_below=0.5)) == [
        ("News", "Трамп", "Трамп и санкции", "favor"),
        ("News", "Трамп", "Трамп один", "neutral"),
        ("News", "санкции", "Трамп и санкции", "abstained"),
        ("Other", "Трамп", "Трамп и санкции", "favor"),
        ("Other", "санкции", "Трамп и санкции", "abstained"),
    ]
    assert len(drawn_from(archive, select_report(channels=("@other",)))) == 2


def test_the_frame_is_what_the_report_is_about(
    archive: Archive, put: Put, label: Put, select_report: Callable[..., Selection]
) -> None:
    put(
        {"text": "Трамп раз", "date": "2025-11-01T10:00:00Z"},
        {"text": "Трамп два", "date": "2025-11-02T10:00:00Z"},
        {"text": "Трамп три", "date": "2025-11-02T11:00:00Z", "forward_name": "Somebody"},
    )
    label("Трамп", "neutral", target="Трамп")
    day = {"since": date(2025, 11, 2), "until": date(2025, 11, 3)}
    assert [unit[2] for unit in drawn_from(archive, select_report(**day))] == [
        "Трамп два",
        "Трамп три",
    ]
    own = drawn_from(archive, select_report(include=Words.OWN))
    assert [unit[2] for unit in own] == ["Трамп два", "Трамп раз"]


def test_nothing_scored_is_an_empty_frame(
    archive: Archive, put: Put, select_report: Callable[..., Selection]
) -> None:
    put({"text": "Трамп"})
    assert drawn_from(archive, select_report()) == []


@pytest.fixture
def units() -> pd.DataFrame:
    """Two channels of 200 and 60 texts, of which one in ten takes a side."""
    rows = [
        (channel, 1, number, number, 0 if number % 10 == 0 else 1)
        for channel, texts in ((1, 200), (2, 60))
        for number in range(texts)
    ]
    return pd.DataFrame(
        rows, columns=["channel_id", "target_id", "reading_id", "post_id", "predicted"]
    )


def test_the_seed_alone_decides(units: pd.DataFrame) -> None:
    one, again, other = draw(units, 50, 7), draw(units, 50, 7), draw(units, 50, 8)
    pd.testing.assert_frame_equal(one, again)
    assert set(one["reading_id"]) != set(other["reading_id"])


def test_no_unit_is_drawn_twice_and_strata_are_mixed(units: pd.DataFrame) -> None:
    sample = draw(units, 60, 1)
    assert len(sample) == 60
    assert not sample.duplicated(["channel_id", "reading_id"]).any()
    counted = sample.groupby(["channel_id", "predicted"]).size()
    assert counted.to_dict() == {
        (row.channel_id, row.predicted): row.stratum_drawn for row in sample.itertuples()
    }
    changes = (sample["channel_id"].diff().fillna(0) != 0).sum()
    assert changes > 10  # in blocks it would be one


@pytest.mark.parametrize("size", [5, 40])
def test_units_are_drawn_as_often_as_their_probability_says(units: pd.DataFrame, size: int) -> None:
    counts, wanted = np.zeros(len(units)), np.zeros(len(units))
    place = units.reset_index().set_index(["channel_id", "reading_id"])["index"]
    for seed in range(100):
        sample = draw(units, size, seed)
        rows = place.loc[list(zip(sample["channel_id"], sample["reading_id"], strict=True))]
        counts[rows] += 1
        wanted[rows] = sample["inclusion_probability"]
    for stratum in units.groupby(["channel_id", "predicted"]).indices.values():
        expected = wanted[stratum].max()
        spread = np.sqrt(expected * (1 - expected) / (100 * len(stratum)))
        assert counts[stratum].mean() / 100 == pytest.approx(expected, abs=4 * spread)


def test_a_sample_is_recorded_with_all_that_reproduces_it(
    archive: Archive, put: Put, label: Put, select_report: Callable[..., Selection]
) -> None:
    put({"text": "Трамп за"}, {"text": "Трамп нет"})
    label("Трамп", "favor", target="Трамп")
    selection = select_report(since=date(2025, 11, 1), include=Words.OWN, channels=("@news",))
    with archive.begin() as connection:
        units = frame(connection, selection)
        number = record(connection, selection, draw(units, 1, 3), size=1, seed=3)
        [sample] = connection.execute(select(gold_samples)).all()
        [item] = connection.execute(select(gold_items)).all()
        [shown] = items_of(connection, {item.id})
    assert (sample.id, sample.seed, sample.size) == (number, 3, 1)
    assert sample.model == selection.stance.fingerprint
    assert sample.frame == {
        "since": "2025-11-01",
        "until": None,
        "channels": ["@news"],
        "targets": ["Трамп", "санкции"],
        "include": "own",
    }
    assert (item.predicted, item.stratum_size, item.stratum_drawn) == ("favor", 2, 1)
    assert item.inclusion_probability == 0.5
    assert (shown.target, shown.title) == ("Трамп", "News")


def test_a_large_frame_is_read_in_parts(
    archive: Archive,
    put: Put,
    label: Put,
    select_report: Callable[..., Selection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reports.annotation.frame._ROWS_AT_ONCE", 2)
    put(*({"text": f"Трамп {number}"} for number in range(5)))
    label("Трамп", "neutral", target="Трамп")
    assert len(drawn_from(archive, select_report())) == 5
