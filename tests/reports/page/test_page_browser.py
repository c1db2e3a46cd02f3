"""The page in a real browser: the system's Chromium, without a window and without a network."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from models.targets import Target
from reports.page.facts import Event, PageFacts
from tests.reports.page.conftest import FACTS

Write = Callable[..., str]

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium or chrome to test in")

HOSTILE = "<script>window.pwned=1</script>\"'><img src=x onerror='window.pwned=1'>"
POSTS = [
    {"channel": f"@{name.lower()}", "title": name, "message_id": day, "views": 100 * day,
     "date": f"2025-11-{day:02}T10:00:00Z",
     "text": f"Трамп {word} {name} {day} {'санкции' if day > 10 else ''}"}
    for name, word in (("Alpha", "ЗА"), ("Beta", "ПРОТИВ"), ("Gamma", "и"))
    for day in (4, 5, 11, 12)
]  # fmt: skip


@dataclass
class Opened:
    """A page, and what it did that it should not: messages of the console, and requests."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of elements."""
        return [
            part.inner_text() for part in self.page.locator(selector).all() if part.is_visible()
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # As root, as in a container, Chromium starts only without its sandbox.
    arguments = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens HTML as a file, and at the end expects silence."""
    opened: list[Opened] = []

    def open_page(html: str, width: int = 1280, **settings: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900}, **settings)
        page.set_default_timeout(20_000)
        seen = Opened(page)
        page.on("console", lambda message: seen.console.append(message.text))
        page.on("pageerror", lambda error: seen.console.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(path.as_uri())
        opened.append(seen)
        return seen

    yield open_page
    for seen in opened:
        assert seen.console == []
        assert [url for url in seen.requests if not url.endswith("/report.html")] == []
        seen.page.close()


def test_the_browser_would_tell_of_what_is_refused(browser: Browser, write: Write) -> None:
    html = write(POSTS).replace("</main>", "<img src='https://example.org/x.png'></main>")
    page = browser.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.set_content(html)
    page.wait_for_function("document.images.length === 1")
    assert any("Content Security Policy" in message for message in told)
    page.close()


def test_tables_sort_by_a_click_and_say_how(open_page: Callable[..., Opened], write: Write) -> None:
    seen = open_page(write(POSTS))
    table = seen.page.locator("#ranking .target[data-target='1'] table")
    names = "#ranking .target[data-target='1'] tbody th bdi"
    assert seen.texts(names) == ["Alpha", "Gamma", "Beta"]
    net = table.locator("th", has_text="Net stance (raw)")
    assert net.get_attribute("aria-sort") == "descending"
    net.get_by_role("button").click()
    assert seen.texts(names) == ["Beta", "Gamma", "Alpha"]
    assert net.get_attribute("aria-sort") == "ascending"
    channel = table.locator("th", has_text="Channel")
    channel.get_by_role("button").focus()
    seen.page.keyboard.press("Enter")
    assert seen.texts(names) == ["Alpha", "Beta", "Gamma"]
    assert channel.get_attribute("aria-sort") == "ascending"
    assert net.get_attribute("aria-sort") is None


def test_channels_and_targets_are_filtered_everywhere(
    open_page: Callable[..., Opened], write: Write
) -> None:
    seen = open_page(write(POSTS))
    seen.page.get_by_label("Channel", exact=True).fill("BET")
    for part in ("#ranking", "#map", "#coverage", "#reach"):
        assert set(seen.texts(f"{part} tbody th bdi")) == {"Beta"}
    assert set(seen.texts("#weeks figcaption bdi")) == {"Beta"}
    assert seen.texts("#filter-count") == ["1 of 3 channels"]
    seen.page.get_by_label("Channel", exact=True).fill("")
    seen.page.locator("#filter-target").select_option("санкции")
    assert seen.texts("#ranking h3") == ["санкции"]
    assert seen.texts("#map thead th:not(:first-child) bdi") == ["санкции"]
    assert len(seen.texts("#map tbody td")) == 3
    assert seen.texts("#weeks h3") == ["санкции"]


def test_evidence_opens_and_closes_by_keyboard(
    open_page: Callable[..., Opened], write: Write
) -> None:
    seen = open_page(write(POSTS))
    link = seen.page.locator("#map tbody tr").first.locator("a").first
    link.focus()
    seen.page.keyboard.press("Enter")
    dialog = seen.page.get_by_role("dialog")
    assert dialog.is_visible()
    assert dialog.get_by_role("heading").first.inner_text() == "Alpha on Трамп"
    assert "Трамп ЗА Alpha 12" in dialog.inner_text()
    assert dialog.locator("li a").first.get_attribute("href") == "https://t.me/alpha/11"
    seen.page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert link.evaluate("element => element === document.activeElement")
    seen.page.locator("#weeks figure svg").first.click()
    assert dialog.is_visible()
    dialog.get_by_role("button", name="Close").focus()
    seen.page.keyboard.press("Enter")
    assert not dialog.is_visible()


def test_hovering_and_focus_show_the_counts(open_page: Callable[..., Opened], write: Write) -> None:
    seen = open_page(write(POSTS))
    tip = seen.page.locator(".tip")
    seen.page.locator("#map td a").first.focus()
    assert "4 for, 0 neutral, 0 against, 0 abstained" in tip.inner_text()
    seen.page.keyboard.press("Escape")
    assert not tip.is_visible()
    seen.page.locator("#weeks circle").first.hover()
    assert tip.inner_text().startswith("3 Nov 2025: net +1.00")


def test_hostile_texts_do_nothing(open_page: Callable[..., Opened], write: Write) -> None:
    links = ("javascript:window.pwned=1", f"https://t.me/{HOSTILE}", "https://t.me/a'onclick='x")
    rows = [
        {"channel": "@evil", "title": HOSTILE, "text": f"Трамп ЗА {HOSTILE} {number}",
         "message_id": number, "permalink": link}
        for number, link in enumerate(links, 1)
    ]  # fmt: skip
    facts = PageFacts(FACTS.created, HOSTILE, {HOSTILE: HOSTILE},
                      (Event(date(2025, 11, 5), HOSTILE),), HOSTILE, HOSTILE)  # fmt: skip
    html = write(rows, targets=(Target(f"Трамп {HOSTILE}", ("Трамп",)),), facts=facts)
    seen = open_page(html)
    for header in seen.page.locator("th button").all():
        header.click()
    for part in seen.page.locator("#ranking td a, #weeks figure, #weeks circle").all():
        part.hover()
    seen.page.locator("#ranking td a").first.click()
    dialog = seen.page.get_by_role("dialog")
    assert "javascript:window.pwned=1" in dialog.inner_text()
    for text in dialog.locator(".link").all():
        text.click(modifiers=["Alt"], trial=True)
    seen.page.keyboard.press("Escape")
    seen.page.get_by_label("Channel", exact=True).fill("<script>")
    seen.page.wait_for_timeout(100)
    assert seen.page.evaluate("window.pwned") is None
    assert seen.page.evaluate("document.images.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_does_not_scroll_sideways(
    open_page: Callable[..., Opened], write: Write, scheme: str
) -> None:
    long = "Ш" * 200
    rows = [*POSTS, *({"channel": "@long_long_long_long_long_long", "title": long, "text": text}
                      for text in (f"Трамп ЗА {long}", f"Трамп ЗА {long * 3}"))]  # fmt: skip
    seen = open_page(write(rows), width=400, color_scheme=scheme)
    for section in seen.page.locator("#ranking details, #evidence details").all():
        section.evaluate("part => part.open = true")
    wide, narrow = seen.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert (wide, narrow) == (400, 400)


def test_the_methods_can_be_copied(open_page: Callable[..., Opened], write: Write) -> None:
    seen = open_page(write(POSTS))
    seen.page.get_by_role("button", name="Copy").click()
    seen.page.locator("#copied", has_text="Copied").or_(
        seen.page.locator("#copied", has_text="Selected")
    ).wait_for()


def test_without_script_everything_is_there(open_page: Callable[..., Opened], write: Write) -> None:
    seen = open_page(write(POSTS), java_script_enabled=False)
    assert seen.texts("#ranking .target[data-target='1'] tbody th bdi") == [
        "Alpha", "Gamma", "Beta",
    ]  # fmt: skip
    assert not seen.page.get_by_label("Channel", exact=True).is_visible()
    assert not seen.page.get_by_role("button").all()
    seen.page.locator("#map td a").first.click()
    assert "Трамп ЗА Alpha 12" in seen.page.locator("article:target").inner_text()


def test_printed_pages_hold_all_charts_and_no_controls(
    open_page: Callable[..., Opened], write: Write
) -> None:
    seen = open_page(write(POSTS))
    seen.page.emulate_media(media="print")
    assert not seen.page.locator(".toolbar").is_visible()
    assert not seen.page.locator("#evidence").is_visible()
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.texts("#weeks h3") == ["Трамп", "санкции"]
    assert len(seen.texts("#weeks figure")) > 3
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator("#weeks details[open]").count() == 1
