"""The rules that the page's drawings and words follow, for any input."""

from datetime import date, timedelta
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from reports.page.charts import HEIGHT, WIDTH, Axis, whole_weeks
from reports.page.estimates import Net, nice_limit
from reports.page.ranking import shade
from reports.page.wording import FILTERS, harmless, telegram_link

DAYS = st.dates(date(2015, 1, 1), date(2035, 1, 1))
NETS = st.floats(-1, 1)
signed, percent = FILTERS["signed"], FILTERS["percent"]


@given(DAYS, st.integers(1, 400))
def test_whole_weeks_begin_on_a_monday_and_hold_every_day(since: date, days: int) -> None:
    until = since + timedelta(days=days)
    first, last = whole_weeks(since, until)
    assert first.weekday() == last.weekday() == 0
    assert timedelta(0) <= since - first < timedelta(days=7)
    assert timedelta(0) <= last - until < timedelta(days=7)


@given(DAYS, st.integers(1, 400), st.data())
def test_days_go_from_left_to_right_and_nets_upwards(
    first: date, days: int, data: st.DataObject
) -> None:
    axis = Axis(first, first + timedelta(days=days))
    earlier, later = sorted(data.draw(st.tuples(*[st.integers(0, days)] * 2)))
    assert 0 <= axis.x(first + timedelta(earlier)) <= axis.x(first + timedelta(later)) <= WIDTH
    low, high = sorted(data.draw(st.tuples(NETS, NETS)))
    assert 0 < axis.y(high) <= axis.y(low) < HEIGHT


@given(st.lists(st.tuples(NETS, NETS, NETS).map(sorted)))
def test_no_figure_goes_beyond_the_limit(triples: list[list[float]]) -> None:
    nets = [Net(value, low, high) for low, value, high in triples]
    limit = nice_limit(nets)
    assert all(-limit <= net.low and net.high <= limit for net in nets)
    assert nice_limit(nets, whiskers=False) <= limit
    assert all(-4 <= shade(net.value, limit) <= 4 for net in nets)


@given(NETS)
def test_a_sign_is_never_wrong_and_zero_has_none(value: float) -> None:
    text = signed(value)
    assert float(text.replace("\u2212", "-")) == round(value, 2)
    assert text.startswith("+") == (round(value, 2) > 0)
    assert text.lstrip("+\u2212") == text or text != "\u22120.00"


@given(st.floats(0, 1))
def test_a_hundred_percent_is_all(share: float) -> None:
    assert (percent(share) == "100\u00a0%") == (share == 1)


@given(st.one_of(st.text(), st.text("htps:/.me@%\\?#\t\n javscrit", max_size=30)))
def test_only_telegrams_own_addresses_become_links(address: str) -> None:
    for link in (address, f"https://t.me{address}", f"https://t.me/{address}"):
        made = telegram_link(link)
        assert made in {None, link}
        assert made is None or urlsplit(made)[:2] == ("https", "t.me")


def test_look_alikes_do_not_become_links() -> None:
    refused = ("http://t.me/a", "https://t.me.evil.example/a", "https://t.me@evil.example/",
               "https://evil.example/https://t.me/", "javascript:alert(1)//https://t.me/",
               "https://t.me:444/a", "HTTPS://T.ME\n/a", "https://t.me/a b", "", None)  # fmt: skip
    assert [telegram_link(address) for address in refused] == [None] * len(refused)
    assert telegram_link("https://t.me/c/1234567890/5") == "https://t.me/c/1234567890/5"


@given(st.text(st.characters()))
def test_texts_are_left_without_what_no_page_may_hold(text: str) -> None:
    clean = harmless(f"{text}\ud800")
    clean.encode()
    assert not set(clean) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}
    assert not set(clean) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069")
