"""tgstance prune: the words go, the figures stay."""

import csv
import json
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, make_url, select, update

from models.tables import models, readings, scores
from tests.tgstance.asked import here, move_in, opened
from tgstance.cli import main
from tgstance.locks import hold

Run = Callable[..., Any]
InFiles = Callable[..., bool]

CONFIG = """
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
    move_in()
    return run


@pytest.fixture
def in_files(archive_kind: str, request: pytest.FixtureRequest) -> InFiles:
    """Return a function that tells whether a word is in the files of the archive."""
    if archive_kind == "sqlite":
        return lambda word=WORD: holds(Path().glob("tgstance.sqlite*"), word)
    server = request.getfixturevalue("postgres")

    def in_files(word: str = WORD) -> bool:
        server.execute("CHECKPOINT")
        return holds(server.files(make_url(here()).database or ""), word)

    return in_files


def holds(paths: Iterable[Path], word: str) -> bool:
    return any(word.encode() in path.read_bytes() for path in paths)


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


@pytest.mark.every_archive
def test_figures_stay_and_words_go(scored: Run, in_files: InFiles) -> None:
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
    assert in_files(SHARED)  # a young post says it


def test_nothing_is_scored_or_imported_again(scored: Run, in_files: InFiles) -> None:
    scored("prune", "--older-than", "180d", "--yes")
    assert "7 unchanged" in scored("import", "posts.jsonl").err
    done = scored("score")
    assert "read 0 new texts" in done.err
    assert done.err.count("nothing new to score") == 2
    shown = scored("status").out
    assert ", 0 of them unscored" in shown
    assert "0 texts without a sentiment score" in shown
    assert not in_files()


@pytest.mark.every_archive
def test_another_model_has_nothing_to_score(scored: Run) -> None:
    """What is gone cannot be scored: it is not asked for for ever."""
    scored("prune", "--older-than", "180d", "--yes")
    make_models_others()
    assert scored("score").code == 0
    assert "0 texts without a sentiment score" in scored("status").out
    with opened() as archive, archive.connect() as connection:
        gone = select(func.count()).select_from(scores.join(readings).join(models))
        gone = gone.where(readings.c.text == "", models.c.fingerprint != "f")
        assert connection.scalar(gone) == 0


def make_models_others() -> None:
    """Have what was scored be scored by other models than the configured ones."""
    with opened() as archive, archive.begin() as connection:
        connection.execute(update(models).values(fingerprint="f"))


def count_models() -> int:
    with opened() as archive, archive.connect() as connection:
        return connection.scalar(select(func.count(scores.c.model_id.distinct()))) or 0


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


def test_texts_without_a_label_are_not_lost_by_mistake(scored: Run, in_files: InFiles) -> None:
    scored("import", write("more.jsonl", [(8, 200, f"Ещё {WORD}")]))
    done = scored("prune", "--older-than", "180d", "--yes")
    assert (done.code, "1 texts from before" in done.err) == (2, True)
    assert "tgstance score" in done.err
    assert in_files()
    assert scored("prune", "--older-than", "180d", "--yes", "--unlabelled").code == 0
    assert not in_files()
    assert "nothing new to score" in scored("score").err


@pytest.mark.sqlite_only
def test_dry_run_touches_nothing(scored: Run) -> None:
    before = {path: path.read_bytes() for path in Path().glob("tgstance.sqlite*")}
    done = scored("prune", "--older-than", "180d", "--dry-run")
    assert done.code == 0
    assert "5 posts have words, 0 earlier versions too; 3 texts are of no later post" in done.out
    assert {path: path.read_bytes() for path in Path().glob("tgstance.sqlite*")} == before


def test_nobody_is_asked_without_a_terminal(scored: Run, in_files: InFiles) -> None:
    done = scored("prune", "--older-than", "180d")
    assert (done.code, "--yes" in done.err) == (2, True)
    assert in_files()


@pytest.mark.sqlite_only
def test_one_run_at_a_time(scored: Run, in_files: InFiles) -> None:
    with hold(Path("tgstance.sqlite").resolve(), "tgstance collect"):
        assert scored("prune", "--older-than", "180d", "--yes").code == 75
    assert in_files()


@pytest.mark.every_archive
def test_an_edited_post_leaves_nothing_either(scored: Run, in_files: InFiles) -> None:
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
        assert not in_files(words)


@pytest.mark.parametrize("archive_kind", ["postgresql"])
def test_words_stay_on_a_server_while_somebody_reads(scored: Run, in_files: InFiles) -> None:
    with psycopg.connect(here()) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM pg_class")  # no table of ours: that would be waited for
        done = scored("-q", "prune", "--older-than", "180d", "--yes")
        assert (done.code, len(done.err.splitlines())) == (75, 1)
        assert "another program is reading it" in done.err
        assert in_files()
    assert scored("prune", "--older-than", "180d", "--yes").code == 0
    assert not in_files()


@pytest.mark.parametrize("archive_kind", ["postgresql"])
def test_the_statistics_of_a_server_quote_nothing_that_is_gone(scored: Run) -> None:
    with psycopg.connect(here(), autocommit=True) as owner:
        owner.execute("ANALYZE")
        assert is_quoted(owner, WORD)
        assert scored("prune", "--older-than", "180d", "--yes").code == 0
        assert not is_quoted(owner, WORD)


def is_quoted(connection: psycopg.Connection[Any], word: str) -> bool:
    """Tell whether a word is in what a server remembers of the values of some column."""
    values = "concat(most_common_vals, histogram_bounds)"
    query = f"SELECT count(*) FROM pg_stats WHERE strpos({values}, %s) > 0"  # noqa: S608 (ours)
    (count,) = connection.execute(query, [word]).fetchone() or (0,)
    return bool(count)


@pytest.mark.every_archive
def test_scores_of_other_models_go_when_told(scored: Run) -> None:
    make_models_others()
    scored("score")
    before = report(scored, "before")
    count = count_models()
    scored("prune", "--older-than", "400d", "--yes")
    assert count_models() == count
    assert scored("prune", "--older-than", "400d", "--yes", "--old-scores").code == 0
    assert count_models() == count - 1
    assert report(scored, "after") == before


@pytest.mark.every_archive
def test_gold_texts_go_only_when_told(scored: Run, in_files: InFiles) -> None:
    assert scored("annotate", "sample", "--size", "9", "--out", "gold.csv").code == 0
    done = scored("prune", "--older-than", "180d", "--dry-run")
    assert "of gold samples and stay" in done.out
    scored("prune", "--older-than", "180d", "--yes")
    assert in_files()
    scored("prune", "--older-than", "180d", "--yes", "--gold")
    assert not in_files()
    assert in_files(SHARED)


@pytest.mark.sqlite_only
def test_a_backup_of_it_has_no_words(scored: Run) -> None:
    scored("prune", "--older-than", "180d", "--yes")
    scored("backup", "copy.db")
    assert WORD.encode() not in Path("copy.db").read_bytes()
