"""Why a channel cannot be read: each reason by its name, and nothing wrong stored."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.archive import Archive
from collector.planning import BEGINNING, Wish
from tests.collector.archived import all_channels, all_posts
from tests.collector.preview.previewed import aside_of, assert_same, collect
from tests.collector.telegram.collected import collect as collect_api
from tests.collector.telegram.collected import coverage_of, endings, post_of, row_of, stored
from tests.preview_server import PreviewServer
from tests.telegram_server import ServedChannel, World

NOW = datetime.now(UTC).replace(microsecond=0)


def reason(archive: Archive, preview: PreviewServer, name: str) -> str:
    """Collect a channel that cannot be had, and return why."""
    outcome = collect(archive, preview, [name])[f"@{name}"]
    assert outcome.ending == "failed"
    return outcome.reason


def test_a_preview_that_is_switched_off(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("x")
    preview.switched_off.add("news")
    told = reason(archive, preview, "news")
    assert told.startswith("its web preview is switched off")
    assert 'source = "telegram"' in told
    assert all_posts(archive) == []


def test_nobody_users_bots_and_groups(
    archive: Archive, world: World, preview: PreviewServer
) -> None:
    world.add_user("some_person")
    world.add_user("helpful_bot", "Helper")
    world.add_channel("a_group", broadcast=False)
    assert reason(archive, preview, "nobody_here").startswith("nobody has this username")
    assert reason(archive, preview, "some_person") == "is a user, not a channel"
    assert reason(archive, preview, "helpful_bot") == "is a bot, not a channel"
    assert reason(archive, preview, "a_group") == "is a group, not a channel"
    assert all_channels(archive) == []


def test_the_landing_page_without_a_redirect(
    archive: Archive, world: World, preview: PreviewServer
) -> None:
    world.add_user("some_person")
    preview.same_as["/s/some_person"] = "/some_person"
    assert reason(archive, preview, "some_person") == "is a user, not a channel"


def test_an_age_restricted_channel(archive: Archive, preview: PreviewServer) -> None:
    notice = '<div class="tgme_page"><div class="tgme_page_additional">18+ only</div></div>'
    preview.bodies["/s/news"] = f"<html><body>{notice}</body></html>".encode()
    assert "age-restricted" in reason(archive, preview, "news")


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.example/news",
        "https://t.me/s/news",
        "https://t.me/other_one",
        "//elsewhere.example/news",
        "javascript:alert(1)//news",
        "http://[a",
        f"/{'x' * 5000}",
    ],
)
def test_a_redirect_elsewhere_is_told_and_not_followed(
    archive: Archive, preview: PreviewServer, news: ServedChannel, location: str
) -> None:
    preview.answers["/s/news"] = (302, {"Location": location}, b"")
    told = reason(archive, preview, "news")
    assert told == f"its preview leads elsewhere: to {location[:200]}"
    assert preview.requests == ["/s/news"]


@pytest.mark.parametrize(
    "location", ["/news", "news", "../news", "https://t.me/News", "//T.me/news/"]
)
def test_a_redirect_to_the_page_of_the_name_is_asked_for_on_the_same_site(
    archive: Archive, preview: PreviewServer, news: ServedChannel, location: str
) -> None:
    preview.answers["/s/news"] = (302, {"Location": location}, b"")
    assert reason(archive, preview, "news").startswith("its web preview is switched off")
    assert preview.requests == ["/s/news", "/news"]


@pytest.mark.parametrize("status", [204, 206, 302, 304, 403, 404, 418, 451])
def test_a_refusal_is_told(
    archive: Archive, preview: PreviewServer, news: ServedChannel, status: int
) -> None:
    preview.answers["/s/news"] = (status, {}, b"")
    assert reason(archive, preview, "news") == f"127.0.0.1 refuses the page (HTTP {status})"


def test_an_id_has_no_preview_until_its_name_is_known(
    archive: Archive, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post("x")
    name = str(news.id)
    outcome = collect(archive, preview, [name])[f"id {news.id}"]
    assert "by username only" in outcome.reason
    collect_api(archive, session, ["news"], Wish(NOW))
    assert endings(collect(archive, preview, [name])) == {f"id {news.id}": "done"}
    assert_same(archive, news)


def test_channel_facts_and_id(
    archive: Archive, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post("x")
    collect(archive, preview, ["@News"])
    row = row_of(archive, news)
    assert (row["username"], row["title"], row["description"]) == (
        "news",
        "Новости",
        "О городе\nи людях",
    )
    assert row["participants"] is None, "4.32K says too little"
    collect_api(archive, session, ["news"])
    assert row_of(archive, news)["participants"] == 4321
    collect(archive, preview, ["news"])
    assert row_of(archive, news)["participants"] == 4321
    assert len(all_channels(archive)) == 1


def test_a_renamed_channel_is_followed_and_its_old_name_is_not_mixed_in(
    archive: Archive, world: World, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post("x")
    collect(archive, preview, ["news"])
    news.rename("fresh_news")
    thief = world.add_channel("news", title="Другой")
    thief.post("чужое")
    told = reason(archive, preview, "news")
    assert f"another channel, id {thief.id} ('Другой')" in told
    assert f"no more of id {news.id}" in told
    assert [post["text"] for post in all_posts(archive)] == ["x"]
    collect_api(archive, session, [str(news.id), "fresh_news"])
    news.post("y")
    assert endings(collect(archive, preview, ["news"])) == {"@news": "done"}
    assert [post["text"] for post in stored(archive, news)] == ["x", "y"]
    assert endings(collect(archive, preview, [str(thief.id)])) == {f"id {thief.id}": "done"}


def test_without_the_id_a_channel_goes_by_its_name_until_the_api_tells_it(
    archive: Archive, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post_many(["x"] * 30)
    preview.rewrite = lambda page: page.replace("data-view=", "data-seen=")
    assert endings(collect(archive, preview, ["news"])) == {"@news": "done"}
    [row] = all_channels(archive)
    assert (row["username"], row["telegram_id"]) == ("news", None)
    news.post("y")
    collect_api(archive, session, ["news"])
    [row] = all_channels(archive)
    assert row["telegram_id"] == news.id
    assert len(all_posts(archive)) == 31
    assert [part.received for part in coverage_of(archive, news)] == [30, 1]


def test_posts_that_the_preview_does_not_show_are_inaccessible_and_not_gone(
    archive: Archive, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post("x", date=NOW)
    news.post("скрыто", restricted=True)
    news.post("y")
    collect(archive, preview, ["news"])
    [part] = coverage_of(archive, news)
    assert (part.received, part.inaccessible, part.unknown) == (2, 1, 0)
    collect_api(archive, session, ["news"], Wish(BEGINNING))
    collect(archive, preview, ["news"])
    assert post_of(archive, news, 2)["text"] == "скрыто"
    assert post_of(archive, news, 2)["deleted_at"] is None


def test_what_only_the_api_shows_is_not_gone_for_the_preview(
    archive: Archive, preview: PreviewServer, session: str, news: ServedChannel
) -> None:
    news.post_many(["x"] * 3, start=NOW - timedelta(hours=1))
    collect_api(archive, session, ["news"])
    news.delete(2)
    assert collect(archive, preview, ["news"])["@news"].progress.deleted == 0
    assert collect_api(archive, session, ["news"])["@news"].progress.deleted == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tgme_channel_history", "tg_history"),
        ("tgme_widget_message_wrap", "tg_wrap"),
        ("data-post=", "data-number="),
        ("tgme_widget_message_date", "tg_date"),
        ("tgme_widget_message_text", "tg_text"),
        ('datetime="2', 'datetime="x2'),
    ],
)
def test_another_layout_is_kept_aside_and_nothing_is_guessed(
    archive: Archive, preview: PreviewServer, news: ServedChannel, old: str, new: str
) -> None:
    news.post_many(["a", "b", "c"])
    preview.rewrite = lambda page: page.replace(old, new)
    told = reason(archive, preview, "news")
    assert "the page layout is not recognised" in told
    [kept] = aside_of(archive).glob("news-*.html")
    assert f"it is kept in {kept} for a bug report" in told
    assert new in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert all_posts(archive) == []
    preview.rewrite = lambda page: page
    collect(archive, preview, ["news"])
    assert_same(archive, news)


def test_a_layout_that_changes_in_the_middle_keeps_what_was_read(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many(["x"] * 100)

    def change() -> None:
        preview.rewrite = lambda page: page.replace("tgme_widget_message_text", "tg_text")

    preview.faults.call("page", change, after=4)
    assert "layout" in reason(archive, preview, "news")
    assert len(stored(archive, news)) == 41
    preview.rewrite = lambda page: page
    collect(archive, preview, ["news"])
    assert_same(archive, news)


def test_no_more_than_some_pages_are_kept(archive: Archive, preview: PreviewServer) -> None:
    preview.bodies["/s/news"] = b"<html>something</html>"
    for _ in range(12):
        reason(archive, preview, "news")
    assert len(list(aside_of(archive).iterdir())) == 10


def test_where_no_page_can_be_kept_that_is_said(
    archive: Archive, preview: PreviewServer, tmp_path: Path
) -> None:
    preview.bodies["/s/news"] = b"<html>something</html>"
    aside_of(archive).write_text("a file")
    assert "it cannot be kept" in reason(archive, preview, "news")
