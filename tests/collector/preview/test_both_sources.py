"""The same scripted channels by Telegram's API and by the preview: the same posts."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.archive import Archive, open_archive
from collector.post import Post
from collector.preview.channel_page import read_channel_page
from tests.collector.preview.previewed import collect as collect_preview
from tests.collector.telegram.collected import collect as collect_api
from tests.collector.telegram.collected import coverage_of, stored
from tests.preview_server import PreviewServer
from tests.preview_server.pages import preview as page_of
from tests.preview_server.texts import shortened
from tests.telegram_server import ServedChannel, World

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime.now(UTC).replace(microsecond=0)
COLUMNS = [field.name for field in fields(Post) if field.name != "source"]
UNKNOWN = {"forwards", "replies", "edit_date", "forward_channel_id"}  # to the preview
DIFFERENT = {  # what it has in its own way, checked by itself
    "views", "views_rounded", "reactions", "reactions_rounded", "edited", "grouped_id",
}  # fmt: skip


def script(world: World) -> ServedChannel:
    """A channel with a post of each kind."""
    origin = world.add_channel("origin", title="Источник ❤️ & co")
    origin.post("x")
    news = world.add_channel("news", title="Новости")
    news.post("Просто текст", views=44, forwards=2, replies=3)
    news.post("Строка\n\nдругая  строка  \n третья", views=12_345, forwards=1)
    news.post("<b>не разметка</b> & <script>alert(1)</script> \"'!$", reactions={"👍": 3})
    news.post("Смотри https://example.com/a?b=1&c=<d> и #тег, 👍🏽 ❤️ 🇺🇦")
    news.post(
        "Жирный, курсив и ссылка",
        entities=[(0, 6, "b"), (8, 14, "i"), (17, 23, 'a href="https://e.org/"')],
    )
    news.post("до\nцитата\nв две строки\nпосле", entities=[(3, 22, "blockquote")])
    news.post("код:\nprint(1)\n  x = 2", entities=[(5, 21, "pre")])
    news.post("скрытое слово", entities=[(0, 7, "tg-spoiler"), (0, 2, "b")])
    news.post("слово " * 600)
    news.post("в ответ", reply_to=1)
    news.post("в ответ другому", reply_to=1, reply_to_channel=origin.id)
    news.post("в ответ удалённому", reply_to=999)
    news.post("переслано", forward_from=(origin.id, 7, None))
    news.post("от скрытого", forward_from=(None, None, "Скрытое Имя"))
    news.post("", poll=("За кого? 👍", ["Да & нет", "Нет"]))
    news.post("см.", web_page=("https://a.b/c", "Заголовок & больше"))
    news.service()
    news.post("подпись", photo=True, views=999, reactions={"custom:536832": 2, "paid": 7, "❤": 1})
    news.post("", video=True, reactions={"🔥": 1_234_567, "👍": 5400})
    news.post("файл", document=True)
    for kind in ("sticker", "animation", "voice_message", "video_message", "audio", "location"):
        news.post("", kind=kind)
    news.post("", kind="contact")
    date = news.messages[news.ids[-1]].date
    for member in range(4):
        caption = "подпись альбома" if member == 0 else ""
        fields_of = {"photo": True} if member % 2 else {"video": True}
        news.post(caption, grouped_id=13_000_000_000_000_001, date=date, **fields_of)  # type: ignore[arg-type]
    news.skip(3)
    edited = news.post("было")
    news.edit(edited, "стало")
    hidden = news.post("было", edit_hide=True)
    news.edit(hidden, "стало незаметно")
    news.delete(2)
    return news


@pytest.fixture
def two(tmp_path: Path, world: World, session: str, preview: PreviewServer) -> Any:
    """The channel, and what each source has put into an archive of its own."""
    news = script(world)
    with open_archive(tmp_path / "api.db") as api, open_archive(tmp_path / "web.db") as web:
        collect_api(api, session, ["news"])
        collect_preview(web, preview, ["news"])
        yield news, stored(api, news), stored(web, news), api, web


def test_post_by_post_and_field_by_field(two: Any) -> None:
    _, api, web, *_ = two
    assert [post["message_id"] for post in web] == [post["message_id"] for post in api]
    for one, other in zip(api, web, strict=True):
        for name in sorted(set(COLUMNS) - UNKNOWN - DIFFERENT):
            assert other[name] == one[name], (one["message_id"], one["text"], name)
        assert {name: other[name] for name in UNKNOWN} == dict.fromkeys(UNKNOWN)
        assert (one["source"], other["source"]) == ("telegram", "preview")
        assert other["text_hash"] == one["text_hash"]


def test_counts_are_rounded_and_marked_so(two: Any) -> None:
    _, api, web, *_ = two
    for one, other in zip(api, web, strict=True):
        if one["album_head"] is None:
            assert_count(one["views"], other["views"], other["views_rounded"])
            assert one["reactions"].keys() == other["reactions"].keys()
            for name, number in one["reactions"].items():
                assert shortened(number) == shortened(other["reactions"][name])
            large = any(number >= 1000 for number in one["reactions"].values())
            assert bool(other["reactions_rounded"]) == large
        else:
            assert (other["views"], other["reactions"]) == (None, None)
        assert (one["views_rounded"], one["reactions_rounded"]) == (None, None)


def assert_count(exact: int | None, shown: int | None, rounded: bool | None) -> None:
    if exact is None or exact < 1000:
        assert (shown, rounded) == (exact, None)
    else:
        assert shown is not None
        assert (shortened(shown), rounded) == (shortened(exact), True)


def test_edits_are_told_without_their_time(two: Any) -> None:
    news, api, web, *_ = two
    told = {post["message_id"] for post in web if post["edited"]}
    edited = {p.id for p in news.messages.values() if p.edit_date and not p.edit_hide}
    assert told == edited
    assert all(post["edited"] is None for post in api)


def test_albums_are_together(two: Any) -> None:
    _, api, web, *_ = two
    heads = [post["album_head"] for post in api]
    assert [post["album_head"] for post in web] == heads
    first = min(head for head in heads if head)
    groups = {post["grouped_id"] for post in web}
    assert groups == {None, -first}


def test_the_ledgers_agree(two: Any) -> None:
    news, _, _, api, web = two
    assert coverage_of(api, news) == coverage_of(web, news)


@pytest.mark.parametrize("order", [("api", "web"), ("web", "api")])
def test_one_archive_from_both(
    archive: Archive,
    world: World,
    session: str,
    preview: PreviewServer,
    two: Any,
    order: tuple[str, str],
) -> None:
    news, api, *_ = two
    read: dict[str, Callable[[], Any]] = {
        "api": lambda: collect_api(archive, session, ["news"]),
        "web": lambda: collect_preview(archive, preview, ["news"]),
    }
    first = read[order[0]]()["@news"].progress
    second = read[order[1]]()["@news"].progress
    assert (first.new, second.new) == (len(api), 0)
    if order == ("api", "web"):
        kept = [name for name in COLUMNS if name != "edited"]
        assert [values(post, kept) for post in stored(archive, news)] == [
            values(post, kept) for post in api
        ]
        assert second.updated == len([post for post in stored(archive, news) if post["edited"]])
    else:
        kept = [name for name in COLUMNS if name != "edited"]
        assert [values(post, kept) for post in stored(archive, news)] == [
            values(post, kept) for post in api
        ]
    [part] = coverage_of(archive, news)
    assert part.span == (1, max(news.ids))
    assert (part.received, part.album_member, part.service) == (
        len([post for post in api if post["album_head"] is None]),
        3,
        1,
    )
    assert (part.deleted, part == part.with_unknown()) == (0, True)


def values(post: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: post[name] for name in names}


def test_each_goes_on_where_the_other_stopped(
    archive: Archive, session: str, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many([f"пост {n}" for n in range(30)], start=NOW - timedelta(days=60))
    collect_preview(archive, preview, ["news"])
    news.post_many([f"пост {n}" for n in range(30)])
    assert collect_api(archive, session, ["news"])["@news"].progress.new == 30
    news.post_many([f"пост {n}" for n in range(30)])
    assert collect_preview(archive, preview, ["news"])["@news"].progress.new == 30
    assert [post["text"] for post in stored(archive, news)] == [
        news.messages[one].text for one in news.ids
    ]
    parts = coverage_of(archive, news)
    assert [part.span for part in parts] == [(1, 30), (31, 60), (61, 90)]
    assert [part.received for part in parts] == [30, 30, 30]


def test_the_one_date_of_an_album_replaces_none_that_the_api_gave(
    archive: Archive, session: str, preview: PreviewServer, news: ServedChannel
) -> None:
    for second in range(3):
        news.post("", photo=True, grouped_id=5, date=NOW + timedelta(seconds=second - 60))
    collect_api(archive, session, ["news"])
    before = stored(archive, news)
    assert collect_preview(archive, preview, ["news"])["@news"].progress.updated == 0
    dates = [post["date"] for post in stored(archive, news)]
    assert dates == [post["date"] for post in before] == [p.date for p in news.messages.values()]
    assert {post["grouped_id"] for post in stored(archive, news)} == {5}


def test_views_that_change_beyond_rounding_are_taken(
    archive: Archive, session: str, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("x", date=NOW, views=12_345)
    collect_api(archive, session, ["news"])
    news.update(1, views=12_399)
    collect_preview(archive, preview, ["news"])
    [post] = stored(archive, news)
    assert (post["views"], post["views_rounded"]) == (12_345, None)
    news.update(1, views=13_799)
    collect_preview(archive, preview, ["news"])
    [post] = stored(archive, news)
    assert (post["views"], post["views_rounded"]) == (13_700, True)
    collect_api(archive, session, ["news"])
    [post] = stored(archive, news)
    assert (post["views"], post["views_rounded"]) == (13_799, None)


def test_an_edit_that_the_preview_sees_has_no_date(
    archive: Archive, session: str, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("первое", date=NOW - timedelta(hours=3))
    news.edit(1, "второе")
    collect_api(archive, session, ["news"])
    before = stored(archive, news)[0]["edit_date"]
    collect_preview(archive, preview, ["news"])
    assert stored(archive, news)[0]["edit_date"] == before is not None
    news.edit(1, "третье")
    collect_preview(archive, preview, ["news"])
    [post] = stored(archive, news)
    assert (post["text"], post["edit_date"], post["edited"]) == ("третье", None, True)
    collect_api(archive, session, ["news"])
    [post] = stored(archive, news)
    assert (post["text"], post["edit_date"]) == ("третье", news.messages[1].edit_date)


# Of what a page cannot hold: NUL, lone surrogates; and carriage returns are line ends in HTML.
WORDS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\n\t"), min_size=1
)


@settings(max_examples=150)
@given(texts=st.lists(WORDS, min_size=1, max_size=5), cuts=st.lists(st.integers(0, 30), max_size=6))
def test_any_text_comes_as_it_is(texts: list[str], cuts: list[int]) -> None:
    world = World()
    news = world.add_channel("news", title=texts[0])
    tags = ["b", "i", 'a href="https://e.org/?a=1&b=2"', "tg-spoiler", "code"]
    for text in texts:
        edges = sorted({min(cut, len(text)) for cut in cuts})
        spans = zip(edges[::2], edges[1::2], strict=False)
        news.post(text, entities=[(a, b, tags[a % 5]) for a, b in spans if a < b])
    page = read_channel_page(page_of(world, news, None).encode(), "news").page
    assert [post.text for post in page.posts] == texts
