"""Which of several sights of a post or a channel the archive believes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.archive import Archive, open_archive
from collector.coverage import Coverage, store_coverage
from collector.post import (
    Channel,
    Post,
    content,
    parse_channel_id,
    parse_username,
    permalink,
    text_hash,
)
from collector.storing import StoreCounts, store, store_channel
from tests.collector.archived import all_channels, all_posts, dump, texts, versions

pytestmark = pytest.mark.every_archive

CHANNEL = Channel(telegram_id=1)
DATE = datetime(2024, 11, 1, tzinfo=UTC)
POST = Post(message_id=1, date=DATE, text="раз")


def day(number: int) -> datetime:
    return DATE + timedelta(days=number)


def put(archive: Archive, *batch: Post, seen: int = 1, channel: Channel = CHANNEL) -> StoreCounts:
    with archive.begin() as connection:
        return store(connection, channel, batch, seen_at=day(seen))


def test_figures_follow_the_later_sight(archive: Archive) -> None:
    assert put(archive, replace(POST, views=5, forwards=1), seen=2) == StoreCounts(new=1)
    assert put(archive, replace(POST, views=9), seen=3) == StoreCounts(updated=1)
    assert put(archive, replace(POST, views=2, replies=4), seen=1) == StoreCounts(updated=1)
    (post,) = all_posts(archive)
    assert (post["views"], post["forwards"], post["replies"]) == (9, 1, 4)
    assert (post["first_seen"], post["last_seen"]) == (day(1), day(3))


def test_a_sight_of_nothing_new_is_unchanged(archive: Archive) -> None:
    put(archive, POST, seen=1)
    assert put(archive, POST, seen=5) == StoreCounts(unchanged=1)
    assert all_posts(archive)[0]["last_seen"] == day(5)


def test_what_an_edited_post_said_before_is_kept(archive: Archive) -> None:
    put(archive, POST)
    put(archive, replace(POST, text="два", edit_date=day(1)), seen=2)
    put(archive, replace(POST, text="три", edit_date=day(2)), seen=3)
    assert texts(archive) == ["три"]
    assert versions(archive) == ["раз", "два"]


def test_an_older_edit_never_replaces_a_newer_one(archive: Archive) -> None:
    put(archive, replace(POST, text="три", edit_date=day(2), views=3))
    put(archive, replace(POST, text="два", edit_date=day(1), views=9), POST, seen=9)
    assert texts(archive) == ["три"]
    assert versions(archive) == ["два", "раз"]
    assert all_posts(archive)[0]["views"] == 3


def test_words_come_back_only_by_a_later_edit(archive: Archive) -> None:
    other = replace(POST, text="два")
    put(archive, POST, other, POST, other, POST)
    assert texts(archive) == ["два"]
    put(archive, replace(POST, edit_date=day(3)), seen=4)
    assert texts(archive) == ["раз"]
    assert versions(archive) == ["раз", "два"]


def test_a_poll_is_words_too(archive: Archive) -> None:
    put(archive, replace(POST, text="", poll={"question": "Кто?", "options": ["я", "ты"]}))
    put(archive, replace(POST, text="", poll={"question": "Кто?", "options": ["я", "он"]}), seen=2)
    assert all_posts(archive)[0]["poll"] == {"question": "Кто?", "options": ["я", "он"]}
    assert versions(archive) == ["Кто?\nя\nты"]


def test_a_channel_found_by_name_is_the_one_whose_id_comes_later(archive: Archive) -> None:
    put(archive, POST, channel=Channel(username="Some_Channel"))
    put(archive, POST, channel=Channel(telegram_id=7, username="some_channel", title="Имя"))
    put(archive, POST, channel=Channel(username="SOME_CHANNEL"))
    (channel,) = all_channels(archive)
    assert (channel["telegram_id"], channel["title"]) == (7, "Имя")
    assert len(all_posts(archive)) == 1


def test_a_username_moves_to_another_channel(archive: Archive) -> None:
    old = Channel(telegram_id=1, username="name")
    put(archive, POST, channel=old, seen=1)
    put(archive, POST, channel=Channel(telegram_id=2, username="NAME"), seen=2)
    put(archive, POST, channel=old, seen=1)  # an old file does not bring it back
    assert [row["username"] for row in all_channels(archive)] == [None, "NAME"]
    put(archive, POST, channel=old, seen=3)
    assert [row["username"] for row in all_channels(archive)] == ["name", None]


def test_a_channel_known_by_name_and_one_known_by_id_become_one(archive: Archive) -> None:
    named, numbered = Channel(username="Some_Channel"), Channel(telegram_id=7, title="Имя")
    only_named = [replace(POST, message_id=n, text=f"пост {n}") for n in (1, 2, 3)]
    put(archive, *only_named, channel=named, seen=2)
    put(archive, replace(only_named[2], text="пост 3, прежде"), channel=named, seen=1)
    put(archive, replace(POST, message_id=2, text="пост 2, потом"), channel=numbered, seen=3)
    put(archive, replace(only_named[2], views=5), channel=numbered, seen=3)
    both = Channel(telegram_id=7, username="Some_Channel")
    assert put(archive, only_named[0], channel=both, seen=4) == StoreCounts(unchanged=1)
    (channel,) = all_channels(archive)
    assert (channel["telegram_id"], channel["username"]) == (7, "Some_Channel")
    assert (channel["title"], channel["first_seen"]) == ("Имя", day(1))
    assert texts(archive) == ["пост 1", "пост 2, потом", "пост 3"]
    assert versions(archive) == ["пост 3, прежде", "пост 2"]
    assert [post["first_seen"] for post in all_posts(archive)] == [day(2), day(2), day(1)]
    assert all_posts(archive)[2]["views"] == 5


def test_merged_posts_keep_the_later_words(archive: Archive) -> None:
    many = [replace(POST, message_id=n, text=f"прежде {n}") for n in range(1, 2501)]
    later = [replace(post, text=f"потом {post.message_id}") for post in many]
    put(archive, *many, channel=Channel(telegram_id=7), seen=1)
    put(archive, *many, channel=Channel(username="name"), seen=2)
    put(archive, *later, channel=Channel(username="name"), seen=3)
    put(archive, channel=Channel(telegram_id=7, username="name"), seen=0)
    assert [row["username"] for row in all_channels(archive)] == ["name"]
    assert texts(archive) == [post.text for post in later]
    assert sorted(versions(archive)) == sorted(post.text for post in many)


def test_merging_ignores_where_a_channel_was_called_before(archive: Archive) -> None:
    put(archive, POST, channel=Channel(username="before"), seen=1)
    put(archive, POST, channel=Channel(telegram_id=7, username="now"), seen=3)
    put(archive, POST, channel=Channel(telegram_id=7, username="before"), seen=2)
    (channel,) = all_channels(archive)
    assert (channel["telegram_id"], channel["username"]) == (7, "now")
    assert len(all_posts(archive)) == 1


def test_merged_channels_keep_the_later_coverage(archive: Archive) -> None:
    with archive.begin() as connection:
        channels = (Channel(username="name"), Channel(telegram_id=7))
        named, numbered = (store_channel(connection, one, seen_at=DATE).id for one in channels)
        for key, last, asked_at in ((named, 10, 2), (numbered, 10, 1), (named, 20, 1)):
            asked = Coverage(1, last, received=asked_at)
            store_coverage(connection, key, "import", asked, asked_at=day(asked_at))
        store_channel(connection, Channel(telegram_id=7, username="name"), seen_at=DATE)
    covered = dump(archive)["coverage"]
    assert sorted(row[1:6] for row in covered) == [
        (numbered, "import", 1, 10, 2),
        (numbered, "import", 1, 20, 1),
    ]


def test_titles_identify_only_channels_without_anything_else(archive: Archive) -> None:
    put(archive, POST, channel=Channel(telegram_id=1, title="Новости"))
    put(archive, POST, channel=Channel(title="Новости"))
    put(archive, POST, channel=Channel(title="Новости"))
    assert [row["telegram_id"] for row in all_channels(archive)] == [1, None]


def test_a_channel_without_identity_is_refused(archive: Archive) -> None:
    with pytest.raises(ValueError, match="needs an id"):
        put(archive, POST, channel=Channel(participants=5))


def test_the_later_answer_for_a_range_stands(archive: Archive) -> None:
    with archive.begin() as connection:
        row = store_channel(connection, CHANNEL, seen_at=DATE)
        for asked_at, received in ((2, 5), (3, 6), (1, 9)):
            asked = Coverage(1, 10, received=received)
            store_coverage(connection, row.id, "import", asked, asked_at=day(asked_at))
    (covered,) = dump(archive)["coverage"]
    assert covered[1:6] == (1, "import", 1, 10, 6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from("абв"), st.none() | st.integers(1, 3)),
        min_size=1,
        max_size=12,
    )
)
def test_storing_the_same_again_changes_nothing(sights: list[tuple[int, str, int | None]]) -> None:
    batch = [
        Post(message_id=key, date=DATE, text=text, edit_date=None if edit is None else day(edit))
        for key, text, edit in sights
    ]
    with open_archive("sqlite://") as archive:
        put(archive, *batch)
        before = dump(archive)
        for post in batch:  # in whatever batches it comes
            put(archive, post)
        assert dump(archive) == before


def test_content_and_links() -> None:
    assert content("текст") == "текст"
    assert content("", {"question": "Кто?", "options": ["я", "ты"]}) == "Кто?\nя\nты"
    assert len(text_hash("")) == 32
    assert permalink("name", 5, 7) == "https://t.me/name/7"
    assert permalink(None, 5, 7) == "https://t.me/c/5/7"
    assert permalink(None, None, 7) is None


@given(st.integers(1, 2**62))
def test_channel_ids_in_all_forms(bare: int) -> None:
    marked = -1_000_000_000_000 - bare
    for form in (bare, marked, str(bare), str(marked), f"channel{bare}"):
        assert parse_channel_id(form) == bare


@pytest.mark.parametrize("value", [0, -5, -1_000_000_000_000, "user5", "", "1.5", 2**63])
def test_what_is_no_channel_id(value: int | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (int() has its own words for some)
        parse_channel_id(value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("@name", "name"),
        ("https://t.me/name", "name"),
        ("t.me/s/name/", "name"),
        ("http://www.telegram.me/Name_5", "Name_5"),
        ("name", "name"),
        ("имя", None),
        ("two words", None),
        ("t.me/c/123", None),
        ("t.me/+invitation", None),
        ("5name", None),
        ("", None),
    ],
)
def test_usernames(value: str, name: str | None) -> None:
    assert parse_username(value) == name
