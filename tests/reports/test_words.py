"""Whose words posts hold, and reports about a channel's own ones."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from sqlalchemy import select, update

from collector.archive import Archive
from models.preparing import store_readings
from models.tables import readings
from reports.contract import POSTS
from reports.evidence import evidence
from reports.figures import sentiment_figures, stance_figures
from reports.selection import Selection, Words

Make = Callable[..., Selection]
Call = Callable[..., None]

ID = 1234567890
QUOTED = "Он сказал: «Трамп победил на выборах, и это хорошо»"
SENT = (
    {"text": "Трамп наш"},
    {"text": "Трамп чужой", "forward_from": {"name": "Other", "channel_id": 1000000001}},
    {"text": "Трамп чужой без адреса", "forward_from": {"name": "News"}},
    {"text": "Трамп у нас был", "forward_from": {"name": "News", "channel_id": ID}},
    {"text": QUOTED},
    {"text": QUOTED, "forward_from": {"name": "Other", "channel_id": 1000000001}},
)


def put_all(put: Call) -> None:
    put(*({**row, "channel_id": ID} for row in SENT))


def trump(archive: Archive, selection: Selection) -> Any:
    with archive.connect() as connection:
        frame = stance_figures(connection, selection)
    (row,) = frame[frame["target"] == "Трамп"].itertuples()
    return row


def test_posts_of_each_kind_are_counted(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put_all(put)
    label("Трамп", "favor", target="Трамп")
    row = trump(archive, select_report())
    assert (row.n_posts, row.n_relevant, row.n_favor) == (6, 6, 6)
    assert (row.n_own, row.n_forwarded, row.n_quoted, row.include) == (2, 3, 1, "all")


def test_own_words_alone_can_be_counted_everywhere(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put_all(put)
    label("Трамп", "favor", target="Трамп")
    label("Трамп", "positive")
    selection = select_report(include=Words.OWN)
    row = trump(archive, selection)
    assert (row.n_posts, row.n_relevant, row.n_favor) == (2, 2, 2)
    assert (row.n_own, row.n_forwarded, row.n_quoted, row.include) == (2, 0, 0, "own")
    with archive.connect() as connection:
        (mood,) = sentiment_figures(connection, selection).itertuples()
        assert (mood.n_posts, mood.n_positive, mood.n_own) == (2, 2, 2)
        assert len(list(evidence(connection, selection))) == 2


def test_unscored_posts_are_counted_by_whose_words_they_are(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put_all(put)
    row = trump(archive, select_report())
    assert (row.n_relevant, row.n_scored, row.n_own, row.n_forwarded) == (6, 0, 2, 3)


def test_the_evidence_says_whose_words_a_post_holds(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put_all(put)
    with archive.connect() as connection:
        rows = list(evidence(connection, select_report()))
    frame = pd.DataFrame(rows, columns=POSTS.header).sort_values("message_id")
    expected = ["own", "forwarded", "forwarded", "own", "quoted", "forwarded"]
    assert list(frame["words"]) == expected


def test_readings_of_an_earlier_version_are_completed(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put_all(put)
    with archive.begin() as connection:
        connection.execute(update(readings).values(quoted=None))
    assert trump(archive, select_report()).n_quoted == 0
    store_readings(archive)
    with archive.connect() as connection:
        assert connection.scalar(select(readings.c.id).where(readings.c.quoted.is_(None))) is None
    assert trump(archive, select_report()).n_quoted == 1
