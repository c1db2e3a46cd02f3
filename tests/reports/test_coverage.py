"""What share of a period's messages was asked for. A channel's messages come every 144 minutes."""

import shutil
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from collector.archive import Archive, open_archive
from collector.coverage import Answers, Span, noting
from collector.post import Channel, Post
from collector.storing import store, store_channel
from collector.tables import channels
from reports.figures import sentiment_figures, stance_figures
from reports.selection import Period, Selection
from tests.reports.conftest import PACKAGES

MONDAY = datetime(2025, 11, 3, tzinfo=UTC)
WEEK = timedelta(days=7)
NEWS = Channel(telegram_id=1, title="News")
OTHER = Channel(telegram_id=2, title="Other")

Make = Callable[..., Selection]
Call = Callable[..., None]


def sent(number: int) -> datetime:
    """Ten messages a day: 1 to 10 on the first Monday, the first of each day at midnight."""
    return MONDAY + timedelta(minutes=144) * (number - 1)


def ids(*spans: Span) -> list[int]:
    return [number for first, last in spans for number in range(first, last + 1)]


def ask(
    archive: Archive,
    channel: Channel,
    *spans: Span,
    at: datetime = MONDAY + 4 * WEEK,
    posts: Collection[int] | None = None,
    inaccessible: Collection[int] = (),
) -> None:
    """Do what collecting does; `posts` are the messages there are, by default all."""
    for span in spans:
        there = [number for number in ids(span) if posts is None or number in posts]
        found = [Post(message_id=number, date=sent(number), text="Ура") for number in there]
        with archive.begin() as connection:
            key = store_channel(connection, channel, seen_at=at).id
            answers = Answers(span, inaccessible=inaccessible)
            with noting(connection, key, "telegram", answers, asked_at=at):
                store(connection, channel, found, seen_at=at)


def know(archive: Archive, channel: Channel, **columns: Any) -> None:
    with archive.begin() as connection:
        statement = update(channels).where(channels.c.telegram_id == channel.telegram_id)
        connection.execute(statement.values(**columns))


def add(archive: Archive, channel: Channel, numbers: Sequence[int]) -> None:
    """Do what importing does."""
    found = [Post(message_id=number, date=sent(number), text="Ура") for number in numbers]
    with archive.begin() as connection:
        store(connection, channel, found, seen_at=MONDAY + 4 * WEEK)


def shares(archive: Archive, selection: Selection, channel: Channel = NEWS) -> list[float]:
    """Return the coverage of a channel's periods, in order."""
    with archive.connect() as connection:
        frame = sentiment_figures(connection, selection)
    return list(frame[frame["channel_id"] == str(channel.telegram_id)]["coverage"])


@pytest.fixture
def weekly(select_report: Make) -> Selection:
    return select_report(period=Period.WEEK)


@pytest.mark.parametrize(
    ("period", "count"), [(Period.DAY, 28), (Period.WEEK, 4), (Period.MONTH, 1), (Period.ALL, 1)]
)
def test_where_everything_was_asked_for_coverage_is_exactly_one(
    archive: Archive, select_report: Make, period: Period, count: int
) -> None:
    ask(archive, NEWS, (1, 280))
    assert shares(archive, select_report(period=period)) == [1] * count


def test_ids_that_never_came_back_were_asked_for(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (1, 280), posts=range(3, 260, 7))
    assert shares(archive, weekly) == [1, 1, 1, 1]


def test_half_of_the_ids(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (1, 35))
    know(archive, NEWS, newest_id=70, newest_date=sent(70))
    assert shares(archive, weekly) == [0.5]


def test_a_gap_lowers_only_the_weeks_it_lies_in(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (1, 84), (113, 280))
    assert shares(archive, weekly) == [1, pytest.approx(0.6), 1, 1]
    ask(archive, NEWS, (85, 112))
    assert shares(archive, weekly) == [1, 1, 1, 1]


def test_of_imports_nothing_is_known(archive: Archive, weekly: Selection) -> None:
    add(archive, NEWS, range(1, 141))
    ask(archive, OTHER, (1, 140))
    assert all(pd.isna(share) for share in shares(archive, weekly))
    assert shares(archive, weekly, OTHER) == [1, 1]


def test_imported_posts_were_not_asked_for(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (71, 175), at=sent(176))
    add(archive, NEWS, [*ids((1, 70)), *ids((176, 280))])
    assert shares(archive, weekly) == [0, 1, pytest.approx(0.5), 0]


def test_a_channel_that_stalls_while_another_goes_on(
    archive: Archive, weekly: Selection, select_report: Make
) -> None:
    ask(archive, NEWS, (1, 105), at=sent(106))
    ask(archive, OTHER, (1, 280), at=MONDAY + 4 * WEEK + timedelta(hours=9))
    assert shares(archive, weekly) == [1, pytest.approx(0.5, abs=0.01)]
    assert shares(archive, select_report(period=Period.ALL)) == [pytest.approx(0.375, abs=0.01)]
    assert shares(archive, weekly, OTHER) == [1, 1, 1, 1]


def test_what_was_asked_for_within_one_day_is_up_to_date(
    archive: Archive, weekly: Selection
) -> None:
    ask(archive, NEWS, (1, 101), at=sent(101) + timedelta(minutes=1))
    ask(archive, OTHER, (1, 110), at=sent(110) + timedelta(hours=2))
    assert shares(archive, weekly) == shares(archive, weekly, OTHER) == [1, 1]


def test_a_channel_with_nothing_new_is_up_to_date(
    archive: Archive, weekly: Selection, select_report: Make
) -> None:
    ask(archive, NEWS, (1, 75), at=sent(76))
    ask(archive, OTHER, (1, 280))
    know(archive, NEWS, newest_asked_at=MONDAY + 4 * WEEK)
    assert shares(archive, weekly) == [1, 1]
    assert shares(archive, select_report(period=Period.ALL)) == [1]


def test_a_week_that_began_before_what_was_wanted(
    archive: Archive, weekly: Selection, select_report: Make
) -> None:
    ask(archive, NEWS, (31, 280))
    know(archive, NEWS, wanted_from=31, wanted_since=sent(31) - timedelta(minutes=5))
    assert shares(archive, weekly) == [pytest.approx(4 / 7, abs=0.01), 1, 1, 1]
    assert set(shares(archive, select_report(period=Period.DAY))) == {1}
    assert shares(archive, select_report(since=date(2025, 11, 6))) == [1]


def test_what_was_wanted_is_complete_though_its_first_messages_are_gone(
    archive: Archive, select_report: Make
) -> None:
    ask(archive, NEWS, (31, 280), posts=range(45, 281))
    know(archive, NEWS, wanted_from=31, wanted_since=sent(31))
    assert shares(archive, select_report(since=date(2025, 11, 6))) == [1]


def test_the_week_in_which_a_channel_began(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (1, 280), posts=range(25, 281))
    know(archive, NEWS, wanted_from=1, wanted_since=datetime(1970, 1, 1, tzinfo=UTC))
    assert shares(archive, weekly) == [1, 1, 1, 1]


def test_one_post_alone_says_nothing_of_a_rate(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (35, 35), at=sent(36))
    (share,) = shares(archive, weekly)
    assert 0.2 < share < 0.3


def test_inaccessible_messages_lower_coverage(archive: Archive, weekly: Selection) -> None:
    ask(archive, NEWS, (1, 140), posts=range(15, 141), inaccessible=range(1, 15))
    assert shares(archive, weekly) == [pytest.approx(0.9), pytest.approx(0.9)]


def test_dates_out_of_order_by_seconds(archive: Archive, select_report: Make) -> None:
    ask(archive, NEWS, (1, 20))
    late = [
        Post(message_id=21, date=sent(21) + timedelta(seconds=3)),
        Post(message_id=22, date=sent(21) - timedelta(seconds=2)),
    ]
    with archive.begin() as connection:
        store(connection, NEWS, late, seen_at=MONDAY + WEEK)
    ask(archive, NEWS, (21, 40))
    assert shares(archive, select_report(period=Period.DAY)) == [1, 1, 1, 1]


def test_stance_has_the_same_coverage_for_every_target(
    archive: Archive, select_report: Make
) -> None:
    ask(archive, NEWS, (1, 35))
    know(archive, NEWS, newest_id=70, newest_date=sent(70))
    with archive.connect() as connection:
        frame = stance_figures(connection, select_report(period=Period.WEEK))
    assert list(frame["coverage"]) == [0.5, 0.5]


@pytest.fixture(scope="module")
def another(new_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a maker of archives, one for each example."""
    return lambda: shutil.copy(new_archive, tmp_path_factory.mktemp("coverage"))


SPANS = st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda ends: (min(ends), max(ends)))


@pytest.mark.slow
@settings(max_examples=30)
@given(spans=st.lists(SPANS, min_size=1, max_size=6))
def test_asking_for_more_never_lowers_coverage_and_known_posts_make_it_exact(
    another: Callable[[], Path],
    select_report: Make,
    spans: list[Span],
) -> None:
    before = [0.0] * 6
    with open_archive(another(), PACKAGES) as archive:
        add(archive, NEWS, range(1, 61))
        for end, span in enumerate(spans, start=1):
            ask(archive, NEWS, span, posts=())
            after = shares(archive, select_report(period=Period.DAY))
            asked = set(ids(*spans[:end]))
            days = [set(range(first, first + 10)) for first in range(1, 61, 10)]
            assert after == pytest.approx([len(asked & day) / 10 for day in days])
            assert all(old <= new for old, new in zip(before, after, strict=True))
            before = after


@pytest.mark.slow
@settings(max_examples=30)
@given(
    spans=st.lists(SPANS, min_size=1, max_size=4),
    posts=st.dictionaries(st.integers(1, 60), st.integers(0, 10**6), min_size=1),
    inaccessible=st.sets(st.integers(1, 60)),
    newest=st.integers(1, 100),
)
def test_coverage_is_a_share_whatever_dates_and_ids_there_are(
    another: Callable[[], Path],
    select_report: Make,
    spans: list[Span],
    posts: dict[int, int],
    inaccessible: set[int],
    newest: int,
) -> None:
    found = [
        Post(message_id=number, date=MONDAY + timedelta(seconds=seconds))
        for number, seconds in posts.items()
    ]
    with open_archive(another(), PACKAGES) as archive:
        with archive.begin() as connection:
            store(connection, NEWS, found, seen_at=MONDAY)
        ask(archive, NEWS, *spans, posts=(), inaccessible=inaccessible, at=sent(newest))
        know(archive, NEWS, newest_id=newest, newest_date=sent(newest))
        for period in Period:
            found_shares = shares(archive, select_report(period=period))
            assert found_shares
            assert all(0 <= share <= 1 for share in found_shares)
