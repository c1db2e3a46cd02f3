"""Quality gates: what may be configured, and what a report does with them."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from bs4 import BeautifulSoup
from pyarrow import parquet
from sqlalchemy import update

from collector.errors import ConfigError
from collector.tables import channels
from reports.contract import GATES
from reports.gates.limits import ChannelLimits, Gates, OwnLimits
from tests.tgstance.asked import last_run, opened
from tgstance.config import load_config
from tgstance.gates_setting import GatesSection

Run = Callable[..., Any]

HOSTILE = '=cmd|"/c calc"!A1 <img src=x onerror=alert(1)>\x1b[31m\u202e\nнет'
EVERYTHING = """
window = "2w"
minimum_posts_per_day = 0.5
maximum_age = "12h"
minimum_coverage = 0.9
maximum_abstained = 0.6
minimum_labels = 50
reference = [2025-01-01, "2025-03-01"]
maximum_label_shift = 0.25
maximum_language_shift = 0.1
[[gates.channel]]
name = "@quiet"
minimum_posts_per_day = 0
[[gates.channel]]
name = "gone"
judged = false
"""


def configured(tmp_path: Path, gates: str) -> Gates | None:
    path = tmp_path / "tgstance.toml"
    path.write_text(f"[gates]\n{gates}\n", encoding="utf-8")
    return load_config(path).gates


def test_everything_can_be_configured_and_is_last_run(tmp_path: Path) -> None:
    assert configured(tmp_path, EVERYTHING) == Gates(
        channels=ChannelLimits(0.5, timedelta(hours=12), 0.9),
        own=[
            OwnLimits("@quiet", ChannelLimits(posts_per_day=0)),
            OwnLimits("gone", ChannelLimits(), judged=False),
        ],
        abstained=0.6,
        label_shift=0.25,
        language_shift=0.1,
        minimum_labels=50,
        days=14,
        reference=(date(2025, 1, 1), date(2025, 3, 1)),
    )
    recorded = load_config(tmp_path / "tgstance.toml").as_json()
    assert json.loads(json.dumps(recorded))["gates"]["reference"] == ["2025-01-01", "2025-03-01"]


def test_the_template_explains_settings_that_there_are(tmp_path: Path, run: Run) -> None:
    assert run("init").code == 0
    template = Path("tgstance.toml").read_text(encoding="utf-8")
    assert load_config(Path("tgstance.toml")).gates is None
    section = template[template.index("# [gates]") : template.index("[annotate]")]
    lines = [line.removeprefix("# ") for line in section.splitlines()]
    settings = [line for line in lines if re.match(r"\[+gates|\w+ = ", line)]
    assert {line.split(" = ")[0] for line in settings} >= set(GatesSection.model_fields) - {
        "channel"
    }
    assert configured(tmp_path, "\n".join(settings[1:])) is not None


@pytest.mark.parametrize(
    "gates", ["", 'window = "report"', "[[gates.channel]]\nname = '@a'\njudged = false"]
)
def test_without_a_limit_there_is_no_gate(tmp_path: Path, gates: str) -> None:
    assert configured(tmp_path, gates) is None


def test_the_reference_may_be_gold_and_the_window_the_report(tmp_path: Path) -> None:
    gates = configured(
        tmp_path, 'window = "report"\nreference = "gold"\nmaximum_label_shift = 0.25'
    )
    assert gates is not None
    assert (gates.reference, gates.days) == ("gold", None)


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ("minimum_posts = 1", "gates.minimum_posts: there is no such setting"),
        ("minimum_posts_per_day = -1", "gates.minimum_posts_per_day: Input should be greater"),
        ("minimum_posts_per_day = inf", "gates.minimum_posts_per_day: Input should be a finite"),
        ('maximum_age = "soon"', "gates.maximum_age: 'soon' is not a duration"),
        ('maximum_age = "0"', "gates.maximum_age: is longer than 0"),
        ("minimum_coverage = 90", "gates.minimum_coverage: Input should be less than or equal"),
        ("maximum_abstained = nan", "gates.maximum_abstained: Input should be"),
        ('window = "36h"', "gates.window: '36h' is not whole days"),
        ('window = "0"', "gates.window: '0' is not whole days"),
        ("maximum_label_shift = 0.25", "gates: maximum_label_shift needs days to compare with"),
        ("maximum_language_shift = 1", "gates: maximum_language_shift needs days to compare with"),
        ('reference = ["2025-03-01", "2025-01-01"]', 'gates.reference: is ["2025-01-01"'),
        ('reference = ["2025-03-01"]', 'gates.reference: is ["2025-01-01"'),
        ("reference = 5", 'gates.reference: is ["2025-01-01"'),
        ("reference = [2025-01-01T10:00:00, 2025-03-01]", "gates.reference: is ["),
        ("minimum_labels = 0", "gates.minimum_labels: Input should be greater"),
        ("[[gates.channel]]\njudged = false", "gates.channel.0.name: Field required"),
        (
            "[[gates.channel]]\nname = '@a'\n[[gates.channel]]\nname = 'A'",
            "gates: channel: 'a' is there twice",
        ),
        (
            "[[gates.channel]]\nname = '@a'\nmaximum_abstained = 0.1",
            "gates.channel.0.maximum_abstained: there is no such setting",
        ),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, gates: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        configured(tmp_path, gates)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.fixture
def watched(run: Run) -> Run:
    """The command where one channel goes on, and another with a hostile title has stopped."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    rows = [
        {"channel": name, "title": title, "message_id": number, "text": f"Трамп {number}",
         "date": f"{yesterday - timedelta(days=days)}T10:00:00Z"}
        for name, title, ago in (("@busy", "Busy", (9, 2, 1, 0)), ("@stopped", HOSTILE, (30, 20)))
        for number, days in enumerate(ago, 1)
    ]  # fmt: skip
    Path("posts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    Path("tgstance.toml").write_text("")
    assert run("import", "posts.jsonl").code == 0
    return run


def configure(gates: str, more: str = "") -> None:
    targets = '[[targets]]\nname = "Трамп"\n'
    Path("tgstance.toml").write_text(f"{more}[gates]\n{gates}\n{targets}", encoding="utf-8")


def rows(path: str = "reports/gates.csv") -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_without_gates_nothing_changes(watched: Run) -> None:
    configure("")
    reported = watched("report", "--format", "csv,html")
    assert reported.code == 0
    assert not Path("reports/gates.csv").exists()
    assert "Quality gates" not in Path("reports/report.html").read_text(encoding="utf-8")
    assert "failed_gates" not in last_run("report")[1]


@pytest.mark.every_archive
def test_a_failing_gate_ends_with_5_and_the_report_is_written(watched: Run) -> None:
    configure('maximum_age = "3d"\nminimum_posts_per_day = 0.4')
    reported = watched("report")
    assert reported.code == 5
    lines = reported.err.splitlines()
    failed = [line for line in lines if "quality gate failed: " in line]
    assert len(failed) == 2
    assert "minimum_posts_per_day @stopped: 0 a day, at least 0.4 a day, " in failed[0]
    assert failed[0].endswith(": no post in 7 days")
    assert "maximum_age @stopped: 2" in failed[1]
    assert (
        "tgstance: 2 of 4 quality gates failed: minimum_posts_per_day @stopped; "
        "maximum_age @stopped" in lines[-1]
    )
    assert "stance.csv, sentiment.csv, gates.csv and datapackage.json" in reported.out
    assert [(row["gate"], row["channel"], row["passed"]) for row in rows()] == [
        ("minimum_posts_per_day", "stopped", "false"),
        ("maximum_age", "stopped", "false"),
        ("minimum_posts_per_day", "busy", "true"),
        ("maximum_age", "busy", "true"),
    ]
    assert len(rows("reports/stance.csv")) > 0
    code, summary = last_run("report")
    assert code == 5
    assert summary["failed_gates"] == [
        "minimum_posts_per_day @stopped", "maximum_age @stopped"
    ]  # fmt: skip
    assert summary["rows"] == len(rows("reports/stance.csv"))
    assert {row["run_id"] for row in rows()} == {rows("reports/stance.csv")[0]["run_id"]}
    assert str(Path("reports").resolve()) in watched("status").out.replace("\n", "")


def test_gates_that_pass_end_with_0(watched: Run) -> None:
    configure(
        'maximum_age = "3d"\n[[gates.channel]]\nname = "t.me/stopped"\nmaximum_age = "60d"\n'
        '[[gates.channel]]\nname = "@nobody"\nmaximum_age = "1d"\n'
    )
    reported = watched("report")
    assert reported.code == 0
    assert "quality gate" not in reported.err
    assert "[[gates.channel]]: no channel '@nobody' in the archive" in reported.err
    assert [row["passed"] for row in rows()] == ["true", "true"]
    assert "failed_gates" not in last_run("report")[1]
    configure("")
    assert watched("report").code == 0
    assert not Path("reports/gates.csv").exists()


def test_every_format_holds_the_gates(watched: Run) -> None:
    configure('maximum_age = "3d"\nminimum_coverage = 0.5\nmaximum_abstained = 0.1')
    assert watched("report", "--format", "csv,parquet,xlsx").code == 5
    package = json.loads(Path("reports/datapackage.json").read_text(encoding="utf-8"))
    described = {found["path"]: found for found in package["resources"]}
    assert {"gates.csv", "gates.parquet", "gates.xlsx"} <= set(described)
    fields = [field["name"] for field in described["gates.csv"]["schema"]["fields"]]
    assert fields == GATES.header == list(rows()[0])
    table = parquet.read_table("reports/gates.parquet").to_pylist()
    sheet = openpyxl.load_workbook("reports/gates.xlsx")["gates"]
    _, *cells = sheet.iter_rows(values_only=True)
    for row, typed, cell in zip(rows(), table, cells, strict=True):
        empty = [not value for value in row.values()]
        assert [value is None for value in typed.values()] == empty
        assert [value is None for value in cell] == empty
    assert [row["passed"] for row in rows()] == ["false", "", "", "", "true"]
    abstained = next(row for row in table if row["gate"] == "maximum_abstained")
    assert (abstained["target"], abstained["channel"], abstained["passed"]) == ("Трамп", None, None)


def test_a_hostile_title_is_harmless_wherever_it_is_shown(watched: Run) -> None:
    with opened() as archive, archive.begin() as connection:
        mine = channels.c.username == "stopped"
        connection.execute(update(channels).where(mine).values(username=None))
    configure('maximum_age = "3d"')
    reported = watched("report", "--format", "csv,html", "--excel")
    assert reported.code == 5
    [line] = [line for line in reported.err.splitlines() if "quality gate failed" in line]
    assert "=cmd|" in line
    for text in (reported.err, reported.out):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    with Path("reports/gates.csv").open(encoding="utf-8-sig", newline="") as stream:
        first = next(csv.DictReader(stream))
    assert first["title"].startswith("'=cmd|")
    html = Path("reports/report.html").read_text(encoding="utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", html)
    page = BeautifulSoup(html, "html.parser")
    assert not page.select("img")
    [section] = page.select("#gates")
    assert "1 gate failed, 1 passed, 0 could not be judged." in section.get_text()
    shown = [str(row.select_one("th")) for row in section.select("tbody tr")]
    assert "onerror" in shown[0]
    assert "Busy" in shown[1]
    assert section.select_one("details tbody tr") is not None
    for table in section.select("table"):
        assert len(table.select("thead th")) == len(table.select("tbody tr:first-child > *"))


def test_the_page_of_a_time_without_posts_has_the_gates(watched: Run) -> None:
    configure('maximum_age = "3d"')
    until = str(datetime.now(UTC).date() - timedelta(days=400))
    assert watched("report", "--format", "html", "--until", until).code == 5
    page = BeautifulSoup(Path("reports/report.html").read_text(encoding="utf-8"), "html.parser")
    assert "2 gates failed" in page.select("#gates")[0].get_text()
    assert "no post in the archive" in page.select("#gates")[0].get_text()


@pytest.mark.every_archive
def test_run_publishes_the_report_and_ends_with_5(watched: Run) -> None:
    configure('maximum_age = "3d"')
    ran = watched("run", "--stage", "report")
    assert ran.code == 5
    assert ran.err.count("quality gate failed: maximum_age @stopped") == 1
    assert "report exit code 5; exit code 5" in ran.err
    assert [row["passed"] for row in rows("reports/latest/gates.csv")] == ["false", "true"]
    code, summary = last_run("run")
    assert code == 5
    assert summary["stages"]["report"] == {
        "exit_code": 5,
        "reason": "1 of 2 quality gates failed: maximum_age @stopped",
    }
    assert last_run("report")[1]["failed_gates"] == ["maximum_age @stopped"]
