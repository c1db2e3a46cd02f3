"""The posts behind the figures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update

from collector.archive import Archive
from collector.tables import posts
from reports.contract import POSTS
from reports.evidence import evidence
from reports.figures import stance_figures
from reports.selection import Selection

Make = Callable[..., Selection]
Call = Callable[..., None]


def rows(archive: Archive, selection: Selection) -> list[dict[str, Any]]:
    with archive.connect() as connection:
        return [
            dict(zip(POSTS.header, row, strict=True)) for row in evidence(connection, selection)
        ]


def test_each_relevant_post_and_target_is_a_row_with_its_label(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(
        {"text": "За **Трамп**, за санкции", "views": 7, "channel_id": 1234567890},
        {"text": "Погода", "channel_id": 1234567890},
    )
    label("За Трамп", "favor", target="Трамп", confidence=0.8)
    label("За Трамп", "positive", confidence=0.6)
    trump, sanctions = rows(archive, select_report(abstain_below=0.85))
    assert trump["target"] == "Трамп"
    assert trump["label"] == "favor"
    assert trump["abstained"] is True
    assert (trump["confidence"], trump["p_favor"]) == (0.8, 0.8)
    assert trump["sentiment"] == "positive"
    assert trump["text"] == "За **Трамп**, за санкции"
    assert trump["permalink"] == "https://t.me/news/1"
    assert (trump["message_id"], trump["channel_id"]) == ("1", "1234567890")
    assert trump["views"] == 7
    assert (sanctions["target"], sanctions["label"], sanctions["abstained"]) == (
        "санкции",
        None,
        None,
    )


def test_evidence_that_is_gone_can_be_told(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put({"text": "Трамп"}, {"text": "Трамп снова"})
    found_gone = datetime(2025, 11, 6, 12, tzinfo=UTC)
    with archive.begin() as connection:
        first = update(posts).where(posts.c.message_id == 1)
        connection.execute(first.values(deleted_at=found_gone))
    assert [row["deleted_at"] for row in rows(archive, select_report())] == [found_gone, None]


def test_rows_agree_with_the_counts_of_the_figures(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*({"text": f"За Трамп {number % 7}"} for number in range(40)))
    label("За Трамп", "favor", target="Трамп")
    with archive.connect() as connection:
        figures = stance_figures(connection, select_report())
    assert figures["n_favor"].sum() == len(rows(archive, select_report())) == 40
