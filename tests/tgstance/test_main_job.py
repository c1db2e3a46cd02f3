"""The main job from end to end, with the embedded model."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from collector.archive import COLLECTOR, open_archive
from models.tables import MODELS, engines
from reports.contract import POSTS, SENTIMENT, STANCE

Run = Callable[..., Any]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_init_import_score_report_status(run: Run, posts: Path, tmp_path: Path) -> None:
    assert run("init").code == 0
    imported = run("import", str(posts))
    assert imported.code == 0
    assert "4 posts of 1 channels, 4 new" in imported.err
    scored = run("score")
    assert scored.code == 0
    assert "sentiment: 4 scored with embedded" in scored.err
    assert "stance: 4 scored with embedded" in scored.err
    reported = run("report", "--period", "week", "--posts")
    assert reported.code == 0
    assert "fewer than 10 labelled posts" in reported.out

    stance = rows(tmp_path / "reports" / "stance.csv")
    assert list(stance[0]) == STANCE.header
    assert [(row["period_start"], row["target"], row["n_relevant"]) for row in stance] == [
        ("2025-11-03", "НАТО", "0"),
        ("2025-11-03", "Трамп", "1"),
        ("2025-11-03", "санкции", "1"),
        ("2025-11-10", "НАТО", "1"),
        ("2025-11-10", "Трамп", "1"),
        ("2025-11-10", "санкции", "0"),
    ]
    assert list(rows(tmp_path / "reports" / "sentiment.csv")[0]) == SENTIMENT.header
    evidence = rows(tmp_path / "reports" / "posts.csv")
    assert list(evidence[0]) == POSTS.header
    assert {row["permalink"] for row in evidence} == {
        "https://t.me/test_news/1",
        "https://t.me/test_news/2",
        "https://t.me/test_news/4",
    }
    for row in evidence:
        parts = [float(row[f"p_{label}"]) for label in ("against", "neutral", "favor")]
        assert abs(sum(parts) - 1) < 1e-5
    package = json.loads((tmp_path / "reports" / "datapackage.json").read_text(encoding="utf-8"))
    assert [part["path"] for part in package["resources"]] == [
        "stance.csv",
        "sentiment.csv",
        "posts.csv",
    ]

    status = run("status")
    assert status.code == 0
    assert "4 posts of 1 channels" in status.out
    assert "4 relevant pairs of text and target, 0 of them unscored" in status.out
    assert stance[0]["run_id"] in status.out


def test_nothing_is_done_twice(run: Run, posts: Path, tmp_path: Path) -> None:
    run("init")
    run("import", str(posts))
    run("score")
    assert "0 new, 0 updated, 4 unchanged" in run("import", str(posts)).err
    again = run("score")
    assert "sentiment: nothing new to score" in again.err
    assert "stance: nothing new to score" in again.err
    run("report", "--out", "one")
    run("report", "--out", "other")
    one, other = rows(tmp_path / "one" / "stance.csv"), rows(tmp_path / "other" / "stance.csv")
    for row in (*one, *other):
        row.pop("run_id")
    assert one == other


def test_a_report_before_scoring_says_what_is_missing(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    reported = run("report")
    assert reported.code == 0
    assert "4 posts are new: run `tgstance score` first" in reported.err
    status = run("status").out
    assert "4 posts are new: `tgstance score`" in status
    assert "0 texts" not in status


def test_without_targets_only_sentiment_is_scored(run: Run, posts: Path, tmp_path: Path) -> None:
    (tmp_path / "tgstance.toml").write_text("[report]\nminimum = 1\n")
    run("import", str(posts))
    scored = run("score")
    assert scored.code == 0
    assert "no [[targets]] in tgstance.toml: only sentiment is scored" in scored.err
    assert run("report").code == 0
    assert rows(tmp_path / "reports" / "stance.csv") == []
    assert sum(int(row["n_scored"]) for row in rows(tmp_path / "reports" / "sentiment.csv")) == 4


def test_the_demo_does_everything(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "here")
    assert ran.code == 0
    assert "291 posts of 8 channels, 291 new" in ran.err
    assert "Stance by all" in ran.out
    page = tmp_path / "here" / "reports" / "report.html"
    assert ran.out.splitlines()[-1] == f"Open {page} in a browser to see the figures."
    assert "Северный дозор" in page.read_text(encoding="utf-8")
    stance = rows(tmp_path / "here" / "reports" / "stance.csv")
    assert len({row["title"] for row in stance}) == 8
    shown = [row for row in stance if row["suppressed"] == "false"]
    assert len(shown) >= 5
    assert any(float(row["net_stance"]) > 0 for row in shown)
    assert any(float(row["net_stance"]) < 0 for row in shown)
    for row in shown:
        low, net, high = (float(row[f"net_stance{end}"]) for end in ("_lo", "", "_hi"))
        assert -1 <= low < high <= 1
        assert low <= net <= high or abs(net) == 1
    with (
        open_archive(tmp_path / "here" / "tgstance.sqlite", [COLLECTOR, MODELS]) as archive,
        archive.connect() as connection,
    ):
        found = connection.execute(select(engines.c.description)).scalars().all()
    assert found  # and always the same one, so that the README shows what one will see
    assert all(description.startswith("torch") for description in found)
    again = run("demo", "here")
    assert again.code == 0
    assert "291 unchanged" in again.err
