"""Gold samples from the command line: drawn, labelled by two, compared, settled."""

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from reports.annotation.label_words import label_of
from reports.annotation.tables import codebooks, gold_labels
from tests.tgstance.asked import move_in, opened
from tgstance.cli import main

Run = Callable[..., Any]
CONFIG = """
[[targets]]
name = "Трамп"
aliases = ["Trump"]
"""
TEXTS = [f"Трамп снова в новостях номер {number}" for number in range(9)]
HOSTILE = '=1+1 Трамп <script>alert(1)</script>; "кавычки"\nвторая строка'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ten texts about a target, scored by the embedded model."""
    directory = tmp_path_factory.mktemp("made")
    (directory / "tgstance.toml").write_text(CONFIG, encoding="utf-8")
    rows = [
        {
            "channel": "@test_news",
            "title": "Test \x1b[31mnews",
            "message_id": number,
            "date": f"2025-11-{number:02}T10:00:00Z",
            "text": text,
        }
        for number, text in enumerate([*TEXTS, HOSTILE], start=1)
    ]
    posts = directory / "posts.jsonl"
    posts.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    for command in (["import", str(posts)], ["score"]):
        with pytest.raises(SystemExit, match="0"):
            main(["--config", str(directory / "tgstance.toml"), *command])
    return directory


@pytest.fixture
def scored(made: Path, run: Run, tmp_path: Path) -> Run:
    """Return `run`, in a copy of that directory."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    move_in()
    return run


def give_back(path: str, labels: list[str], saved: str, *, separator: str = ";") -> None:
    """Fill in the labels as a coder does in a spreadsheet with semicolons."""
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
    sheet["label"] = labels
    sheet.to_csv(saved, sep=separator, index=False, encoding="utf-8-sig", lineterminator="\r\n")


@pytest.mark.every_archive
def test_the_whole_round(scored: Run, tmp_path: Path) -> None:
    drawn = scored("annotate", "sample", "--size", "50", "--seed", "3", "--out", "gold.csv")
    assert drawn.code == 0
    assert "Sample 1 (seed 3): 10 texts" in drawn.out
    assert "fewer than the 50 asked for" in drawn.out
    assert "codebook.md: what to tell the coders" in drawn.out
    sheet = pd.read_csv(tmp_path / "gold.csv", dtype=str, keep_default_na=False)
    assert list(sheet.columns) == [
        "item",
        "channel",
        "date",
        "target",
        "permalink",
        "text",
        "label",
        "note",
    ]
    assert set(sheet["text"]) == {*TEXTS, f"'{HOSTILE}"}
    assert set(sheet["permalink"]) == {f"https://t.me/test_news/{n}" for n in range(1, 11)}
    assert "\x1b" not in (tmp_path / "gold.csv").read_text(encoding="utf-8")

    give_back("gold.csv", ["за"] * 5 + ["Против"] * 4 + [""], "anna.csv")
    give_back("gold.csv", ["favor"] * 4 + ["against"] * 5 + ["?"], "boris.csv", separator="\t")
    anna = scored("annotate", "import", "anna.csv", "--coder", "anna")
    assert anna.code == 0
    assert "anna.csv, labels of anna: 9 new, 0 changed, 0 unchanged, 1 without a label" in anna.out
    assert "10 new" in scored("annotate", "import", "boris.csv", "--coder", " boris ").out

    agreed = scored("annotate", "agree", "--out", "disputed.csv")
    assert agreed.code == 0
    assert "1 texts with different labels" in agreed.out
    assert "anna: favor, boris: against" in agreed.out
    figures = json.loads(scored("annotate", "agree", "--json").out)
    assert (figures["overall"]["items"], figures["overall"]["coders"]) == (9, 2)
    assert figures["overall"]["percent"] == pytest.approx(100 * 8 / 9)
    assert figures["overall"]["alpha"] == pytest.approx(figures["by_target"]["Трамп"]["alpha"])
    disputed = pd.read_csv("disputed.csv", dtype=str, keep_default_na=False)
    assert list(disputed.columns[-2:]) == ["coder anna", "coder boris"]

    give_back("disputed.csv", ["не упомянут"], "settled.csv")
    assert "1 new" in scored("annotate", "adjudicate", "settled.csv", "--coder", "clara").out
    status = scored("annotate", "status")
    assert [cell.strip() for cell in status.out.splitlines()[4].split("│")[3:9]] == [
        *("10", "10", "9", "9", "0", "1"),
    ]
    scored("annotate", "agree", "--out", "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == ""


def test_what_is_final_needs_no_second_label(scored: Run, tmp_path: Path) -> None:
    scored("annotate", "sample", "--size", "10", "--out", "gold.csv")
    give_back("gold.csv", ["neutral"] * 7 + [""] * 3, "anna.csv")
    scored("annotate", "import", "anna.csv", "--coder", "anna")
    again = scored(
        "annotate", "sample", "--size", "10", "--out", "more.jsonl", "--show-predictions"
    )
    assert "7 of them have a final label from an earlier sample" in again.out
    rows = [json.loads(line) for line in (tmp_path / "more.jsonl").read_text().splitlines()]
    assert len(rows) == 3
    assert {row["predicted"] for row in rows} <= {"against", "neutral", "favor", "abstained"}


def test_bad_rows_are_named_and_good_ones_kept(scored: Run) -> None:
    scored("annotate", "sample", "--size", "10", "--out", "gold.csv")
    sheet = pd.read_csv("gold.csv", dtype=str, keep_default_na=False)
    sheet["label"] = "favor"
    sheet.loc[0, "label"] = "maybe\x1b[2J"
    sheet.loc[1, "item"] = "999"
    sheet.loc[2, "text"] = "something else"
    twice = str(sheet["item"].tolist()[4])
    sheet.loc[3, "item"] = twice
    sheet.to_csv("bad.csv", index=False)
    bad = scored("annotate", "import", "bad.csv", "--coder", "anna")
    assert bad.code == 3
    assert "5 new" in bad.out
    assert "5 rows left out" in bad.out
    assert "bad.csv, row 2: unknown label 'maybe" in bad.err
    assert "bad.csv, row 3: there is no item '999' in this archive" in bad.err
    assert "bad.csv, row 4: the text is not that of item" in bad.err
    assert f"row 5: item {twice} is also in row 6: keep one of them" in bad.err
    assert "row 6: item" in bad.err
    assert "\x1b" not in bad.err
    sheet = pd.read_csv("gold.csv", dtype=str, keep_default_na=False)
    sheet["label"] = "against"
    sheet[["item", "label"]].to_csv("right.csv", index=False)
    right = scored("annotate", "import", "right.csv", "--coder", "anna")
    assert right.code == 0
    assert "5 new, 5 changed, 0 unchanged" in right.out


def test_labels_are_kept_with_the_codebook(scored: Run, tmp_path: Path) -> None:
    scored("annotate", "sample", "--size", "2", "--out", "gold.csv")
    give_back("gold.csv", ["за", "за"], "anna.csv")
    scored("annotate", "import", "anna.csv", "--coder", "anna")
    (tmp_path / "other.md").write_text("Other rules", encoding="utf-8")
    scored("annotate", "import", "anna.csv", "--coder", "boris", "--codebook", "other.md")
    query = select(gold_labels.c.coder, codebooks.c.text).join(codebooks).distinct()
    with opened() as archive, archive.connect() as connection:
        texts = {coder: text for coder, text in connection.execute(query)}  # noqa: C416 (rows)
    assert texts["anna"].startswith("# Codebook")
    assert texts["boris"] == "Other rules"


def test_the_same_seed_draws_the_same(scored: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        scored("annotate", "sample", "--size", "4", "--seed", "9", "--out", f"{name}.csv")
    one, two = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("one", "two"))
    assert list(one["text"]) == list(two["text"])


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--size", "0", "--out", "a.csv"], 2, "0 is not in the range"),
        (["--size", "5", "--out", "a.xlsx"], 2, "ends in .csv or .jsonl"),
        (["--size", "5", "--out", "posts.jsonl"], 2, "already there"),
        (["--size", "5", "--out", "no/a.csv"], 1, "cannot be written"),
        (["--size", "5", "--out", "a.csv", "--channel", "@nobody"], 2, "no channel '@nobody'"),
        (["--size", "5", "--out", "a.csv", "--target", "Nobody"], 2, "no target 'Nobody'"),
        (["--size", "5", "--out", "a.csv", "--since", "2026-01-01"], 2, "nothing to draw from"),
        (
            ["--size", "5", "--out", "a.csv", "--since", "2026-01-01", "--until", "2026-01-01"],
            2,
            "is not before --until",
        ),
    ],
)
def test_a_sample_that_cannot_be_drawn_leaves_nothing(
    scored: Run, tmp_path: Path, options: list[str], code: int, message: str
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    refused = scored("annotate", "sample", *options)
    assert refused.code == code
    assert message in refused.err
    assert {path.name for path in tmp_path.iterdir()} == before
    assert "no sample yet" in scored("annotate", "status").out


def test_a_sheet_that_cannot_be_read_changes_nothing(scored: Run, tmp_path: Path) -> None:
    scored("annotate", "sample", "--size", "5", "--out", "gold.csv")
    missing = scored("annotate", "import", "none.csv", "--coder", "anna")
    assert (missing.code, "none.csv: cannot be read" in missing.err) == (2, True)
    nameless = scored("annotate", "import", "gold.csv", "--coder", "  ")
    assert (nameless.code, "give a name" in nameless.err) == (2, True)
    (tmp_path / "codebook.md").unlink()
    unruled = scored("annotate", "import", "gold.csv", "--coder", "anna")
    assert (unruled.code, "name the one that the coder followed" in unruled.err) == (2, True)
    assert "no text has labels of two coders yet" in scored("annotate", "agree").out


def test_init_writes_a_codebook_and_replaces_none(run: Run, tmp_path: Path) -> None:
    assert "codebook.md" in run("init").out
    template = (tmp_path / "codebook.md").read_text(encoding="utf-8")
    assert "Version: 1" in template
    (tmp_path / "codebook.md").write_text("mine", encoding="utf-8")
    assert run("init", "--force").code == 0
    assert (tmp_path / "codebook.md").read_text(encoding="utf-8") == "mine"


def test_words_of_the_codebook_are_understood() -> None:
    text = files("tgstance").joinpath("codebook.md").read_text(encoding="utf-8")
    tables = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    rows = [[cell.strip(" `") for cell in cells] for cells in tables if len(cells) == 5]
    assert len(rows) == 5
    for label, *words, _when in rows:
        assert {label_of(word) for word in [label, *words] if word} == {label}


@pytest.mark.sqlite_only
def test_no_archive_is_no_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tgstance.toml").write_text(CONFIG, encoding="utf-8")
    assert "no archive yet" in run("annotate", "status").out
    assert not (tmp_path / "tgstance.sqlite").exists()
