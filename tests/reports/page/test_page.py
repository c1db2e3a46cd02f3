"""What the page says, read by a parser of HTML."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from models.targets import Target
from reports.page.contents import MOST_CHANNELS
from reports.page.facts import Event, PageFacts
from reports.selection import Period
from tests.reports.page.conftest import FACTS

Write = Callable[..., str]

HOSTILE = "<script>window.pwned=1</script>\"'><img src=x onerror='window.pwned=1'>{{7*7}}"


def parsed(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def said(part: Tag | None) -> str:
    assert part is not None
    return re.sub(r"\s+", " ", part.get_text(" ")).strip()


def one(html: str, selector: str) -> str:
    return said(parsed(html).select_one(selector))


def every(html: str, selector: str) -> list[str]:
    return [said(part) for part in parsed(html).select(selector)]


def channel(name: str, *texts: str, **more: Any) -> list[dict[str, Any]]:
    """Return the posts of a channel of this title; each needs a text of its own."""
    return [
        {"channel": f"@{name.lower()}", "title": name, "text": text, "message_id": number, **more}
        for number, text in enumerate(texts, start=1)
    ]


THREE_CHANNELS = [
    *channel("Alpha", "Трамп ЗА раз", "Трамп ЗА два", "Трамп и санкции", "Погода"),
    *channel("Beta", "ПРОТИВ Трамп раз", "ПРОТИВ Трамп два", "НЕЯСНО Трамп"),
    *channel("Gamma", "Трамп", "Погода раз", "Погода два"),
]


def test_the_head_says_what_when_and_from_whom(write: Write) -> None:
    html = write(THREE_CHANNELS)
    head = one(html, "header")
    assert "Where 3 Telegram channels stand on 2 targets" in head
    assert "5 November 2025 to 5 November 2025 (UTC)" in head
    assert "Posts 10" in head
    assert "Mentions of a target 8" in head
    assert "and 1 abstained" in head
    assert "Labelled by hand none" in head
    assert "Newest post 5 November 2025, 10:00" in head
    assert "Report made 1 December 2025, 09:30" in head
    assert "test-model@ffffffffffffffff" in head
    assert FACTS.run_id in head


def test_channels_are_ranked_and_suppressed_ones_stand_apart_with_the_reason(write: Write) -> None:
    html = write(THREE_CHANNELS)
    first = "#ranking .target[data-target='1']"
    assert one(html, f"{first} h3") == "Трамп"
    assert every(html, f"{first} tbody th") == ["Alpha @alpha", "Beta @beta"]
    assert [text.split()[0] for text in every(html, f"{first} td.net")] == ["+0.67", "−1.00"]
    [gamma] = every(html, f"{first} .suppressed li")
    assert gamma.startswith("Gamma @gamma : fewer than 2 labelled posts (1 labelled post")
    assert one(html, "#ranking .target[data-target='2'] .lead") == (
        "No channel has enough posts for a figure."
    )


def test_a_whisker_lies_where_its_numbers_say_and_tells_its_counts(write: Write) -> None:
    html = write(THREE_CHANNELS)
    beta = parsed(html).select("#ranking .target[data-target='1'] svg.whisker")[1]
    numbers = r"net −1\.00 \(−1\.00 to \+(0\.\d\d)\); 0 for, 0 neutral, 2 against, 1 abstained"
    high = re.fullmatch(numbers, said(beta.title))
    assert high is not None
    circle, line = beta.select_one("circle"), beta.select_one("line.range")
    assert circle is not None
    assert line is not None
    assert circle["cx"] == "0.0%"
    assert line["x1"] == "0.0%"
    # Every interval of this page lies within -1 and 1, the axis of the ranking.
    assert float(str(line["x2"]).rstrip("%")) == pytest.approx(50 + 50 * float(high[1]), abs=0.3)


def test_without_corrected_figures_a_warning_says_why_they_may_mislead(write: Write) -> None:
    sentence = "It calls 7 % of neutral posts an opinion."
    html = write(THREE_CHANNELS, facts=replace(FACTS, model_errors=sentence))
    warning = one(html, ".warning")
    assert "count what a model said" in warning
    assert sentence in warning


def test_a_corrected_figure_stands_first_and_the_raw_one_beside_it_by_name(write: Write) -> None:
    def correct(stance: Any) -> Any:
        rows = (stance["title"] == "Alpha") & (stance["target"] == "Трамп")
        for column, value in (("", 0.1), ("_lo", -0.2), ("_hi", 0.4)):
            stance.loc[rows, f"net_stance_corrected{column}"] = value
        stance.loc[rows, "gold_n"] = 120
        return stance

    html = write(THREE_CHANNELS, change=correct)
    assert not parsed(html).select(".warning")
    alpha, beta = every(html, "#ranking .target[data-target='1'] td.net")
    assert alpha == "+0.10 −0.20 to +0.40 corrected; raw +0.67"
    assert beta.endswith("raw")
    assert len(parsed(html).select("#ranking circle.raw")) == 1
    assert every(html, "#map tbody tr:nth-of-type(1) td")[0] == "+0.10"
    assert "up to 120 labels a figure" in one(html, "#methods")


def test_channels_of_one_title_are_told_apart(write: Write) -> None:
    rows = [
        {"channel": name, "channel_id": number, "title": title, "text": f"Трамп ЗА {number}"}
        for name, number, title in ((None, 7, "News"), (None, 8, "News"), ("@blank", 9, " "))
    ]
    names = [head.get_text() for head in parsed(write(rows)).select("#map tbody th")]
    assert sorted(names) == ["@blank", "News channel 7", "News channel 8"]


def test_the_map_has_a_cell_for_every_channel_and_target(write: Write) -> None:
    html = write(THREE_CHANNELS)
    table = parsed(html).select_one("table.map")
    assert table is not None
    assert [said(head) for head in table.select("thead th")] == ["Channel", "Трамп", "санкции"]
    cells = [row.select("td") for row in table.select("tbody tr")]
    assert [[said(cell) for cell in row] for row in cells] == [
        ["+0.67", "fewer than 2 labelled posts"],
        ["−1.00", "no relevant posts"],
        ["fewer than 2 labelled posts", "no relevant posts"],
    ]
    assert [row[0]["class"][0] for row in cells] == ["s3", "s-4", "none"]


def test_lines_are_interrupted_where_a_week_has_no_figure(write: Write) -> None:
    def week(day: str, count: int) -> list[dict[str, Any]]:
        return [
            {"text": f"Трамп ЗА {day} {number}", "date": f"2025-{day}T10:00:00Z"}
            for number in range(count)
        ]

    # Weeks of 3, 10 and 17 November, none in the week of 24 November, one post on 2 December, two
    # a week later.
    days = [("11-04", 2), ("11-11", 2), ("11-18", 2), ("12-02", 1), ("12-09", 2)]
    html = write([row for day, count in days for row in week(day, count)])
    chart = parsed(html).select_one("#weeks svg.line")
    assert chart is not None
    assert len(chart.select("circle")) == 4
    path = chart.select_one("path.net")
    assert path is not None
    assert str(path["d"]).count("M") == 1
    assert str(path["d"]).count("L") == 2
    ribbon = chart.select_one("path.ribbon")
    assert ribbon is not None
    assert str(ribbon["d"]).count("M") == 2
    assert every(html, "#weeks path.few title") == [
        "1 December 2025: fewer than 2 labelled posts; 1 for, 0 neutral, 0 against, 0 abstained"
    ]
    assert "net +1.00" in every(html, "#weeks circle title")[0]


def test_events_within_the_time_are_marked(write: Write) -> None:
    rows = [
        {"text": f"Трамп ЗА {day} {number}", "date": f"2025-11-{day}T10:00:00Z"}
        for day in ("05", "19")
        for number in range(2)
    ]
    events = (
        Event(date(2025, 11, 12), "Vote <b>"),
        Event(date(2020, 1, 1), "Long ago"),
        Event(date(2025, 11, 24), "The day after the last week"),
    )
    html = write(rows, facts=replace(FACTS, events=events))
    assert every(html, "#weeks line.mark title") == ["12 November 2025: Vote <b>"]
    mark = parsed(html).select_one("#weeks line.mark")
    assert mark is not None
    assert float(str(mark["x1"])) == pytest.approx(300 * 9 / 21, abs=0.1)
    assert "Long ago" not in html


def test_the_page_of_a_report_by_week_is_that_of_the_whole_time(write: Write) -> None:
    html = write(THREE_CHANNELS, period=Period.WEEK)
    assert every(html, "#ranking .target[data-target='1'] tbody th") == [
        "Alpha @alpha",
        "Beta @beta",
    ]


def test_evidence_is_the_surest_posts_for_against_and_abstained(write: Write) -> None:
    favor = [f"Трамп ЗА {'очень ' * number}" for number in range(5)]
    html = write(
        channel("Alpha", *favor, "Трамп ЗА " + "очень " * 4, "НЕЯСНО Трамп", "Трамп", views=1234)
    )
    article = parsed(html).select_one("article#stance-1")
    assert article is not None
    assert [said(head) for head in article.select("h4")] == ["For", "Against", "Abstained"]
    texts = [said(text) for text in article.select(".text")]
    assert texts == [
        "Трамп ЗА очень очень очень очень",
        "Трамп ЗА очень очень очень",
        "Трамп ЗА очень очень",
        "НЕЯСНО Трамп",
    ]
    about = [said(line) for line in article.select("li .about")]
    assert "posted 2 times" in about[0]
    assert "5 November 2025, 10:00 · 1 234 views" in about[0]
    link = article.select_one("li a")
    assert link is not None
    assert link["href"] == "https://t.me/alpha/5"
    assert link["rel"] == ["noopener", "noreferrer"]
    assert link["target"] == "_blank"
    assert parsed(html).select("#ranking td.figure a[href='#stance-1']")


def test_forwarded_words_are_named_in_the_evidence(write: Write) -> None:
    html = write(channel("Alpha", "Трамп ЗА", "Трамп ПРОТИВ", forward_name="Somebody"))
    assert "forwarded" in one(html, "#stance-1 li .about")


def test_a_long_text_is_shortened_and_its_rest_can_be_opened(write: Write) -> None:
    long = "Трамп ЗА " + "слово " * 700 + "конец"
    html = write(channel("Alpha", long, "Трамп ЗА"))
    text = parsed(html).select_one("#stance-1 .text")
    assert text is not None
    details = text.select_one("details")
    assert details is not None
    rest = details.get_text()
    beginning = text.get_text().removesuffix(rest)
    assert 300 < len(beginning) <= 400
    assert beginning.endswith("слово")
    assert "[" in rest
    assert "more characters]" in rest
    assert len(rest) < 4000


def test_whatever_strangers_write_is_only_text(write: Write) -> None:
    links = ("javascript:window.pwned=1", "https://t.me.evil.example/")
    rows = [
        {"text": f"Трамп ЗА {HOSTILE} {number}", "title": HOSTILE, "channel": "@evil",
         "message_id": number, "permalink": link}
        for number, link in enumerate(links, 1)
    ]  # fmt: skip
    events = (Event(date(2025, 11, 5), HOSTILE),)
    facts = PageFacts(FACTS.created, HOSTILE, {HOSTILE: HOSTILE}, events, HOSTILE, HOSTILE)
    html = write(rows, targets=(Target(f"Трамп {HOSTILE}", ("Трамп",)),), facts=facts)
    page = parsed(html)
    assert len(page.select("script")) == 1
    assert not page.select("img, iframe, object, embed, base, link")
    assert not [tag for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]
    links = {str(link["href"]) for link in page.select("[href]")}
    assert not {link for link in links if not link.startswith("#")}
    assert "javascript:window.pwned=1" in one(html, "#evidence")
    assert "{{7*7}}" in one(html, "#ranking h3")


def test_nothing_is_loaded_and_only_our_style_and_script_may_run(write: Write) -> None:
    html = write(THREE_CHANNELS)
    page = parsed(html)
    assert not page.select("[src], [srcset], link, [style], [action]")
    policy = page.select_one("meta[http-equiv='Content-Security-Policy']")
    assert policy is not None
    for kind in ("style", "script"):
        [tag] = page.select(kind)
        digest = b64encode(sha256(str(tag.string).encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in str(policy["content"])
    assert str(policy["content"]).startswith("default-src 'none'")
    assert "unsafe" not in str(policy["content"])


def test_control_characters_and_marks_of_direction_do_not_reach_the_page(write: Write) -> None:
    html = write(channel("Alpha", "Трамп ЗА \x1b[31m\u202eabc\x07", "Трамп ЗА \u0085"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)
    html.encode()


def test_tables_have_captions_of_rows_and_columns(write: Write) -> None:
    page = parsed(write(THREE_CHANNELS))
    for table in page.select("table"):
        assert all(head.get("scope") == "col" for head in table.select("thead th"))
        assert all(head.get("scope") == "row" for head in table.select("tbody th"))
        assert len(table.select("thead th")) == len(table.select("tbody tr:first-child > *"))
    names = [str(tag["id"]) for tag in page.select("[id]")]
    assert len(names) == len(set(names))
    anchors = {str(link["href"])[1:] for link in page.select("a[href^='#']")}
    assert anchors <= set(names)


def test_a_report_without_posts_says_so(write: Write) -> None:
    html = write([])
    assert "There are no posts in this time." in one(html, "header")
    assert not parsed(html).select("table, #ranking")


def test_a_report_without_figures_says_so(write: Write) -> None:
    html = write(channel("Alpha", "Погода"), minimum=10)
    assert "No channel has enough posts for a figure." in one(html, "#ranking")
    assert "No channel has enough posts on a target in any week." in one(html, "#weeks")
    assert "The archive holds no views of these posts." in one(html, "#reach")


def test_views_are_averaged_by_channel(write: Write) -> None:
    html = write([
        *channel("Alpha", "Раз", "Два", views=10),
        *channel("Beta", "Три", "Четыре", views=4000),
        *channel("Gamma", "Пять"),
    ])  # fmt: skip
    assert every(html, "#reach tbody tr") == [
        "Beta @beta 4 000 4 000 2 not known",
        "Alpha @alpha 10 10 2 not known",
    ]


def test_a_channel_of_which_nothing_was_asked_has_unknown_coverage(write: Write) -> None:
    html = write(THREE_CHANNELS)
    assert every(html, "#coverage rect title") == [
        f"3 November 2025: {count} posts, coverage not known" for count in (4, 3, 3)
    ]
    assert "is not known" in one(html, "#methods")


def test_the_methods_name_model_threshold_sizes_and_agreement(write: Write) -> None:
    agreement = "Two coders agreed with alpha 0.81."
    html = write(THREE_CHANNELS, facts=replace(FACTS, agreement=agreement), abstain_below=0.6)
    methods = one(html, "#methods-text")
    assert "10 posts of 3 public Telegram channels" in methods
    assert "confidence under 0.6 were not counted: 1 of 8 pairs" in methods
    assert agreement in methods
    assert "tgstance 0.1.0" in methods


def test_lines_and_evidence_are_of_the_channels_with_most_posts(write: Write) -> None:
    texts = ("Трамп ЗА", "Трамп ЗА снова", "Погода")
    rows = [
        post
        for number in range(MOST_CHANNELS + 2)
        for post in channel(f"Channel{number:03}", *texts[: 3 if number % 2 else 2])
    ]
    html = write(rows)
    page = parsed(html)
    assert len(page.select("#ranking .target[data-target='1'] tbody tr")) == MOST_CHANNELS + 2
    assert len(page.select("#map tbody tr")) == MOST_CHANNELS + 2
    assert len(page.select("#weeks .target[data-target='1'] figure")) == MOST_CHANNELS
    assert len(page.select("#evidence article[id^='stance-']")) == MOST_CHANNELS
    assert f"{MOST_CHANNELS} channels with the most posts" in one(html, "#weeks")
