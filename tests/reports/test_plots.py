"""The pictures: what they show, leave out and say, and which files they become."""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from collector.archive import Archive
from collector.errors import OutputError
from models.targets import Target
from reports.channel import Channel
from reports.figures import sentiment_figures, stance_figures
from reports.page.estimates import Estimate, Net
from reports.page.facts import Event
from reports.page.ranking import heat_map, rankings
from reports.plots.canvas import channel_name, drawable, save, slide, style
from reports.plots.heat_map import draw_heat_map
from reports.plots.lines import draw_lines
from reports.plots.naming import file_stem
from reports.plots.ranking import draw_ranking
from reports.plots.writing import INDEX, write_plots
from reports.selection import Period

SINCE = date(2025, 1, 6)
HOSTILE = [
    "$x^",
    "../x",
    "CON",
    "🔥",
    "ж" * 300,
    "--><script>alert(1)</script>",
    "a\x00b\u202ec",
    "",
]


@pytest.fixture(autouse=True)
def in_style() -> Iterator[None]:
    with style():
        yield


def estimate(channel: str, value: float | None = 0.1, **changes: Any) -> Estimate:
    net = None if value is None else Net(value, max(value - 0.2, -1), min(value + 0.2, 1))
    values: dict[str, Any] = {
        "target": "Трамп",
        "since": SINCE,
        "until": date(2025, 2, 3),
        "raw": net,
        "corrected": None,
        "minus": 2,
        "neutral": 5,
        "plus": 3,
        "abstained": 1,
        "relevant": 11,
        "posts": 20,
        "gold": 0,
        "coverage": None,
        "reason": "",
    }
    return Estimate(channel=Channel(channel, "", channel), **{**values, **changes})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def overlapping(figure: Figure, labels: list[Text]) -> list[tuple[str, str]]:
    figure.canvas.draw()
    boxes = [(label.get_text(), label.get_window_extent()) for label in labels if label.get_text()]
    return [
        (one, other)
        for place, (one, box) in enumerate(boxes)
        for other, beside in boxes[place + 1 :]
        if box.overlaps(beside)
    ]


def test_a_ranking_says_what_it_shows_and_leaves_out() -> None:
    rows = [estimate("Б", -0.5), estimate("А", 0.5), estimate("В", None, reason="few")]
    figure = draw_ranking(rankings(rows, ["Трамп"])[0])
    said = texts(figure)
    assert "Stance toward Трамп" in said
    assert (
        "Net stance of 2 channels with 95 % intervals, 6 Jan 2025 to 2 Feb 2025, "
        "n = 20 labelled posts" in said
    )
    assert "Left out: 1 channel has too few labelled posts." in said
    assert "Counts of the model's labels, not corrected for its errors." in said
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["А", "Б"]
    drawn = sorted(tuple(path.vertices[:, 0]) for path in axes.collections[0].get_paths())
    assert drawn == [pytest.approx((0.3, 0.7))]
    assert len(axes.collections) == 2


def test_a_corrected_ranking_shows_both_figures() -> None:
    corrected = estimate("А", 0.5, corrected=Net(0.2, 0.0, 0.4), gold=100)
    figure = draw_ranking(rankings([corrected, estimate("Б", 0.1)], ["Трамп"])[0])
    said = texts(figure)
    assert any("up to 100 labels given by hand" in text for text in said)
    assert any(text.startswith("Grey diamonds: before the correction") for text in said)
    assert "+0.20  n = 10" in said
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["А", "Б"]


def test_labels_of_sixty_channels_do_not_overlap() -> None:
    names = [f"Лента дня, новости и мнения {number}" for number in range(75)]
    rows = [estimate(name, math.sin(place)) for place, name in enumerate(names)]
    ranking = draw_ranking(rankings(rows, ["Трамп"])[0])
    assert any(text.startswith("Shown are the 60 channels") for text in texts(ranking))
    labels = [label for axes in ranking.axes for label in axes.get_yticklabels()]
    labels += [text for axes in ranking.axes for text in axes.texts]
    labels += [label for axes in ranking.axes for label in axes.get_xticklabels()]
    assert len(labels) == 60 + 60 + 10
    assert not overlapping(ranking, labels + ranking.texts)


def test_a_heat_map_hatches_what_has_no_figure() -> None:
    targets = ["Трамп", "Очень длинное название цели, которое никуда не влезет"]
    rows = [
        estimate("А", 0.25),
        estimate("А", None, target=targets[1]),
        estimate("Б", None),
        estimate("Б", None, target=targets[1]),
    ]
    figure = draw_heat_map(heat_map(rows, targets), targets)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["+0.25"]
    assert [patch.get_hatch() for patch in axes.patches] == [None, "////"]
    assert "Left out: 1 channel has too few labelled posts." in texts(figure)


def test_labels_of_a_full_heat_map_do_not_overlap() -> None:
    targets = [f"Цель номер {number}" for number in range(10)]
    rows = [
        estimate(f"Лента дня, новости и мнения {number}", 0.5, target=target)
        for number in range(60)
        for target in targets
    ]
    figure = draw_heat_map(heat_map(rows, targets), targets)
    for axes in figure.axes[:2]:
        assert len(axes.texts) == 300
        assert not overlapping(figure, [*axes.texts[:30], *axes.get_yticklabels()])


@pytest.mark.parametrize("long", ["НАТО", "Роскомнадзор", "Трамп снимет санкции"])
def test_targets_over_a_heat_map_do_not_overlap_upright(long: str) -> None:
    targets = ["Трамп", "санкции", "Telegram", "Евросоюз", "Укрзалізниця", "РЖД", "ООН", long]
    rows = [estimate("Северный дозор (демо)", target=target) for target in targets]
    figure = draw_heat_map(heat_map(rows, targets), targets)
    labels = figure.axes[0].get_xticklabels()
    slanted = {label.get_rotation() for label in labels} == {35.0}
    assert slanted or not overlapping(figure, labels)
    assert slanted == (long == "Трамп снимет санкции")


def test_weeks_without_a_figure_are_gaps() -> None:
    weeks = [0.1, None, 0.3]  # the third week has no row at all, as when nothing was posted
    rows = [
        estimate("А", value, since=SINCE + timedelta(7 * place), until=SINCE + timedelta(7))
        for place, value in zip((0, 1, 3), weeks, strict=True)
    ]
    events = [Event(date(2025, 1, 15), "Выборы"), Event(date(2030, 1, 1), "later")]
    figure = draw_lines("Stance toward Трамп", "net stance", rows, events)
    line = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert list(line.get_ydata()) == pytest.approx([0.1, math.nan, math.nan, 0.3], nan_ok=True)
    assert "Marked: 1 Выборы (15 Jan 2025)." in texts(figure)


@pytest.mark.parametrize(
    ("weeks", "dates"),
    [
        (1, ["6 Jan\n2025"]),
        (2, ["6 Jan\n2025", "13 Jan\n2025"]),
        (60, ["6 Jan\n2025", "26 May\n2025", "13 Oct\n2025"]),
    ],
)
def test_weeks_stand_between_their_mondays(weeks: int, dates: list[str]) -> None:
    starts = [SINCE + timedelta(7 * week) for week in range(weeks)]
    rows = [estimate("А", since=start, until=start + timedelta(7)) for start in starts]
    axes, *others = draw_lines("Stance", "net stance", rows, []).axes
    assert not any(other.get_visible() for other in others)
    assert [label.get_text() for label in axes.get_xticklabels()] == dates
    line = next(line for line in axes.lines if line.get_marker() == "o")
    first = axes.get_xticks()[0]
    assert line.get_xdata()[0] == first + 3.5
    assert axes.get_xlim() == (first, first + 7 * weeks)


def test_lines_show_the_channels_with_most_posts() -> None:
    rows = [estimate(f"{number:02}", neutral=number) for number in range(40)]
    figure = draw_lines("Sentiment over time", "net sentiment", rows, [])
    shown = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert shown == [f"{number:02}" for number in range(16, 40)]
    assert any(
        "24 channels with the most labelled posts, 16 more" in text for text in texts(figure)
    )


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_any_name_can_be_drawn(tmp_path: Path, name: str) -> None:
    rows = [estimate(name, target=name)]
    figure = draw_ranking(rankings(rows, [name])[0])
    save(figure, tmp_path / "one")
    root = ET.parse(tmp_path / "one.svg").getroot()  # noqa: S314 (drawn just now)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "text", "image", "a", "foreignObject"}
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@given(st.text(), st.integers(1, 40))
def test_a_drawable_text_is_one_short_line(text: str, longest: int) -> None:
    shown = drawable(text, longest)
    assert len(shown) <= longest
    assert shown == " ".join(shown.split())
    assert drawable(shown, longest) == shown


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        (Channel("Новости 🔥", "news", "7"), "Новости"),
        (Channel("🔥", "news", "7"), "@news"),
        (Channel(" ", "", "7"), "channel 7"),
        (Channel("\u202e", "", ""), "channel"),
    ],
)
def test_every_channel_has_a_name(channel: Channel, name: str) -> None:
    assert channel_name(channel, 28) == name


def test_letters_are_drawn_and_what_the_font_lacks_is_not() -> None:
    assert drawable("Київ\n🔥 новини \u202e№1", 40) == "Київ новини №1"
    assert drawable("新闻", 40) == "▯▯"
    assert drawable("а" * 20, 5) == "аааа…"


@given(st.lists(st.text() | st.sampled_from(HOSTILE), max_size=20))
def test_file_names_are_safe_and_unique(targets: list[str]) -> None:
    taken: set[str] = set()
    stems = [file_stem("ranking", target, taken) for target in targets]
    assert len({stem.casefold() for stem in stems}) == len(targets)
    for stem in stems:
        assert re.fullmatch(r"ranking(-[\w-]+)?", stem)
        assert len(f"{stem}.png".encode()) <= 255


def test_the_same_figure_makes_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save(slide("Стрелка → $x$", "", ["note"]), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


@pytest.fixture
def draw(
    archive: Archive,
    put: Callable[..., None],
    label: Callable[..., None],
    select_report: Callable[..., Any],
) -> Callable[..., list[str]]:
    """Return a function that draws the pictures of an archive with three posts in two weeks."""
    put({"text": "Трамп", "date": "2025-11-05T10:00:00Z"}, {"text": "Трамп и санкции"})
    label("Трамп", "favor", target="Трамп")
    label("санкции", "against", target="санкции")
    label("Трамп", "positive")

    def draw(directory: Path, **changes: Any) -> list[str]:
        selection = select_report(period=Period.WEEK, **changes)
        with archive.connect() as connection:
            given = (
                stance_figures(connection, selection),
                sentiment_figures(connection, selection),
            )
            plots = write_plots(directory, connection, selection, given, [])
        return [plot.name for plot in plots]

    return draw


def test_all_pictures_of_a_report(tmp_path: Path, draw: Callable[..., list[str]]) -> None:
    before = dict(mpl.rcParams)
    names = draw(tmp_path / "plots")
    assert names == [
        *("ranking-трамп", "ranking-санкции", "heat-map"),
        *("stance-weeks-трамп", "stance-weeks-санкции", "sentiment-weeks"),
    ]
    files = {f"{name}{suffix}" for name in names for suffix in (".png", ".svg")}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {*files, INDEX}
    index = json.loads((tmp_path / "plots" / INDEX).read_text(encoding="utf-8"))
    assert index[0] == {"name": "ranking-трамп", "kind": "ranking", "target": "Трамп"}
    assert dict(mpl.rcParams) == before


def test_what_is_not_drawn_anew_goes_but_not_the_users_files(
    tmp_path: Path, draw: Callable[..., list[str]]
) -> None:
    draw(tmp_path / "plots")
    (tmp_path / "plots/ranking-mine.png").write_text("mine")
    names = draw(tmp_path / "plots", targets=(Target("Трамп"),))
    files = {f"{name}{suffix}" for name in names for suffix in (".png", ".svg")}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        *files,
        INDEX,
        "ranking-mine.png",
    }


def test_a_directory_in_the_way_changes_nothing(
    tmp_path: Path, draw: Callable[..., list[str]]
) -> None:
    (tmp_path / "plots/heat-map.svg").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"plots cannot be written.*heat-map.svg is a directory"):
        draw(tmp_path / "plots")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["heat-map.svg"]


def test_without_any_figure_there_is_no_picture(
    tmp_path: Path, draw: Callable[..., list[str]]
) -> None:
    assert draw(tmp_path / "plots", minimum=50) == []
    assert json.loads((tmp_path / "plots" / INDEX).read_text(encoding="utf-8")) == []
