"""The posts that a figure rests on most."""

from collections.abc import Callable

from sqlalchemy import select

from collector.archive import Archive
from collector.tables import channels
from models.labels import SENTIMENT, STANCE
from reports.selection import Selection, Words
from reports.strongest import ABSTAINED, StrongPost, strongest

Make = Callable[..., Selection]
Call = Callable[..., None]


def found(archive: Archive, selection: Selection, task: str, limit: int = 3) -> list[StrongPost]:
    with archive.connect() as connection:
        keys = list(connection.scalars(select(channels.c.id)))
        return strongest(connection, selection, task, keys, limit)


def test_the_surest_of_each_label_come_first(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(*({"text": f"Трамп {word}"} for word in ("один", "два", "три", "четыре", "пять", "шесть")))
    for word, given, confidence in (
        ("один", "favor", 0.7),
        ("два", "favor", 0.9),
        ("три", "favor", 0.8),
        ("четыре", "against", 0.6),
        ("пять", "neutral", 0.99),
        ("шесть", "against", 0.4),
    ):
        label(word, given, target="Трамп", confidence=confidence)
    posts = found(archive, select_report(abstain_below=0.5), STANCE, limit=2)
    assert [(post.text, post.label) for post in posts] == [
        ("Трамп два", "favor"),
        ("Трамп три", "favor"),
        ("Трамп четыре", "against"),
        ("Трамп шесть", ABSTAINED),
    ]
    assert {post.target for post in posts} == {"Трамп"}


def test_copies_are_one_post_and_counted(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put(
        {"text": "За Трамп", "views": 5},
        {"text": "За Трамп"},
        {"text": "За Трамп", "channel": "@other", "title": "Other"},
    )
    label("Трамп", "favor", target="Трамп")
    posts = found(archive, select_report(), STANCE)
    assert sorted((post.copies, post.permalink) for post in posts) == [
        (1, "https://t.me/other/3"),
        (2, "https://t.me/news/1"),
    ]


def test_only_posts_of_the_selection_and_of_the_channels_asked_for(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put({"text": "За Трамп"}, {"text": "Трамп, за", "forward_name": "Somebody"})
    label("Трамп", "favor", target="Трамп")
    assert [post.words for post in found(archive, select_report(), STANCE)] == ["own", "forwarded"]
    own = select_report(include=Words.OWN)
    assert [post.words for post in found(archive, own, STANCE)] == ["own"]
    with archive.connect() as connection:
        assert strongest(connection, select_report(), STANCE, []) == []


def test_sentiment_has_its_own_posts(
    archive: Archive, put: Call, label: Call, select_report: Make
) -> None:
    put({"text": "Прекрасная погода"}, {"text": "Трамп"})
    label("погода", "positive")
    label("Трамп", "favor", target="Трамп")
    [post] = found(archive, select_report(), SENTIMENT)
    assert (post.text, post.label, post.target, post.language) == (
        "Прекрасная погода", "positive", "", "ru",
    )  # fmt: skip
