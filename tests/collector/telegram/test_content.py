"""What is kept of a post, and what of its changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import types

from collector.archive import Archive
from collector.planning import BEGINNING, Wish
from collector.telegram.messages import media_of, reactions_of, read_messages
from tests.collector.archived import all_channels, versions
from tests.collector.telegram.collected import (
    ALL,
    assert_same,
    collect,
    coverage_of,
    post_of,
    stored,
)
from tests.telegram_server import ServedChannel, TelegramServer, World

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def news(world: World) -> ServedChannel:
    return world.add_channel("news")


def read(archive: Archive, session: str, channel: ServedChannel, post_id: int) -> dict[str, Any]:
    """Collect the channel and return one post of it."""
    collect(archive, session, [str(channel.username)])
    return post_of(archive, channel, post_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n слово \t\n",
        "a\r\nb\u2028c",
        "👍🏽 e\u0301 \u202eобратно\u202c",
        "**не** <b>разметка</b> [ссылка](https://t.me/x)",
        "х" * 4096,
        "'; DROP TABLE posts; --",
    ],
)
def test_text_is_exactly_as_received(
    archive: Archive, news: ServedChannel, session: str, text: str
) -> None:
    post = read(archive, session, news, news.post(text))
    assert post["text"] == text
    assert post["source"] == "telegram"
    assert post["permalink"] == "https://t.me/news/1"


@pytest.mark.every_archive
def test_what_no_archive_can_hold_is_replaced(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.title = "Ne\x00ws"
    post = read(archive, session, news, news.post("a\x00b"))
    assert post["text"] == "a\ufffdb"
    assert all_channels(archive)[0]["title"] == "Ne\ufffdws"
    again = read(archive, session, news, post["message_id"])
    assert (again["text_hash"], versions(archive)) == (post["text_hash"], [])


def test_a_large_page_arrives_compressed(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.gzip = True
    news.post_many(["слово " * 600] * 100)
    collect(archive, session, ["news"])
    assert_same(archive, news)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({"photo": True}, "photo"), ({"video": True}, "video"), ({"document": True}, "document")],
)
def test_a_caption_and_the_kind_of_what_hangs_on_it(
    archive: Archive, news: ServedChannel, session: str, fields: dict[str, Any], kind: str
) -> None:
    post = read(archive, session, news, news.post("подпись", **fields))
    assert (post["text"], post["media"]) == ("подпись", kind)


def file_with(*attributes: Any) -> types.MessageMediaDocument:
    file = types.Document(1, 1, b"", NOW, "x/y", 1, 2, list(attributes))
    return types.MessageMediaDocument(document=file)


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        (None, None),
        (types.MessageMediaEmpty(), None),
        (types.MessageMediaUnsupported(), "unsupported"),
        (types.MessageMediaContact("1", "A", "B", "", 0), "contact"),
        (types.MessageMediaGeo(types.GeoPointEmpty()), "location"),
        (types.MessageMediaDice(6, "🎲"), "dice"),
        (types.MessageMediaDocument(document=types.DocumentEmpty(1)), "document"),
        (types.MessageMediaDocument(), "document"),
        (file_with(types.DocumentAttributeAudio(3, voice=True)), "voice_message"),
        (file_with(types.DocumentAttributeAudio(3)), "audio"),
        (file_with(types.DocumentAttributeVideo(3, 1, 1, round_message=True)), "video_message"),
        (
            file_with(types.DocumentAttributeVideo(3, 1, 1), types.DocumentAttributeAnimated()),
            "animation",
        ),
        (
            file_with(types.DocumentAttributeSticker("x", types.InputStickerSetEmpty())),
            "sticker",
        ),
        (types.MessageMediaWebPage(types.WebPageEmpty(1)), None),
    ],
)
def test_other_kinds_of_media(media: Any, kind: str | None) -> None:
    assert media_of(media) == kind


def test_a_web_page_gives_its_title(archive: Archive, news: ServedChannel, session: str) -> None:
    post = read(archive, session, news, news.post("см.", web_page=("https://a.b/c", "Заголовок")))
    assert (post["web_page_title"], post["media"], post["text"]) == ("Заголовок", None, "см.")


def test_a_poll_gives_its_words(archive: Archive, news: ServedChannel, session: str) -> None:
    post = read(archive, session, news, news.post("", poll=("За кого?", ["Да", "Нет"])))
    assert post["poll"] == {"question": "За кого?", "options": ["Да", "Нет"]}
    assert post["media"] == "poll"


def test_forwards_give_their_origin(
    archive: Archive, world: World, news: ServedChannel, session: str
) -> None:
    origin = world.add_channel("origin", title="Источник")
    unknown, hidden = 1_999_999_999, (None, None, "Скрытое Имя")
    ids = [
        news.post("a", forward_from=(origin.id, 7, None)),
        news.post("b", forward_from=hidden),
        news.post("c", forward_from=(unknown, 8, None)),
        news.post("d"),
    ]
    collect(archive, session, ["news"])
    columns = ("forward_channel_id", "forward_message_id", "forward_name")
    posts = [post_of(archive, news, one) for one in ids]
    assert [tuple(post[name] for name in columns) for post in posts] == [
        (origin.id, 7, "Источник"),
        hidden,
        (unknown, 8, None),
        (None, None, None),
    ]


def test_replies_within_the_channel_only(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post("a")
    news.post("b", reply_to=1)
    news.post("c", reply_to=1, reply_to_channel=1_234_567_890)
    collect(archive, session, ["news"])
    assert [post["reply_to"] for post in stored(archive, news)] == [None, 1, None]


def test_reactions_come_change_and_go(archive: Archive, news: ServedChannel, session: str) -> None:
    reactions = {"👍": 3, "❤": 1, "custom:5368324170671202286": 2, "paid": 7}
    news.post("x", reactions=reactions)
    news.post("y")
    assert read(archive, session, news, 1)["reactions"] == reactions
    assert post_of(archive, news, 2)["reactions"] == {}, "none, which is not unknown"
    news.update(1, reactions={"👍": 4})
    assert read(archive, session, news, 1)["reactions"] == {"👍": 4}
    news.update(1, reactions=None)
    assert read(archive, session, news, 1)["reactions"] == {}


def test_a_reaction_of_an_unheard_of_kind_is_counted() -> None:
    results = [types.ReactionCount(types.ReactionEmpty(), 2)]
    assert reactions_of(types.MessageReactions(results)) == {"unknown": 2}


def test_numbers_change_within_the_recent_window_only(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    old = news.post("old", date=NOW - 8 * DAY, views=10, forwards=1, replies=1)
    young = news.post("young", date=NOW - 6 * DAY, views=10, forwards=1, replies=1)
    collect(archive, session, ["news"])
    for one in (old, young):
        news.update(one, views=20, forwards=2, replies=0)
    outcome = collect(archive, session, ["news"])["@news"]
    got = [
        tuple(post_of(archive, news, one)[n] for n in ("views", "forwards", "replies"))
        for one in (old, young)
    ]
    assert got == [(10, 1, 1), (20, 2, 0)]
    assert outcome.progress.updated == 1
    collect(archive, session, ["news"], Wish(BEGINNING, recent=9 * DAY))
    assert_same(archive, news)


def test_a_run_without_a_recent_window_changes_nothing(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post("x", date=NOW, views=1)
    collect(archive, session, ["news"])
    news.update(1, views=2)
    collect(archive, session, ["news"], Wish(BEGINNING, recent=timedelta(0)))
    assert post_of(archive, news, 1)["views"] == 1


def test_an_edit_keeps_the_earlier_words(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post("первое", date=NOW - DAY)
    collect(archive, session, ["news"])
    for words in ("второе", "первое", "третье"):
        news.edit(1, words)
        assert collect(archive, session, ["news"])["@news"].progress.updated == 1
        assert_same(archive, news)
    assert sorted(versions(archive)) == ["второе", "первое"]
    assert collect(archive, session, ["news"])["@news"].progress.updated == 0


def test_an_edited_poll_keeps_its_earlier_words(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post("", poll=("Да?", ["a", "b"]), date=NOW - DAY)
    collect(archive, session, ["news"])
    news.messages[1] = news.messages[1]._replace(poll=("Нет?", ["a", "b"]), edit_date=NOW)
    assert read(archive, session, news, 1)["poll"]["question"] == "Нет?"
    assert versions(archive) == ["Да?\na\nb"]


def test_service_messages_are_counted_once_and_not_kept(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    for _ in range(3):
        news.post("x")
        news.service()
    for _ in range(2):
        collect(archive, session, ["news"])
        [part] = coverage_of(archive, news)
        assert (part.span, part.received, part.service, part.unknown) == ((1, 6), 3, 3, 0)
    assert_same(archive, news)


def test_a_channel_of_service_messages_only(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.service()
    news.service()
    outcome = collect(archive, session, ["news"])["@news"]
    assert outcome.progress.complete
    assert stored(archive, news) == []
    assert coverage_of(archive, news)[0].service == 2


def test_a_restricted_post_is_kept_as_it_came(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    assert read(archive, session, news, news.post("x", restricted=True))["text"] == "x"
    assert_same(archive, news)


def test_an_empty_message_is_inaccessible_and_no_post() -> None:
    peer = types.PeerChannel(1)
    found = read_messages(
        [
            types.Message(id=3, peer_id=peer, date=NOW, message="x"),
            types.MessageEmpty(id=2, peer_id=None),
            types.MessageService(1, peer, NOW, types.MessageActionEmpty()),
        ],
        {},
    )
    assert ([post.message_id for post in found.posts], found.service, found.inaccessible) == (
        [3],
        [1],
        [2],
    )


def test_an_unchanged_channel_changes_only_when_it_was_seen(
    archive: Archive, news: ServedChannel, session: str
) -> None:
    news.post("x", date=NOW - DAY, views=1, reactions={"👍": 1})
    news.post("", date=NOW, poll=("?", ["a"]), forward_from=(None, None, "N"))
    collect(archive, session, ["news"], ALL)
    before = stored(archive, news)
    progress = collect(archive, session, ["news"], ALL)["@news"].progress
    assert (progress.new, progress.updated, progress.deleted) == (0, 0, 0)
    after = stored(archive, news)
    assert [one | {"last_seen": 0} for one in after] == [one | {"last_seen": 0} for one in before]
    assert all(new["last_seen"] > old["last_seen"] for new, old in zip(after, before, strict=True))
