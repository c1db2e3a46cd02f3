"""Shares that abstain, and how labels and languages have moved."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from collector.archive import Archive
from models.tables import readings
from reports.annotation.drawing import draw, record
from reports.annotation.frame import frame
from reports.annotation.tables import codebooks, gold_items, gold_labels
from reports.gates.limits import LABELLED_BY_HAND, Gate, Gates
from reports.gates.stability import stability_index
from reports.gates.verdict import Verdict
from reports.gates.window import Window
from reports.selection import Selection, Words
from tests.reports.gates.conftest import Judge

Put = Callable[..., None]
Label = Callable[..., None]

OCTOBER = (date(2025, 10, 1), date(2025, 11, 1))


@pytest.fixture
def labelled(put: Put, label: Label) -> Callable[..., None]:
    """Return a function that puts posts on a target, so many of each label, on a day each."""

    def labelled(**days: dict[str, int]) -> None:
        names = [
            (day, name, number)
            for day, counts in days.items()
            for name, count in counts.items()
            for number in range(count)
        ]
        put(*(
            {"text": f"Трамп {day} {name} {number}", "message_id": each,
             "date": f"2025-{day[1:3]}-{day[3:5]}T10:00:00Z"}
            for each, (day, name, number) in enumerate(names, 1)
        ))  # fmt: skip
        for given in ("against", "neutral", "favor"):
            label(given, given, target="Трамп")
        label("unsure", "favor", target="Трамп", confidence=0.4)
        for given, mood in (("against", "negative"), ("neutral", "neutral"), ("favor", "positive")):
            label(given, mood)

    return labelled


def of_trump(verdicts: list[Verdict]) -> Verdict:
    [verdict] = [each for each in verdicts if each.target == "Трамп"]
    return verdict


@pytest.mark.every_archive
def test_the_share_that_abstains_is_judged_by_target(
    labelled: Callable[..., None], judged: Judge
) -> None:
    labelled(
        _1101={"unsure": 9}, _1110={"favor": 2, "neutral": 1, "unsure": 1}, _1112={"unsure": 9}
    )
    gates = Gates(abstained=0.25, minimum_labels=4)
    trump, sanctions = judged(gates)
    assert (trump.gate, trump.target) == (Gate.ABSTAINED, "Трамп")
    assert (trump.value, trump.passed, trump.note) == (0.25, True, "1 of 4 labels abstained")
    assert (sanctions.value, sanctions.passed) == (None, None)
    assert sanctions.note == "not judged: 0 labels of 4 that are needed"
    failed = of_trump(judged(Gates(abstained=0.24, minimum_labels=4)))
    assert failed.passed is False
    assert failed.line == (
        "maximum_abstained Трамп: 25 %, at most 24 %, 2025-11-05 to 2025-11-11: "
        "1 of 4 labels abstained"
    )
    assert of_trump(judged(Gates(abstained=0.1, minimum_labels=5))).passed is None
    lenient = of_trump(judged(Gates(abstained=0.1, minimum_labels=4), abstain_below=0.3))
    assert (lenient.value, lenient.passed) == (0, True)


def test_copies_and_whatever_words_count(put: Put, label: Label, judged: Judge) -> None:
    rows: list[dict[str, Any]] = [{"text": "Трамп да", "date": "2025-11-10T10:00:00Z"}] * 3
    put(*rows, {"text": "Трамп нет", "date": "2025-11-10T10:00:00Z", "forward_name": "Other"})
    label("да", "favor", target="Трамп")
    label("нет", "against", target="Трамп", confidence=0.4)
    verdict = of_trump(judged(Gates(abstained=0.1, minimum_labels=1), include=Words.OWN))
    assert verdict.note == "1 of 4 labels abstained"


@pytest.mark.every_archive
def test_labels_are_compared_with_the_reference(
    labelled: Callable[..., None], judged: Judge
) -> None:
    then = {"favor": 10, "neutral": 70, "against": 20}
    now = {"favor": 40, "neutral": 40, "against": 20}
    labelled(_1015={**then, "unsure": 50}, _1103={"favor": 99}, _1110={**now, "unsure": 3})
    index = stability_index(now, then)
    assert index == pytest.approx(0.3 * 1.386294 + 0.3 * 0.559616, abs=1e-5)
    gates = Gates(label_shift=0.25, reference=OCTOBER)
    verdict = of_trump(judged(gates))
    assert (verdict.gate, verdict.value, verdict.passed) == (Gate.LABELS, index, False)
    assert verdict.note == (
        "stance: shifted against 2025-10-01 to 2025-10-31: favor 10 % then, 40 % now; by chance "
        "up to 0.12"
    )
    assert of_trump(judged(Gates(label_shift=0.6, reference=OCTOBER))).passed is True
    few = of_trump(judged(Gates(label_shift=0.25, reference=OCTOBER, minimum_labels=101)))
    assert (few.value, few.passed) == (None, None)
    assert (
        few.note == "not judged, stance: 100 now and 100 in the reference, of 101 that are needed"
    )
    mood = judged(gates)[-1]
    assert (mood.target, mood.channel, mood.value, mood.passed) == ("", None, index, False)
    assert mood.note.startswith("sentiment of all posts: shifted against")
    assert mood.name == "maximum_label_shift"


def test_a_label_that_never_was_before_is_a_shift(
    labelled: Callable[..., None], judged: Judge
) -> None:
    labelled(_1015={"neutral": 100}, _1110={"neutral": 60, "favor": 40})
    verdict = of_trump(judged(Gates(label_shift=0.25, reference=OCTOBER)))
    assert verdict.passed is False
    assert verdict.value == pytest.approx(stability_index({"a": 100}, {"a": 60, "b": 40}))


def speak(archive: Archive, put: Put, **days: dict[str, int]) -> None:
    """Put posts of which so many of each day are in some language."""
    texts = [
        (f"Слово {day} {language} {number}", day, language)
        for day, counts in days.items()
        for language, count in counts.items()
        for number in range(count)
    ]
    put(*(
        {"text": text, "message_id": each, "date": f"2025-{day[1:3]}-{day[3:5]}T10:00:00Z"}
        for each, (text, day, _) in enumerate(texts, 1)
    ))  # fmt: skip
    with archive.begin() as connection:
        for text, _, language in texts:
            this = readings.c.text == text
            known = None if language == "none" else language
            connection.execute(update(readings).where(this).values(language=known))


@pytest.mark.every_archive
def test_languages_are_compared_with_the_reference(
    archive: Archive, put: Put, judged: Judge
) -> None:
    speak(
        archive,
        put,
        _1015={"ru": 160, "uk": 40, "fa": 1, "none": 50},
        _1110={"ru": 60, "uk": 140, "de": 1},
    )
    index = stability_index({"ru": 60, "uk": 140, "others": 1}, {"ru": 160, "uk": 40, "others": 1})
    [verdict] = judged(Gates(language_shift=0.25, reference=OCTOBER))
    assert (verdict.gate, verdict.about) == (Gate.LANGUAGES, "")
    assert (verdict.value, verdict.passed) == (pytest.approx(index), False)
    assert ": ru 80 % then, 30 % now;" in verdict.note
    assert [each.passed for each in judged(Gates(language_shift=2, reference=OCTOBER))] == [True]
    [few] = judged(Gates(language_shift=2, reference=OCTOBER, minimum_labels=202))
    assert "201 now and 201 in the reference, of 202" in few.note


@pytest.mark.every_archive
def test_the_reference_may_be_what_was_labelled_by_hand(
    labelled: Callable[..., None],
    judged: Judge,
    archive: Archive,
    select_report: Callable[..., Selection],
) -> None:
    labelled(_1001={"favor": 9}, _1015={"neutral": 6}, _1016={"favor": 4}, _1110={"neutral": 10})
    gates = Gates(label_shift=0.25, reference=LABELLED_BY_HAND, minimum_labels=10)
    nothing = of_trump(judged(gates))
    assert nothing.passed is None
    assert nothing.note == "not judged, stance: nothing is labelled by hand to begin with"
    label_by_hand(archive, select_report(since=date(2025, 10, 15), until=date(2025, 10, 17)))
    verdict = of_trump(judged(gates))
    assert verdict.value == stability_index({"neutral": 10}, {"neutral": 6, "favor": 4})
    assert "against 2025-10-15 to 2025-10-16" in verdict.note


def label_by_hand(archive: Archive, selection: Selection) -> None:
    at = datetime(2025, 12, 1, tzinfo=UTC)
    with archive.begin() as connection:
        number = record(
            connection, selection, draw(frame(connection, selection), 100, 1), size=100, seed=1
        )
        connection.execute(insert(codebooks).values(hash="c", text="", first_used=at))
        items = select(gold_items.c.id).where(gold_items.c.sample_id == number)
        for item in connection.scalars(items).all():
            row = {"item_id": item, "coder": "a", "label": "neutral", "adjudicated": False}
            connection.execute(insert(gold_labels).values(**row, labelled_at=at, codebook="c"))


def test_nothing_is_asked_of_an_archive_without_posts(judged: Judge) -> None:
    gates = Gates(abstained=0.1, label_shift=0.1, language_shift=0.1, reference=OCTOBER)
    assert {verdict.passed for verdict in judged(gates)} == {None}
    assert {verdict.window for verdict in judged(gates)} == {
        Window(date(2025, 11, 5), date(2025, 11, 12))
    }
