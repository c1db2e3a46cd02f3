"""The days that a configuration asks to be marked."""

from datetime import date
from pathlib import Path

import pytest

from collector.errors import ConfigError
from reports.page.facts import Event
from tgstance.config import load_config


def test_events_are_read_with_their_day_and_label(tmp_path: Path) -> None:
    path = tmp_path / "tgstance.toml"
    path.write_text(
        '[[report.events]]\ndate = 2025-11-05\nlabel = "Выборы"\n'
        '[[report.events]]\ndate = "2025-11-07"\nlabel = "Суд"\n',
        encoding="utf-8",
    )
    assert load_config(path).events == (
        Event(date(2025, 11, 5), "Выборы"),
        Event(date(2025, 11, 7), "Суд"),
    )


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ('date = "soon"\nlabel = "Vote"', "report.events.0.date"),
        ('date = 2025-11-05\nlabel = " "', "report.events.0.label"),
        ("date = 2025-11-05", "report.events.0.label"),
    ],
)
def test_an_event_that_is_not_one_is_named(tmp_path: Path, event: str, named: str) -> None:
    path = tmp_path / "tgstance.toml"
    path.write_text(f"[[report.events]]\n{event}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=named):
        load_config(path)
