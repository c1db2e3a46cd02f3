"""Old posts lose their words, and nothing else; another sight of them brings nothing back."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from collector.archive import Archive
from collector.post import LIVE, TELEGRAM, Channel, Post
from collector.pruning import OldWords, count_old_words, drop_old_words, erase_traces
from collector.storing import StoreCounts, store
from collector.tables import post_versions
from tests.collector.archived import all_posts, dump

CHANNEL = Channel(telegram_id=1, username="news", title="News")
CUT = datetime(2025, 1, 1, tzinfo=UTC)
OLD, YOUNG = datetime(2024, 12, 31, 23, 59, tzinfo=UTC), CUT
NOW = datetime(2025, 6, 1, tzinfo=UTC)
LATER = datetime(2025, 6, 2, tzinfo=UTC)

POSTS = [
    Post(message_id=1, date=OLD, text="тайное слово", views=5, source=TELEGRAM),
    Post(message_id=2, date=OLD, forward_name="тайный источник", media="photo", source=TELEGRAM),
    Post(
        message_id=3,
        date=OLD,
        poll={"question": "тайный вопрос?", "options": ["да", "нет"]},
        web_page_title="тайный заголовок",
        reactions={"👍": 3},
        source=TELEGRAM,
    ),
    Post(message_id=4, date=YOUNG, text="новое слово", forward_name="друг", source=TELEGRAM),
    Post(message_id=5, date=OLD, media="photo", source=TELEGRAM),
]


def put(archive: Archive, *batch: Post, at: datetime = NOW) -> StoreCounts:
    with archive.begin() as connection:
        return store(connection, CHANNEL, batch, seen_at=at)


def test_words_go_and_all_else_stays(archive: Archive) -> None:
    put(archive, *POSTS)
    put(archive, Post(message_id=1, date=OLD, text="тайная правка", edit_date=NOW, source=TELEGRAM))
    before = {row["message_id"]: row for row in all_posts(archive)}
    with archive.connect() as connection:
        assert count_old_words(connection, CUT) == OldWords(3, 1)
    assert drop_old_words(archive, CUT) == OldWords(3, 1)
    words = {"text", "poll", "web_page_title", "forward_name"}
    for row in all_posts(archive):
        was = before[row["message_id"]]
        kept = {name: value for name, value in was.items() if name not in words}
        assert {name: value for name, value in row.items() if name not in words} == kept
        if row["date"] >= CUT:
            assert row == was
        else:
            assert (row["text"], row["poll"]) == ("", None)
            for name in ("web_page_title", "forward_name"):
                assert row[name] == (None if was[name] is None else "")
    with archive.connect() as connection:
        assert list(connection.scalars(select(post_versions.c.text))) == [""]


def test_again_there_is_nothing_to_do(archive: Archive) -> None:
    put(archive, *POSTS)
    drop_old_words(archive, CUT)
    before = dump(archive)
    assert drop_old_words(archive, CUT) == OldWords()
    assert dump(archive) == before


def test_broken_off_it_goes_on(archive: Archive, tmp_path: Path) -> None:
    many = [Post(message_id=key, date=OLD, text=f"тайное {key}") for key in range(1, 4501)]
    put(archive, *many)
    seen = []

    class Enough(Exception):  # noqa: N818 (it is no error)
        pass

    def stop(count: int) -> None:
        seen.append(count)
        raise Enough

    try:
        drop_old_words(archive, CUT, stop)
    except Enough:
        assert seen == [2000]
    assert drop_old_words(archive, CUT).posts == 2500


def test_the_same_posts_seen_again_change_nothing(archive: Archive) -> None:
    put(archive, *POSTS)
    drop_old_words(archive, CUT)
    before = all_posts(archive)
    for source in (*LIVE, "import"):
        counts = put(archive, *(seen_by(post, source) for post in POSTS), at=LATER)
        assert (counts.new, counts.updated, counts.older) == (0, 0, 0)
    for row, was in zip(all_posts(archive), before, strict=True):
        assert row | {"last_seen": NOW} == was | {"last_seen": NOW}
    with archive.connect() as connection:
        assert connection.execute(select(post_versions)).all() == []


def seen_by(post: Post, source: str) -> Post:
    fields = {name: getattr(post, name) for name in post.__slots__}
    return Post(**fields | {"source": source})


def test_an_edit_since_then_is_new(archive: Archive) -> None:
    put(archive, *POSTS)
    drop_old_words(archive, CUT)
    edited = Post(message_id=1, date=OLD, text="иначе", edit_date=LATER, source=TELEGRAM)
    assert put(archive, edited, at=LATER).updated == 1
    assert all_posts(archive)[0]["text"] == "иначе"
    with archive.connect() as connection:
        assert list(connection.scalars(select(post_versions.c.text))) == [""]


def test_albums_stay_as_they_are(archive: Archive) -> None:
    """Members with words of their own stand for themselves, also when the words are gone."""
    album = [
        Post(message_id=1, date=OLD, text="", grouped_id=7, media="photo"),
        Post(message_id=2, date=OLD, text="подпись", grouped_id=7, media="photo"),
        Post(message_id=3, date=OLD, text="вторая", grouped_id=7, media="photo"),
    ]
    put(archive, *album)
    heads = [row["album_head"] for row in all_posts(archive)]
    assert heads == [2, None, None]
    drop_old_words(archive, CUT)
    put(archive, *album, at=LATER)
    assert [row["album_head"] for row in all_posts(archive)] == heads


def test_the_file_has_not_a_word_left(archive: Archive, tmp_path: Path) -> None:
    put(
        archive, *POSTS, *(Post(message_id=k, date=OLD, text="тайна " * 900) for k in range(9, 300))
    )
    put(archive, Post(message_id=1, date=OLD, text="тайная правка", edit_date=NOW, source=TELEGRAM))
    drop_old_words(archive, CUT)
    erase_traces(archive)
    for path in tmp_path.glob("archive.db*"):
        found = path.read_bytes()
        assert "тайн".encode() not in found, path
        if path.name == "archive.db":
            assert "новое слово".encode() in found
