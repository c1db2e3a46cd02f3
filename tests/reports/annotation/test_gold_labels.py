"""What coders said, what is final, and how far they agree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from collector.archive import Archive
from models.tables import readings
from reports.annotation.agreement import agreement_summary, agreement_table
from reports.annotation.codebook import register
from reports.annotation.disputes import dispute_columns, dispute_rows, disputes
from reports.annotation.drawing import draw, record
from reports.annotation.frame import frame
from reports.annotation.items import to_label
from reports.annotation.label_words import label_of
from reports.annotation.labels import CHOICES, final_labels
from reports.annotation.progress import coder_counts, sample_progress
from reports.annotation.tables import codebooks, gold_items, gold_labels
from reports.selection import Selection

pytestmark = pytest.mark.every_archive

Put = Callable[..., None]
Draw = Callable[[], dict[str, int]]
Say = Callable[..., None]

UKRAINIAN = ("Трамп переміг, і це їхній вибір", "Трамп не з'явився, бо їздив до Києва")


@pytest.fixture
def drawn(archive: Archive, put: Put, label: Put, select_report: Callable[..., Selection]) -> Draw:
    """Return a function that draws all of 12 texts and returns their items by text."""
    texts = [f"Трамп и новость {number}" for number in range(1, 11)]
    put(*({"text": text} for text in [*texts, *UKRAINIAN]))
    label("Трамп", "neutral", target="Трамп")

    def drawn() -> dict[str, int]:
        with archive.begin() as connection:
            sample = draw(frame(connection, select_report()), 100, 1)
            number = record(connection, select_report(), sample, size=100, seed=1)
            query = select(readings.c.text, gold_items.c.id).join(gold_items)
            rows = connection.execute(query.where(gold_items.c.sample_id == number)).all()
            return {text.removeprefix("Трамп и "): item for text, item in rows}

    return drawn


@pytest.fixture
def say(archive: Archive) -> Say:
    """Return a function that stores a coder's labels by item."""
    minutes = count()

    def say(coder: str, labels: dict[int, str], *, adjudicated: bool = False) -> None:
        now = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))
        with archive.begin() as connection:
            key = register(connection, "Version: 1")
            common = {"coder": coder, "adjudicated": adjudicated, "codebook": key}
            for item, given in labels.items():
                values = {"item_id": item, "label": given, "labelled_at": now}
                connection.execute(insert(gold_labels).values(**values, **common))

    return say


def finals(archive: Archive) -> dict[int, str]:
    with archive.connect() as connection:
        return {row.item_id: row.label for row in final_labels(connection)}


def test_one_coder_is_enough(archive: Archive, drawn: Draw, say: Say) -> None:
    items = drawn()
    say("anna", {items["новость 1"]: "favor", items["новость 2"]: "cannot_tell"})
    assert finals(archive) == {items["новость 1"]: "favor"}
    with archive.connect() as connection:
        [row] = final_labels(connection)
    assert (row.target, row.predicted, row.inclusion_probability) == ("Трамп", "neutral", 1.0)


def test_coders_must_agree_and_one_who_cannot_tell_does_not_count(
    archive: Archive, drawn: Draw, say: Say
) -> None:
    items = drawn()
    one, two, three, four = (items[f"новость {number}"] for number in range(1, 5))
    say("anna", {one: "favor", two: "favor", three: "cannot_tell", four: "cannot_tell"})
    say("boris", {one: "favor", two: "neutral", three: "not_mentioned", four: "cannot_tell"})
    assert finals(archive) == {one: "favor", three: "not_mentioned"}
    with archive.connect() as connection:
        [progress] = sample_progress(connection)
        assert (progress.items, progress.labelled, progress.labelled_twice) == (12, 4, 4)
        assert (progress.final, progress.to_adjudicate, progress.undecided) == (2, 1, 1)
        assert coder_counts(connection) == [("anna", 4, 0), ("boris", 4, 0)]


def test_the_last_adjudication_is_final(archive: Archive, drawn: Draw, say: Say) -> None:
    items = drawn()
    one, two, three = (items[f"новость {number}"] for number in range(1, 4))
    say("anna", {one: "favor", two: "favor", three: "neutral"})
    say("boris", {one: "against", two: "neutral"})
    say("clara", {one: "neutral", two: "neutral", three: "favor"}, adjudicated=True)
    assert finals(archive) == {one: "neutral", two: "neutral", three: "favor"}
    say("dora", {one: "against", two: "cannot_tell"}, adjudicated=True)
    assert finals(archive) == {one: "against", three: "favor"}
    with archive.connect() as connection:
        assert [dispute.adjudicated for dispute in disputes(connection)] == [
            "against",
            "cannot_tell",
        ]
        assert sample_progress(connection)[0].to_adjudicate == 0


def test_a_text_drawn_again_keeps_its_label(archive: Archive, drawn: Draw, say: Say) -> None:
    first = drawn()
    say("anna", {first["новость 1"]: "favor", first["новость 2"]: "neutral"})
    second = drawn()
    assert finals(archive) == {
        first["новость 1"]: "favor",
        first["новость 2"]: "neutral",
        second["новость 1"]: "favor",
        second["новость 2"]: "neutral",
    }
    with archive.connect() as connection:
        left = {item.id for item in to_label(connection, 2)}
    assert left == set(second.values()) - {second["новость 1"], second["новость 2"]}
    say("anna", {second["новость 1"]: "against"})  # she has changed her mind
    assert finals(archive)[first["новость 1"]] == "against"


def test_one_who_cannot_tell_is_missing_from_alpha(archive: Archive, drawn: Draw, say: Say) -> None:
    items = [item for _, item in sorted(drawn().items(), key=lambda pair: pair[1])]
    names: dict[int | None, str] = {
        1: "favor",
        2: "against",
        3: "neutral",
        4: "not_mentioned",
        None: "cannot_tell",
    }
    table: list[list[int | None]]
    table = [[1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None], [1, 2, 3, 3, 2, 2, 4, 1, 2, 4, None, 3]]
    for coder, row in zip(("anna", "boris"), table, strict=True):
        say(coder, {item: names[value] for item, value in zip(items, row, strict=True)})
    data = np.array([[np.nan if value is None else value for value in row] for row in table])
    with archive.connect() as connection:
        overall = agreement_summary(connection)
    assert overall is not None
    assert (overall.items, overall.coders) == (9, 2)
    assert overall.alpha == pytest.approx(krippendorff.alpha(data, level_of_measurement="nominal"))


def test_without_two_labels_of_a_text_there_is_no_agreement(
    archive: Archive, drawn: Draw, say: Say
) -> None:
    items = drawn()
    say("anna", dict.fromkeys(items.values(), "neutral"))
    with archive.connect() as connection:
        assert agreement_summary(connection) is None
        assert agreement_table(connection).by_target == {}
    say("boris", {items["новость 1"]: "cannot_tell"})
    with archive.connect() as connection:
        assert agreement_summary(connection) is None


def test_labels_that_are_all_the_same_have_no_alpha(
    archive: Archive, drawn: Draw, say: Say
) -> None:
    items = drawn()
    for coder in ("anna", "boris"):
        say(coder, dict.fromkeys(items.values(), "neutral"))
    with archive.connect() as connection:
        overall = agreement_table(connection).overall
    assert (overall.items, overall.percent, overall.alpha, overall.interval) == (
        12,
        100,
        None,
        None,
    )


def test_agreement_in_parts_with_intervals(archive: Archive, drawn: Draw, say: Say) -> None:
    items = drawn()
    turn = dict(zip(items.values(), ["favor", "against", "neutral"] * 4, strict=True))
    say("anna", turn)
    say("boris", turn | {items["новость 1"]: "not_mentioned", items[UKRAINIAN[0]]: "favor"})
    with archive.connect() as connection:
        table = agreement_table(connection)
    assert set(table.by_target) == {"Трамп"}
    assert set(table.by_language) == {"ru", "uk"}
    assert table.by_language["ru"].items + table.by_language["uk"].items == 12
    assert table.overall.alpha is not None
    assert table.overall.interval is not None
    assert table.overall.interval.low < table.overall.alpha <= table.overall.interval.high
    assert table.by_language["uk"].interval is None  # too few to resample


def test_a_sheet_to_adjudicate_shows_what_each_coder_said(
    archive: Archive, drawn: Draw, say: Say
) -> None:
    items = drawn()
    say("anna", {items["новость 1"]: "favor", items["новость 2"]: "favor"})
    say("=boris", {items["новость 1"]: "against", items["новость 2"]: "favor"})
    with archive.connect() as connection:
        disputed = disputes(connection)
    assert dispute_columns(disputed)[-2:] == ["coder =boris", "coder anna"]
    [row] = dispute_rows(disputed)
    assert (row["item"], row["label"]) == (items["новость 1"], "")
    assert (row["coder anna"], row["coder =boris"]) == ("favor", "against")


def test_a_codebook_is_kept_once(archive: Archive) -> None:
    with archive.begin() as connection:
        assert register(connection, "Version: 1") == register(connection, "Version: 1")
        assert register(connection, "Version: 2") != register(connection, "Version: 1")
        assert connection.scalar(select(func.count()).select_from(codebooks)) == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Favor", "favor"),
        ("за", "favor"),
        (" ПРОТИ ", "against"),
        ("против", "against"),
        ("Нейтрально", "neutral"),
        ("нейтральний", "neutral"),
        ("f", "favor"),
        ("a", "against"),
        ("n", "neutral"),
        ("?", "cannot_tell"),
        ("Can’t tell", "cannot_tell"),
        ("cannot-tell", "cannot_tell"),
        ("незрозуміло", "cannot_tell"),
        ("NOT_MENTIONED", "not_mentioned"),
        ("не згадано", "not_mentioned"),
        ("maybe", None),
        ("1", None),
        ("", None),
    ],
)
def test_words_for_labels(written: str, meant: str | None) -> None:
    assert label_of(written) == meant


@given(st.text())
def test_any_word_is_a_label_or_none(written: str) -> None:
    assert label_of(written) in {*CHOICES, None}


def test_every_label_is_a_word_for_itself() -> None:
    assert [label_of(choice) for choice in CHOICES] == list(CHOICES)
