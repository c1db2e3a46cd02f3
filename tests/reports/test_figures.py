"""Per-channel figures, counted by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import update

from collector.archive import Archive
from collector.tables import posts
from reports.contract import SENTIMENT, STANCE
from reports.figures import sentiment_figures, stance_figures
from reports.interval import net_interval
from reports.selection import Period, Selection

pytestmark = pytest.mark.every_archive

Make = Callable[..., Selection]
Call = Callable[..., None]


def stance(archive: Archive, selection: Selection) -> pd.DataFrame:
    with archive.connect() as connection:
        return stance_figures(connection, selection)


def only(frame: pd.DataFrame, **where: object) -> Any:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    (row,) = frame.itertuples(index=False)
    return row


def texts(word: str, count: int, **columns: Any) -> list[dict[str, Any]]:
    return [{"text": f"{word}: пост {number}", **columns} for number in range(count)]


def test_counts_shares_and_net_stance(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("За Трамп", 5), *texts("Про Трамп", 3), *texts("Не Трамп", 2), *texts("Погода", 4))
    label("За Трамп", "favor", target="Трамп")
    label("Про Трамп", "neutral", target="Трамп")
    label("Не Трамп", "against", target="Трамп")
    frame = stance(archive, select_report())
    assert list(frame.columns) == STANCE.header
    row = only(frame, target="Трамп")
    assert (row.n_posts, row.n_relevant, row.n_scored, row.n_abstained) == (14, 10, 10, 0)
    assert (row.n_favor, row.n_neutral, row.n_against) == (5, 3, 2)
    assert (row.share_favor, row.share_neutral, row.share_against) == (0.5, 0.3, 0.2)
    assert row.net_stance == pytest.approx(0.3)
    low, high = net_interval(5, 2, 10)
    assert (row.net_stance_lo, row.net_stance_hi) == (low, high)
    assert low < 0.3 < high
    assert (row.channel, row.title, row.channel_id) == ("news", "News", "")
    assert (row.model, row.run_id) == ("test-model@ffffffffffffffff", "run-1")
    assert pd.isna(row.coverage)
    assert not row.suppressed


def test_a_label_without_confidence_is_counted_as_abstained(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("За Трамп", 3), *texts("Не Трамп", 2))
    label("За Трамп", "favor", target="Трамп", confidence=0.9)
    label("Не Трамп", "against", target="Трамп", confidence=0.45)
    row = only(stance(archive, select_report(abstain_below=0.5)), target="Трамп")
    assert (row.n_scored, row.n_abstained, row.n_favor, row.n_against) == (5, 2, 3, 0)
    assert row.net_stance == 1
    assert row.net_stance_lo < 1
    row = only(stance(archive, select_report(abstain_below=0.4)), target="Трамп")
    assert (row.n_abstained, row.n_against, row.net_stance) == (0, 2, pytest.approx(0.2))


def test_figures_under_the_minimum_are_empty_and_counts_remain(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("За Трамп", 4), *texts("Про санкции", 1), {"text": "Погода", "channel": "@other"})
    label("За Трамп", "favor", target="Трамп")
    frame = stance(archive, select_report(minimum=5))
    row = only(frame, channel="news", target="Трамп")
    assert row.suppressed
    assert row.suppress_reason == "fewer than 5 labelled posts"
    assert (row.n_favor, row.n_scored) == (4, 4)
    figures = ["share_favor", "share_neutral", "share_against", "net_stance"]
    figures += ["net_stance_lo", "net_stance_hi", "views_weighted_net_stance"]
    assert all(pd.isna(getattr(row, name)) for name in figures)
    assert only(frame, channel="news", target="санкции").suppress_reason == "not scored yet"
    assert only(frame, channel="other", target="Трамп").suppress_reason == "no relevant posts"


def test_every_copy_of_a_text_counts_and_is_scored_once(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    copies = [{"text": "Трамп!", "channel": name} for name in ("@first", "@first", "@second")]
    put(*copies)
    label("Трамп", "against", target="Трамп")
    frame = stance(archive, select_report())
    assert only(frame, channel="first", target="Трамп").n_against == 2
    assert only(frame, channel="second", target="Трамп").n_against == 1


def test_views_weigh_posts_and_posts_without_views_are_left_out(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(
        {"text": "За Трамп", "views": 300},
        {"text": "Не Трамп", "views": 100},
        {"text": "Не Трамп, без просмотров"},
        {"text": "Про санкции"},
    )
    label("За Трамп", "favor", target="Трамп")
    label("Не Трамп", "against", target="Трамп")
    label("Про санкции", "favor", target="санкции")
    frame = stance(archive, select_report())
    assert only(frame, target="Трамп").views_weighted_net_stance == pytest.approx(0.5)
    assert pd.isna(only(frame, target="санкции").views_weighted_net_stance)


def test_views_that_were_read_on_the_first_day_weigh_nothing(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put({"text": "За Трамп", "views": 300}, {"text": "Не Трамп", "views": 100})
    label("За Трамп", "favor", target="Трамп")
    label("Не Трамп", "against", target="Трамп")
    published = datetime(2025, 11, 5, 10, tzinfo=UTC)
    for age, expected, counted in ((timedelta(hours=24), 0.5, 2), (timedelta(hours=23.99), -1, 1)):
        with archive.begin() as connection:
            first = update(posts).where(posts.c.message_id == 1)
            connection.execute(first.values(last_seen=published + age))
        row = only(stance(archive, select_report()), target="Трамп")
        assert row.views_weighted_net_stance == pytest.approx(expected)
        assert (row.n_viewed, row.n_favor, row.net_stance) == (counted, 1, 0)


def test_copies_are_one_opinion_even_on_other_days(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    days = [f"2025-11-{day:02}T10:00:00Z" for day in range(3, 9)]
    copies = [{"text": "Не Трамп, копия", "date": day} for day in days[:4]]
    put(*copies, *({"text": f"За Трамп {day}", "date": day} for day in days))
    label("За Трамп", "favor", target="Трамп")
    label("Не Трамп", "against", target="Трамп")
    row = only(stance(archive, select_report()), target="Трамп")
    # Ten posts: 100 / (4 * 4 + 6), as no day shows that its texts agree.
    assert row.n_effective == pytest.approx(100 / 22)
    assert row.net_stance == pytest.approx(0.2)
    interval = net_interval(6, 4, 10, 100 / 22)
    assert (row.net_stance_lo, row.net_stance_hi) == (pytest.approx(interval[0]), interval[1])
    by_day = stance(archive, select_report(period=Period.DAY))
    labelled = by_day[by_day["target"] == "Трамп"]
    assert list(labelled["n_effective"]) == [2, 2, 2, 2, 1, 1]


def test_posts_of_days_that_hang_together_tell_less(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    rows = [
        {"text": f"{'За' if day % 2 else 'Не'} Трамп {day} {number}", "date": f"2025-11-{day:02}"}
        for day in range(1, 21)
        for number in range(3)
    ]
    put(*rows)
    label("За Трамп", "favor", target="Трамп")
    label("Не Трамп", "against", target="Трамп")
    row = only(stance(archive, select_report()), target="Трамп")
    assert (row.n_favor, row.n_against) == (30, 30)
    assert row.n_effective == pytest.approx(20)  # the days: within them all posts say the same


def test_single_posts_a_day_are_taken_as_independent(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*({"text": f"За Трамп {day}", "date": f"2025-11-{day:02}"} for day in range(1, 21)))
    label("За Трамп", "favor", target="Трамп")
    row = only(stance(archive, select_report()), target="Трамп")
    assert row.n_effective == 20
    assert (row.net_stance_lo, row.net_stance_hi) == net_interval(20, 0, 20)


def test_figures_of_one_connection_are_of_one_state_and_later_ones_are_new(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("За Трамп", 2))
    with archive.connect() as connection:
        for period, found in ((Period.ALL, 1), (Period.DAY, 1)):
            frame = stance_figures(connection, select_report(period=period))
            assert only(frame, target="Трамп").n_relevant == 2 * found
        one_day = select_report(since=date(2025, 11, 6))
        assert stance_figures(connection, one_day).empty
        label("За Трамп", "favor", target="Трамп")
        connection.rollback()
        frame = stance_figures(connection, select_report())
        assert only(frame, target="Трамп").n_favor == 2


@pytest.mark.parametrize(
    ("period", "starts", "ends"),
    [
        (Period.DAY, ["2025-10-31", "2025-11-03", "2025-11-09"], ["2025-11-01", "2025-11-04"]),
        (Period.WEEK, ["2025-10-27", "2025-11-03"], ["2025-11-03", "2025-11-10"]),
        (Period.MONTH, ["2025-10-01", "2025-11-01"], ["2025-11-01", "2025-12-01"]),
        (Period.ALL, ["2025-10-31"], ["2025-11-10"]),
    ],
)
def test_periods_begin_and_end_where_the_calendar_says(
    archive: Archive,
    put: Call,
    select_report: Make,
    period: Period,
    starts: list[str],
    ends: list[str],
) -> None:
    days = ["2025-10-31T23:59:59Z", "2025-11-03T00:00:00Z", "2025-11-09T23:59:59Z"]
    put(*({"text": f"Трамп {day}", "date": day} for day in days))
    frame = stance(archive, select_report(period=period))
    rows = frame[frame["target"] == "Трамп"]
    assert [f"{start:%Y-%m-%d}" for start in rows["period_start"]] == starts
    assert [f"{end:%Y-%m-%d}" for end in rows["period_end"]][: len(ends)] == ends
    assert rows["n_posts"].sum() == 3


def test_since_and_until_cut_the_report_and_its_periods(
    archive: Archive, put: Call, select_report: Make
) -> None:
    days = [f"2025-11-{day:02}T12:00:00Z" for day in range(3, 10)]
    put(*({"text": f"Трамп {day}", "date": day} for day in days))
    bounds = {"since": date(2025, 11, 5), "until": date(2025, 11, 8)}
    (row,) = stance(
        archive, select_report(period=Period.WEEK, targets=select_report().targets[:1], **bounds)
    ).itertuples()
    assert (f"{row.period_start:%d}", f"{row.period_end:%d}") == ("05", "08")
    assert (row.n_posts, row.n_relevant) == (3, 3)


def test_an_offset_counts_a_post_on_its_utc_day(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put({"text": "Трамп", "date": "2025-11-06T01:30:00+03:00"})
    row = only(stance(archive, select_report(period=Period.DAY)), target="Трамп")
    assert f"{row.period_start:%Y-%m-%d}" == "2025-11-05"


def test_channels_are_chosen_by_name_id_or_title(
    archive: Archive, put: Call, select_report: Make
) -> None:
    put(
        {"text": "Трамп", "channel": "@first", "channel_id": -1001000000001, "title": "Same"},
        {"text": "Трамп", "channel": "@second", "channel_id": -1001000000002, "title": "Same"},
    )
    for chosen, expected in [("@FIRST", 1), ("1000000002", 1), ("same", 2)]:
        frame = stance(archive, select_report(channels=(chosen,)))
        assert frame["channel_id"].nunique() == expected
    with archive.connect() as connection:
        assert select_report(channels=("nobody",)).channel_ids(connection) == ([], ["nobody"])


def test_an_edited_post_counts_as_what_it_says_now(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put({"text": "За Трамп"})
    put({"text": "Погода", "edit_date": "2025-11-06T10:00:00Z"})
    row = only(stance(archive, select_report()), target="Трамп")
    assert (row.n_posts, row.n_relevant) == (1, 0)


def test_sentiment_counts_posts_that_have_words(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("Ура", 3), *texts("Увы", 1), {"text": ""}, {"text": "https://example.org"})
    label("Ура", "positive")
    label("Увы", "negative")
    with archive.connect() as connection:
        frame = sentiment_figures(connection, select_report())
    assert list(frame.columns) == SENTIMENT.header
    row = only(frame)
    assert (row.n_posts, row.n_relevant, row.n_scored) == (6, 4, 4)
    assert (row.n_positive, row.n_neutral, row.n_negative) == (3, 0, 1)
    assert row.net_sentiment == pytest.approx(0.5)


def test_an_album_is_one_post(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    album = {"grouped_id": 7, "media": "photo"}
    put(
        {"text": "", **album},
        {"text": "Ура", **album},
        {"text": "", **album},
        {"text": "", "media": "photo"},
    )
    label("Ура", "positive")
    with archive.connect() as connection:
        row = only(sentiment_figures(connection, select_report()))
    assert (row.n_posts, row.n_relevant, row.n_positive) == (2, 1, 1)


def test_a_post_that_was_deleted_since_was_published_all_the_same(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*texts("За Трамп", 2))
    label("За Трамп", "favor", target="Трамп")
    with archive.begin() as connection:
        connection.execute(update(posts).values(deleted_at=datetime(2025, 11, 6, tzinfo=UTC)))
    row = only(stance(archive, select_report()), target="Трамп")
    assert (row.n_posts, row.n_favor) == (2, 2)


def test_an_empty_archive_gives_empty_tables_with_headers(
    archive: Archive, select_report: Make
) -> None:
    frame = stance(archive, select_report())
    assert list(frame.columns) == STANCE.header
    assert frame.empty
