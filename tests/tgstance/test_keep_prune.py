"""tgstance prune: the words go, the figures stay."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tgstance.cli import main
from tgstance.locks import hold

Run = Callable[..., Any]

CONFIG = """
[archive]
location = "a.db"

[[targets]]
name = "Трамп"

[[targets]]
name = "НАТО"

[report]
minimum = 1
"""
NOW = datetime.now(UTC)
WORD = "тайнослов"
SHARED = "НАТО подвело всех, позор"
POSTS = [
    (1, 300, f"Трамп победил, отличная новость! {WORD}"),
    (2, 299, f"Трамп опять солгал, стыд и позор. {WORD}"),
    (3, 250, SHARED),
    (4, 240, f"Погода: дождь, {WORD} https://example.org"),
    (5, 239, "https://t.me/only_a_link"),
    (6, 20, SHARED),
    (7, 10, "Трамп и НАТО договорились, прекрасно"),
]


def write(name: str, rows: list[tuple[int, float, str]]) -> str:
    lines = [
        {
            "channel": "@test_news",
            "title": "Test news",
            "message_id": number,
            "date": (NOW - timedelta(days=days)).isoformat(),
            "text": text,
            "forward_name": f"Источник {WORD}" if number == 4 else None,
        }
        for number, days, text in rows
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an archive of old and of young posts, with labels: made once."""
    place = tmp_path_factory.mktemp("labelled")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        Path("tgstance.toml").write_text(CONFIG, encoding="utf-8")
        for call in (["import", write("posts.jsonl", POSTS)], ["score"]):
            with pytest.raises(SystemExit) as ended:
                main(call)
            assert not ended.value.code
    return place


@pytest.fixture
def scored(run: Run, labelled: Path) -> Run:
    """A copy of it, where the command runs."""
    for path in labelled.iterdir():
        shutil.copy2(path, path.name)
    return run


def report(run: Run, name: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each table but for what tells one run from another."""
    done = run("report", "--posts", "--out", name)
    assert (done.code, "WARNING" in done.err) == (0, False)
    found = {}
    for path in sorted(Path(name).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row.pop("run_id") for row in rows} != {""}
        found[path.name] = rows
    return found


def in_files() -> bool:
    return any(WORD.encode() in path.read_bytes() for path in Path().glob("a.db*"))


def test_figures_stay_and_words_go(scored: Run) -> None:
    before = report(scored, "before")
    assert len(before["posts.csv"]) == 6
    assert in_files()
    assert scored("prune", "--older-than", "180d", "--yes").code == 0
    after = report(scored, "after")
    assert after.keys() == before.keys()
    for name in ("stance.csv", "sentiment.csv"):
        assert after[name] == before[name] != []
    old = NOW - timedelta(days=180)
    for row, was in zip(after["posts.csv"], before["posts.csv"], strict=True):
        gone = datetime.fromisoformat(row["date"]) < old
        assert row == was | {"text": "" if gone else was["text"]}
    assert not in_files()
    assert SHARED.encode() in Path("a.db").read_bytes()  # a young post says it


def test_nothing_is_scored_or_imported_again(scored: Run) -> None:
    scored("prune", "--older-than", "180d", "--yes")
    assert "7 unchanged" in scored("import", "posts.jsonl").err
    done = scored("score")
    assert "read 0 new texts" in done.err
    assert done.err.count("nothing new to score") == 2
    shown = scored("status").out
    assert ", 0 of them unscored" in shown
    assert "0 texts without a sentiment score" in shown
    assert not in_files()


def test_another_model_has_nothing_to_score(scored: Run) -> None:
    """What is gone cannot be scored: it is not asked for for ever."""
    scored("prune", "--older-than", "180d", "--yes")
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("UPDATE models SET fingerprint = 'f'")
    assert scored("score").code == 0
    assert "0 texts without a sentiment score" in scored("status").out
    with closing(sqlite3.connect("a.db")) as connection:
        query = (
            "SELECT count(*) FROM scores JOIN readings ON readings.id = reading_id "
            "JOIN models ON models.id = model_id WHERE text = '' AND models.fingerprint <> 'f'"
        )
        assert connection.execute(query).fetchone() == (0,)


def test_a_text_that_comes_again_is_read_again(scored: Run) -> None:
    """Also targets that were named after the text was dropped are found in it."""
    scored("prune", "--older-than", "100d", "--yes")
    named = '\n[[targets]]\nname = "новость"\n'
    Path("tgstance.toml").write_text(CONFIG + named, encoding="utf-8")
    assert scored("score").code == 0
    again = POSTS[0][2]
    assert scored("import", write("again.jsonl", [(9, 1, again)])).code == 0
    assert "1 posts are new" in scored("status").out
    assert scored("score").code == 0
    rows = report(scored, "after")["posts.csv"]
    mine = {row["target"]: row for row in rows if row["message_id"] == "9"}
    assert {row["text"] for row in mine.values()} == {again}
    assert set(mine) == {"Трамп", "новость"}
    assert all(row["label"] for row in mine.values())
    assert "0 posts are new" not in scored("status").out


def test_texts_without_a_label_are_not_lost_by_mistake(scored: Run) -> None:
    scored("import", write("more.jsonl", [(8, 200, f"Ещё {WORD}")]))
    done = scored("prune", "--older-than", "180d", "--yes")
    assert (done.code, "1 texts from before" in done.err) == (2, True)
    assert "tgstance score" in done.err
    assert in_files()
    assert scored("prune", "--older-than", "180d", "--yes", "--unlabelled").code == 0
    assert not in_files()
    assert "nothing new to score" in scored("score").err


def test_dry_run_touches_nothing(scored: Run) -> None:
    before = {path: path.read_bytes() for path in Path().glob("a.db*")}
    done = scored("prune", "--older-than", "180d", "--dry-run")
    assert done.code == 0
    assert "5 posts have words, 0 earlier versions too; 3 texts are of no later post" in done.out
    assert {path: path.read_bytes() for path in Path().glob("a.db*")} == before


def test_nobody_is_asked_without_a_terminal(scored: Run) -> None:
    done = scored("prune", "--older-than", "180d")
    assert (done.code, "--yes" in done.err) == (2, True)
    assert in_files()


def test_one_run_at_a_time(scored: Run) -> None:
    with hold(Path("a.db").resolve(), "tgstance collect"):
        assert scored("prune", "--older-than", "180d", "--yes").code == 75
    assert in_files()


def test_an_edited_post_leaves_nothing_either(scored: Run) -> None:
    rows = [(7, 10, f"Трамп, {WORD}, правка")]
    edited = Path(write("edit.jsonl", rows))
    line = json.loads(edited.read_text(encoding="utf-8"))
    line["edit_date"] = NOW.isoformat()
    edited.write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")
    assert "1 updated" in scored("import", "edit.jsonl").err
    scored("score")
    assert scored("prune", "--older-than", "0d", "--yes").code == 0
    assert not in_files()
    for words in (SHARED, "договорились"):
        assert words.encode() not in Path("a.db").read_bytes()


def test_scores_of_other_models_go_when_told(scored: Run) -> None:
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("UPDATE models SET fingerprint = 'f'")
    scored("score")
    before = report(scored, "before")

    def models() -> int:
        with closing(sqlite3.connect("a.db")) as connection:
            return int(
                connection.execute("SELECT count(DISTINCT model_id) FROM scores").fetchone()[0]
            )

    count = models()
    scored("prune", "--older-than", "400d", "--yes")
    assert models() == count
    assert scored("prune", "--older-than", "400d", "--yes", "--old-scores").code == 0
    assert models() == count - 1
    assert report(scored, "after") == before


def test_gold_texts_go_only_when_told(scored: Run) -> None:
    assert scored("annotate", "sample", "--size", "9", "--out", "gold.csv").code == 0
    done = scored("prune", "--older-than", "180d", "--dry-run")
    assert "of gold samples and stay" in done.out
    scored("prune", "--older-than", "180d", "--yes")
    assert in_files()
    scored("prune", "--older-than", "180d", "--yes", "--gold")
    assert not in_files()
    assert SHARED.encode() in Path("a.db").read_bytes()


def test_a_backup_of_it_has_no_words(scored: Run) -> None:
    scored("prune", "--older-than", "180d", "--yes")
    scored("backup", "copy.db")
    assert WORD.encode() not in Path("copy.db").read_bytes()
