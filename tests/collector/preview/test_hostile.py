"""Pages that are too large, too deep, damaged, false or random: an error, and nothing stored."""

import gzip
import re
import time
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.archive import Archive
from collector.errors import ChannelError
from collector.post import LIVE
from collector.preview.channel_page import read_channel_page
from collector.preview.landing import explain
from collector.preview.markup import DEEPEST, parse_html, plain_text
from tests.collector.archived import all_posts
from tests.collector.preview.previewed import assert_same, collect
from tests.collector.telegram.collected import endings
from tests.preview_server import PreviewServer
from tests.preview_server.pages import landing
from tests.preview_server.pages import preview as page_of
from tests.telegram_server import ServedChannel, World


def served() -> tuple[World, ServedChannel]:
    world = World()
    news = world.add_channel("news", title="Новости")
    news.post("первый & <b>", views=1234, reactions={"👍": 5})
    news.post("второй", photo=True, reply_to=1)
    for member in range(3):
        news.post("" if member else "альбом", grouped_id=5, photo=True)
    news.post("", poll=("Да?", ["a", "b"]))
    news.service()
    news.post("см.", web_page=("https://a.b/c", "Заголовок"), forward_from=(None, None, "Кто-то"))
    return world, news


PAGE = page_of(*served(), None)


def refused(archive: Archive, preview: PreviewServer, body: bytes) -> str:
    preview.bodies["/s/news"] = body
    start = time.monotonic()
    outcome = collect(archive, preview, ["news"], deadline=20)["@news"]
    assert time.monotonic() - start < 15
    assert outcome.ending == "failed"
    assert all_posts(archive) == []
    return outcome.reason


def test_a_page_of_50_megabytes(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.encode() + b"<p>" + b"x" * 50_000_000
    assert refused(archive, preview, body) == "the page is larger than 8 MB"


@pytest.mark.parametrize(
    "unit", ["<div>", "<b>", "<div></b>", "<table><tr><td>", "<blockquote>", "<path/>"]
)
def test_elements_in_elements(archive: Archive, preview: PreviewServer, unit: str) -> None:
    deep = (unit * 100_000).encode()[:7_000_000]
    assert f"more than {DEEPEST} deep" in refused(archive, preview, deep)


@pytest.mark.parametrize("paragraphs", [5000, 50_000])
def test_formatting_that_would_be_copied_into_each_paragraph(
    archive: Archive, preview: PreviewServer, paragraphs: int
) -> None:
    opened = "".join(f"<b id={number}>" for number in range(900))
    body = f"<p>{opened}</p>{'<p>x</p>' * paragraphs}{'</b>' * 900}".encode()
    assert "it leaves too much formatting open" in refused(archive, preview, body)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("gzip", "the page is larger than 8 MB"),
        ("gzip, gzip", "the page comes in an encoding that was not asked for"),
        ("br", "the page comes in an encoding that was not asked for"),
    ],
)
def test_a_small_answer_that_unpacks_to_a_large_one(
    archive: Archive, preview: PreviewServer, encoding: str, told: str
) -> None:
    body = gzip.compress(b"x" * 20_000_000)
    body = gzip.compress(body) if "," in encoding else body
    assert len(body) < 30_000
    preview.answers["/s/news"] = (200, {"Content-Encoding": encoding}, body)
    outcome = collect(archive, preview, ["news"])["@news"]
    assert (outcome.ending, outcome.reason) == ("failed", told)


def test_a_packed_page_is_read(
    archive: Archive, world: World, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("x")
    packed = gzip.compress(page_of(world, news, None).encode())
    preview.answers["/s/news"] = (200, {"Content-Encoding": "gzip"}, packed)
    collect(archive, preview, ["news"])
    assert_same(archive, news)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("👍</b></i>5", "👍</b></i>5</span><span class='tgme_reaction'><b>👍</b>2", {"👍": 7}),
        ('<i class="emoji"', '<tg-emoji emoji-id="\x1b[1m"></tg-emoji><i class="emoji"', {"👍": 5}),
    ],
)
def test_reactions_that_are_odd(old: str, new: str, counts: dict[str, int]) -> None:
    assert old in PAGE
    body = PAGE.replace(old, new, 1).encode()
    assert read_channel_page(body, "news").page.posts[0].reactions == counts


def test_a_link_to_a_post_that_cannot_be() -> None:
    link = 'user-color-6" href="https://t.me/news/'
    assert f'{link}1"' in PAGE
    body = PAGE.replace(f'{link}1"', f'{link}9999999999"').encode()
    assert {post.reply_to for post in read_channel_page(body, "news").page.posts} == {None}


def test_ten_thousand_elements_around_a_text_are_read(
    archive: Archive, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post("глубоко")
    inner = f"{'<b>' * 10_000}глубоко{'</b>' * 10_000}"
    preview.rewrite = lambda page: page.replace(">глубоко<", f">{inner}<")
    assert endings(collect(archive, preview, ["news"])) == {"@news": "failed"}
    assert all_posts(archive) == []
    shallow = f"{'<b>' * 900}глубоко{'</b>' * 900}"
    preview.rewrite = lambda page: page.replace(">глубоко<", f">{shallow}<")
    collect(archive, preview, ["news"])
    assert_same(archive, news)


def test_broken_encoding_in_a_post(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.encode().replace("второй".encode(), b"\xff\xfe\xd0")
    assert "is not UTF-8" in refused(archive, preview, body)


def test_broken_encoding_elsewhere_does_no_harm() -> None:
    body = PAGE.encode().replace(b"<title>", b"<title>\xd0")
    assert len(read_channel_page(body, "news").page.posts) == 7


def test_another_encoding(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.replace("👍", "+").replace("Новости", "n").encode("cp1251", "replace")
    assert "is not UTF-8" in refused(archive, preview, body)


def test_scripts_in_texts_are_no_words() -> None:
    hostile = "<script>alert('x')</script><style>b{}</style>слово<!-- примечание -->"
    body = PAGE.replace(">второй<", f">{hostile}<").encode()
    posts = {post.message_id: post.text for post in read_channel_page(body, "news").page.posts}
    assert posts[2] == "слово"


def test_ids_out_of_order(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.replace('data-post="news/2"', 'data-post="news/99"').encode()
    assert "post 3 comes after post 99" in refused(archive, preview, body)


def test_ids_that_are_repeated(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.replace('data-post="news/2"', 'data-post="news/1"').encode()
    assert "post 1 comes after post 1" in refused(archive, preview, body)


@pytest.mark.parametrize("number", ["0", "-1", "99999999999", "2147483648", "x", "1/2"])
def test_ids_that_cannot_be(archive: Archive, preview: PreviewServer, number: str) -> None:
    body = PAGE.replace('data-post="news/2"', f'data-post="news/{number}"').encode()
    assert "a post without an id" in refused(archive, preview, body)


def test_a_page_of_another_channel(archive: Archive, preview: PreviewServer) -> None:
    body = PAGE.replace("news/", "other_one/").encode()
    assert "it shows posts of @other_one" in refused(archive, preview, body)


def test_a_page_of_several_channels(archive: Archive, preview: PreviewServer) -> None:
    other = World()
    channel = other.add_channel("news", channel_id=1_777_777_777)
    channel.post("чужое", id=100)
    theirs = page_of(other, channel, None)
    block = theirs[
        theirs.index('<div class="tgme_widget_message_wrap') : theirs.index("</section>")
    ]
    body = PAGE.replace("</section>", f"{block}</section>").encode()
    assert "of several channels" in refused(archive, preview, body)


def test_a_channel_that_becomes_another_between_two_pages(
    archive: Archive, world: World, preview: PreviewServer, news: ServedChannel
) -> None:
    news.post_many(["x"] * 50)

    def swap() -> None:
        news.rename(None)
        world.add_channel("news").post_many(["чужое"] * 50)

    preview.faults.call("page", swap, after=3)
    outcome = collect(archive, preview, ["news"])["@news"]
    assert outcome.ending == "failed"
    assert "has become the name of another channel" in outcome.reason
    assert {post["text"] for post in all_posts(archive)} == {"x"}


@pytest.mark.parametrize("link", ["news/4?single", "news/30?single", "news/2?single"])
def test_members_of_an_album_that_cannot_be(
    archive: Archive, preview: PreviewServer, link: str
) -> None:
    body = PAGE.replace("news/5?single", link).encode()
    assert "album 3 has members with ids that cannot be" in refused(archive, preview, body)


def test_a_quotation_stands_on_lines_of_its_own() -> None:
    def text(inner: str) -> str:
        node = parse_html(f'<div id="x">{inner}</div>').css_first("#x")
        assert node is not None
        return plain_text(node)

    assert text("a<blockquote>b</blockquote>c") == "a\nb\nc"
    assert text("a<br/><blockquote>b<br/>c</blockquote><br/>d") == "a\nb\nc\nd"
    assert text("<blockquote>a</blockquote><blockquote><b>b</b></blockquote>") == "a\nb"
    assert text("<b>a<blockquote>b</blockquote></b><i>c</i>") == "a\nb\nc"
    assert text("") == ""


def whole_posts(body: bytes) -> None:
    """Read a page: it is refused, or everything in it is in order."""
    try:
        shown = read_channel_page(body, "news")
    except ChannelError:
        return
    ids = [message.id for message in shown.page.messages]
    assert ids == sorted(set(ids))
    for post in shown.page.posts:
        assert 0 < post.message_id < 2**31
        assert post.date.tzinfo is UTC
        assert post.source in LIVE
        assert "\ufffd" not in post.text or b"\xef\xbf\xbd" in body or "\ufffd" in body.decode()


@settings(max_examples=150)
@given(st.binary(max_size=300), st.integers(0, len(PAGE)), st.integers(0, 2000))
def test_random_bytes_in_a_page(noise: bytes, at: int, length: int) -> None:
    body = PAGE.encode()
    whole_posts(body[:at] + noise + body[at + length :])
    explain(body[:at] + noise)


PIECES = [piece for piece in re.split(r"(<[^>]+>)", PAGE) if piece]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(PIECES) - 1), st.integers(0, 3)), max_size=12))
def test_tags_left_out_repeated_and_swapped(changes: list[tuple[int, int]]) -> None:
    pieces = list(PIECES)
    for place, deed in changes:
        if deed == 0:
            pieces[place] = ""
        elif deed == 1:
            pieces[place] *= 2
        else:
            other = (place * 7 + deed) % len(pieces)
            pieces[place], pieces[other] = pieces[other], pieces[place]
    whole_posts("".join(pieces).encode())


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*set(PIECES), "<div>", "</div>", "\x00", "&#0;"]), max_size=60))
def test_any_sequence_of_a_page_s_own_tags(pieces: list[str]) -> None:
    body = "".join(pieces).encode()
    whole_posts(body)
    explain(body)
    explain((landing("news", None) + "".join(pieces)).encode())
