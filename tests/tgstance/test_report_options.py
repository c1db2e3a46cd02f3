"""The options of tgstance report: formats, whose words, plots; and what it says of its figures."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from pyarrow import parquet
from sqlalchemy import Connection, insert

from collector.importing import import_file
from models.keys import target_ids
from models.labels import SENTIMENT, STANCE
from models.pending import unscored_pairs
from models.preparing import find_mentions, store_readings
from models.tables import models, scores
from models.targets import Target
from reports.selection import Period, ScoredBy, Selection
from tests.tgstance.asked import move_in
from tgstance.config import Config, load_config
from tgstance.model_errors import UNCORRECTED
from tgstance.reporting.showing import show_figures
from tgstance.session import Session

Run = Callable[..., Any]

TARGET = "../<b>Трамп</b> $x"
CONFIGURATION = f"""
[report]
minimum = 1
[[report.events]]
date = 2025-11-08
label = "Выборы"
[[targets]]
name = "{TARGET}"
aliases = ["Трамп"]
[[targets]]
name = "санкции"
"""
POSTS = [
    ("Трамп победил, отличная новость!", "2025-11-03T10:00:00Z", None),
    ("=1+1 Санкции против страны не сработали", "2025-11-04T10:00:00Z", None),
    ("Трамп снова пообещал снять санкции <script>", "2025-11-12T10:00:00Z", "Другой канал"),
]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a configuration and an archive of three posts, of which one is forwarded."""
    directory = tmp_path_factory.mktemp("scored")
    (directory / "tgstance.toml").write_text(CONFIGURATION, encoding="utf-8")
    rows = [
        {"channel": "@news", "title": "Новости", "message_id": number, "date": day, "text": text}
        | ({"forward_name": origin} if origin else {})
        for number, (text, day, origin) in enumerate(POSTS, start=1)
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (directory / "posts.jsonl").write_text(lines, encoding="utf-8")
    config = load_config(directory / "tgstance.toml")
    with Session(directory / "tgstance.toml").open_archive() as archive:
        import_file(archive, directory / "posts.jsonl", on_problem=pytest.fail)
        store_readings(archive)
        find_mentions(archive, config.targets)
        with archive.begin() as connection:
            score(connection, config)
    return directory


def score(connection: Connection, config: Config) -> None:
    """Label everything neutral in the name of the configured model, which takes long to load."""
    name = config.stance_model
    model = {"id": 1, "fingerprint": name.fingerprint, "name": name.text}
    connection.execute(insert(models).values(**model, first_used=datetime.now(UTC)))
    probabilities = {"p_against": 0.1, "p_neutral": 0.8, "p_favor": 0.1}
    label = {"label": "neutral", "confidence": 0.8, "truncated": False, **probabilities}
    numbers = list(target_ids(connection, config.targets).values())
    for task in (STANCE, SENTIMENT):
        for pair in connection.execute(unscored_pairs(task, 1, numbers)).mappings().all():
            row = {"model_id": 1, "task": task, "scored_at": datetime.now(UTC), **pair, **label}
            connection.execute(insert(scores).values(row))


@pytest.fixture
def report(run: Run, scored: Path, tmp_path: Path) -> Run:
    """Return a function that runs tgstance report in a copy of that directory."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    move_in()
    return lambda *arguments: run("report", *arguments)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def names(directory: str) -> set[str]:
    return {path.name for path in Path(directory).iterdir()}


def contents(directory: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(directory).iterdir() if path.is_file()}


def configure(report_section: str) -> None:
    text = CONFIGURATION.replace("[report]", f"[report]\n{report_section}")
    Path("tgstance.toml").write_text(text, encoding="utf-8")


@pytest.mark.every_archive
def test_every_format_holds_every_table(report: Run) -> None:
    result = report("--format", "csv,Parquet", "--format", "xlsx, html", "--posts")
    assert result.code == 0
    tables = [f"{name}.{form}" for name in ("stance", "sentiment", "posts")
              for form in ("csv", "parquet", "xlsx")]  # fmt: skip
    assert names("reports") == {*tables, "report.html", "datapackage.json"}
    assert f"Wrote {', '.join(tables)}, report.html and datapackage.json" in result.out
    for name in ("stance", "sentiment", "posts"):
        written = rows(Path(f"reports/{name}.csv"))
        table = parquet.read_table(f"reports/{name}.parquet").to_pylist()
        sheet = openpyxl.load_workbook(f"reports/{name}.xlsx")[name]
        header, *cells = sheet.iter_rows(values_only=True)
        assert list(written[0]) == list(table[0]) == list(header)
        assert len(written) == len(table) == len(cells) > 0
        for text, row, cell in zip(written, table, cells, strict=True):
            empty = [not value for value in text.values()]
            assert empty == [value is None for value in row.values()]
            assert empty == [value is None for value in cell]
    package = json.loads(Path("reports/datapackage.json").read_text(encoding="utf-8"))
    described = {found["path"] for found in package["resources"]}
    assert described == names("reports") - {"datapackage.json"}


def test_the_page_holds_the_figures_and_no_markup_of_others(report: Run) -> None:
    assert report("--format", "html").code == 0
    assert names("reports") == {"report.html", "datapackage.json"}
    page = Path("reports/report.html").read_text(encoding="utf-8")
    assert "Новости" in page
    assert "Выборы" in page
    assert "&lt;b&gt;Трамп" in page
    assert "<b>Трамп" not in page


def test_formats_come_from_the_configuration_the_environment_and_the_flag(
    report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure('formats = ["parquet"]\ninclude = "own"')
    report("--out", "one")
    assert names("one") == {"stance.parquet", "sentiment.parquet", "datapackage.json"}
    assert {row["include"] for row in parquet.read_table("one/stance.parquet").to_pylist()} == {
        "own"
    }
    monkeypatch.setenv("TGSTANCE_REPORT_FORMAT", "csv,xlsx")
    report("--out", "other")
    assert "stance.xlsx" in names("other")
    report("--out", "third", "--format", "csv")
    assert names("third") == {"stance.csv", "sentiment.csv", "datapackage.json"}


def test_own_words_leave_out_what_is_forwarded(report: Run) -> None:
    counts = {}
    for include in ("own", "all"):
        report("--include", include, "--out", include, "--period", "all")
        found = rows(Path(include) / "stance.csv")
        counts[include] = [int(row["n_relevant"]) for row in found if row["target"] == TARGET]
        assert {row["include"] for row in found} == {include}
    assert counts == {"own": [1], "all": [2]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "pdf"], "'pdf' is none of csv, parquet, xlsx, html"),
        (["--format", "csv,"], "'' is none of"),
        (["--include", "mine"], "'mine' is not one of 'own', 'all'"),
        (["--format", "xlsx", "--excel"], "--excel is about CSV files: add csv to --format"),
        (["--plots", "posts.jsonl"], "posts.jsonl' is a file"),
        (["--plots", "posts.jsonl/plots"], "--plots: posts.jsonl/plots cannot be written"),
    ],
)
def test_wrong_options_change_nothing(report: Run, arguments: list[str], message: str) -> None:
    result = report(*arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('formats = ["pdf"]', "report.formats.0: Input should be 'csv', 'parquet', 'xlsx' or"),
        ("formats = []", "report.formats: Tuple should have at least 1 item"),
        ('formats = "csv"', "report.formats: should be a list: [...]"),
        ('include = "mine"', "report.include: Input should be 'own' or 'all'"),
    ],
)
def test_wrong_settings_are_named(report: Run, setting: str, message: str) -> None:
    configure(setting)
    result = report()
    assert result.code == 2
    assert message in result.err


@pytest.mark.parametrize(
    ("package", "arguments", "option", "extra"),
    [
        ("pyarrow", ["--format", "csv,parquet"], "--format parquet", "parquet"),
        ("xlsxwriter", ["--format", "xlsx"], "--format xlsx", "excel"),
        ("matplotlib", ["--plots", "plots"], "--plots", "plots"),
    ],
)
def test_a_missing_extra_is_named_before_anything_is_done(
    report: Run,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    arguments: list[str],
    option: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # makes its import fail
    result = report(*arguments)
    message = f'tgstance: {option} needs the extra: pip install "tgstance[{extra}]"\n'
    assert (result.code, result.err) == (2, message)
    assert not Path("reports").exists()
    assert not Path("plots").exists()


WITHOUT = """
import sys
for extra in ("pyarrow", "xlsxwriter", "matplotlib"):
    sys.modules[extra] = None  # makes its import fail
from tgstance.cli import main
main(sys.argv[1:])
"""


def test_a_report_as_csv_needs_no_extra(report: Run) -> None:
    subprocess.run([sys.executable, "-c", WITHOUT, "report"], capture_output=True, check=True)
    assert names("reports") == {"stance.csv", "sentiment.csv", "datapackage.json"}


def test_a_directory_in_the_way_changes_neither_report_nor_plots(report: Run) -> None:
    report("--format", "csv,xlsx", "--plots", "plots")
    Path("reports/stance.xlsx").unlink()
    Path("reports/stance.xlsx").mkdir()
    before = contents("reports"), contents("plots")
    result = report(
        "--format", "csv,xlsx", "--period", "day", "--plots", "plots", "--until", "2025-11-05"
    )
    assert result.code == 1
    assert "stance.xlsx is a directory" in result.err
    assert (contents("reports"), contents("plots")) == before


def test_plots_that_cannot_be_moved_in_leave_the_report_as_it_was(report: Run) -> None:
    report()
    before = Path("reports/stance.csv").read_bytes()
    Path("plots/heat-map.png").mkdir(parents=True)
    result = report("--period", "day", "--plots", "plots")
    assert result.code == 1
    assert "plots: plots cannot be written (heat-map.png is a directory)" in result.err
    assert Path("reports/stance.csv").read_bytes() == before
    assert names("plots") == {"heat-map.png"}


def test_plots_of_a_target_with_a_hostile_name(report: Run) -> None:
    result = report("--plots", "plots", "--period", "week")
    assert result.code == 0
    assert "Warning" not in result.err  # as of a letter that the font lacks
    index = json.loads(Path("plots/plots.json").read_text(encoding="utf-8"))
    assert TARGET in {plot["target"] for plot in index}
    assert f"Wrote {len(index)} plots, each as PNG and SVG, to plots" in result.out
    pictures = {f"{plot['name']}{suffix}" for plot in index for suffix in (".png", ".svg")}
    assert names("plots") == {*pictures, "plots.json"}
    assert "ranking-b-трамп-b-x.png" in pictures


def test_a_report_says_that_its_figures_are_counts(report: Run) -> None:
    assert UNCORRECTED in report().out
    assert UNCORRECTED not in report("--since", "2030-01-01").out


def test_corrected_figures_stand_beside_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "period_start": pd.Timestamp("2025-11-03"), "title": "Новости", "channel": "news",
        "channel_id": "1", "target": "Трамп", "n_relevant": 40, "n_favor": 20, "n_neutral": 10,
        "n_against": 10, "n_abstained": 0, "net_stance": 0.25, "net_stance_lo": 0.05,
        "net_stance_hi": 0.45, "net_stance_corrected": 0.125, "net_stance_corrected_lo": -0.1,
        "net_stance_corrected_hi": 0.35, "suppressed": False,
    }  # fmt: skip
    without = {f"net_stance_corrected{end}": float("nan") for end in ("", "_lo", "_hi")}
    model = ScoredBy("m", "f")
    selection = Selection(Period.WEEK, (Target("Трамп"),), model, model)
    frame = pd.DataFrame([row, {**row, "title": "Другие", **without}])
    show_figures(frame, selection, None, table="stance.csv")
    shown = capsys.readouterr().out
    assert "corrected" in shown
    assert "+0.12 │ -0.10 .. +0.35" in " ".join(shown.split())
    assert UNCORRECTED not in shown
    show_figures(frame[1:], selection, "It errs on 8 % of posts.", table="stance.csv")
    shown = capsys.readouterr().out
    assert f"{UNCORRECTED} It errs on 8 % of posts." in shown
    assert "corrected │" not in shown
