"""What the command says and returns when something is wrong; nothing is lost by it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import select

from tests.tgstance.asked import opened
from tgstance.runs import runs

Run = Callable[..., Any]


def one_line(err: str) -> str:
    (line,) = err.strip().splitlines()
    return line


def test_no_configuration(run: Run) -> None:
    result = run("status")
    assert result.code == 2
    assert one_line(result.err).startswith("tgstance: no configuration at tgstance.toml: write one")


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[models\n", "cannot be read"),
        ("[models]\nabstain_below = 7\n", "models.abstain_below: "),
        ("[models]\nabstain_bellow = 0.7\n", "models.abstain_bellow: there is no such setting"),
        ("[report]\nperiod = 'year'\n", "report.period: "),
        ("[report]\nminimum = 0\n", "report.minimum: "),
        ("[[targets]]\naliases = ['x']\n", "targets.0.name: "),
        ("[[targets]]\nname = '  '\n", "targets.0.name: "),
        ("[[targets]]\nname = '!!!'\n", "targets.0: '!!!' has no letter"),
        ("[[targets]]\nname = 'a'\n[[targets]]\nname = 'a'\n", "two targets are named 'a'"),
        (
            "[[targets]]\nname = 'a'\naliases = ['b']\nrequires = [['c']]\n",
            "targets.0: a claim has requires",
        ),
        ("[[targets]]\nname = 'a'\nrequires = [[]]\n", "targets.0.requires.0: "),
        ("targets = 3\n", "targets: "),
    ],
)
def test_a_wrong_configuration_names_the_setting(run: Run, toml: str, reason: str) -> None:
    Path("tgstance.toml").write_text(toml, encoding="utf-8")
    result = run("status")
    assert result.code == 2
    assert f"tgstance.toml: {reason}" in one_line(result.err)


def test_a_configuration_in_another_encoding(run: Run) -> None:
    Path("tgstance.toml").write_bytes("[[targets]]\nname = 'Трамп'\n".encode("cp1251"))
    result = run("status")
    assert result.code == 2
    assert "cannot be read" in one_line(result.err)


def test_init_does_not_replace_a_configuration(run: Run) -> None:
    run("init")
    Path("tgstance.toml").write_text("# mine\n")
    assert run("init").code == 2
    assert Path("tgstance.toml").read_text() == "# mine\n"
    assert run("init", "--force").code == 0


def test_an_unknown_target_names_those_there_are(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    result = run("report", "--target", "Байден")
    assert result.code == 2
    expected = "no target 'Байден' in the configuration (there are: Трамп, НАТО, санкции)"
    assert expected in one_line(result.err)
    assert not Path("reports").exists()


def test_an_unknown_channel(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    result = run("report", "--channel", "@nobody")
    assert result.code == 2
    assert "no channel '@nobody' in the archive" in result.err
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--since", "yesterday"],
        ["--period", "year"],
        ["--since", "2025-11-05", "--until", "2025-11-05"],
    ],
)
def test_a_wrong_option_is_a_usage_error(run: Run, options: list[str]) -> None:
    run("init")
    assert run("report", *options).code == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", b""),
        ("result.json", b'{"name": "x"'),
        ("list.json", b"[1, 2, 3]"),
        ("picture.jsonl", bytes(range(256)) * 20),
        (
            "cp1251.csv",
            "channel,message_id,date,text\n@news_ru,1,2025-11-05,Привет\n".encode("cp1251"),
        ),
        ("other.csv", b"name,surname\nAnn,Lee\n"),
    ],
)
def test_a_file_that_is_no_export_is_one_error_and_code_2(
    run: Run, posts: Path, name: str, content: bytes
) -> None:
    run("init")
    run("import", str(posts))
    Path(name).write_bytes(content)
    result = run("import", name)
    assert result.code == 2
    assert f"tgstance: {name}" in one_line(result.err)
    assert "4 posts of 1 channels" in run("status").out


def test_a_directory_and_a_missing_file(run: Run, tmp_path: Path) -> None:
    run("init")
    for path in (str(tmp_path), "missing.json"):
        result = run("import", path)
        assert result.code == 2
        assert path in one_line(result.err)


def test_broken_records_are_named_counted_and_skipped(run: Run, posts: Path) -> None:
    run("init")
    with posts.open("a", encoding="utf-8") as file:
        file.write('{"broken\n')
        file.write(
            '{"channel": "@test_news", "message_id": 9, "date": "1969-01-01", "text": "x"}\n'
        )
        file.write(
            '{"channel": "@test_news", "message_id": 10, "date": "2025-11-06", "text": "y"}\n'
        )
    result = run("import", str(posts))
    assert result.code == 3
    assert f"{posts}, line 5: " in result.err
    assert f"{posts}, line 6: " in result.err
    assert "5 posts of 1 channels, 5 new" in result.err
    assert "2 broken records left out" in result.err


def test_the_files_after_a_bad_one_are_imported_too(run: Run, posts: Path) -> None:
    run("init")
    Path("empty.json").write_bytes(b"")
    result = run("import", "empty.json", str(posts))
    assert result.code == 3
    assert "empty.json" in result.err
    assert "4 new" in result.err


def with_model(name: str) -> None:
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    changed = text.replace('stance = "embedded"', f'stance = "{name}"')
    Path("tgstance.toml").write_text(changed, encoding="utf-8")


def test_a_model_directory_without_weights(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    Path("my-model").mkdir()
    Path("my-model/config.json").write_text(json.dumps({"model_type": "bert"}))
    with_model("my-model")
    result = run("score")
    assert result.code == 2
    assert "my-model has no weights in safetensors (model.safetensors)" in result.err
    assert "4 posts of 1 channels" in run("status").out


def test_a_model_that_is_not_there(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    with_model("./no-model")
    assert "./no-model: no such directory" in one_line(run("report").err)
    with_model("./no-model")


def test_a_hub_model_needs_a_revision(run: Run, posts: Path) -> None:
    run("init")
    with_model("someone/model")
    result = run("score")
    assert result.code == 2
    assert 'stance = { name = "someone/model", revision = "COMMIT" }' in one_line(result.err)


@pytest.mark.sqlite_only
def test_an_archive_that_is_none(run: Run, posts: Path) -> None:
    run("init")
    Path("tgstance.sqlite").write_text("not a database, but long enough to be looked at" * 100)
    result = run("import", str(posts))
    assert result.code == 2
    assert "is not an archive" in one_line(result.err)


@pytest.mark.sqlite_only
def test_another_run_holds_the_archive(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    with FileLock("tgstance.sqlite.lock"):
        for command in (["import", str(posts)], ["score"]):
            result = run(*command)
            assert result.code == 75
            assert "another run holds it" in one_line(result.err)
        assert run("status").code == 0
    assert run("import", str(posts)).code == 0


def test_every_run_is_recorded_with_its_outcome(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    run("import", "missing.json")
    run("report", "--target", "Трамп")
    query = select(runs.c.command, runs.c.exit_code, runs.c.ended_at).order_by(runs.c.started_at)
    with opened() as archive, archive.connect() as connection:
        found = [(command, code, bool(ended)) for command, code, ended in connection.execute(query)]
    assert found == [("import", 0, True), ("import", 2, True), ("report", 0, True)]


@pytest.mark.sqlite_only
def test_the_archive_and_its_lock_are_private(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    assert Path("tgstance.sqlite").stat().st_mode & 0o077 == 0


def test_no_escape_sequence_of_a_title_reaches_the_terminal(run: Run) -> None:
    run("init")
    row = {"channel_id": 5, "title": "\x1b]0;pwned\x07[red]x[/red]\u202e", "message_id": 1}
    row |= {"date": "2025-11-05", "text": "Трамп \x1b[31m"}
    Path("posts.jsonl").write_text(json.dumps(row))
    assert run("import", "posts.jsonl").code == 0
    shown = run("status").out
    assert "[red]x[/red]" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_wrong_command_and_no_command(run: Run) -> None:
    assert run("scrore").code == 2
    assert "No such command 'scrore'" in run("scrore").err


def test_a_target_named_twice_is_reported_once(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    run("report", "--target", "Трамп", "--target", "трамп", "--period", "all")
    assert len(Path("reports/stance.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_several_names_come_from_the_environment(
    run: Run, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init")
    run("import", str(posts))
    monkeypatch.setenv("TGSTANCE_REPORT_TARGET", "Трамп;НАТО")
    assert run("report", "--period", "all").code == 0
    assert len(Path("reports/stance.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_configuration_with_a_byte_order_mark_is_read(run: Run) -> None:
    Path("tgstance.toml").write_text("\ufeff[report]\nminimum = 3\n", encoding="utf-8")
    assert run("status").code == 0


def test_evidence_of_an_earlier_report_is_removed_but_not_a_file_of_the_user(
    run: Run, posts: Path
) -> None:
    run("init")
    run("import", str(posts))
    Path("mine").mkdir()
    Path("mine/posts.csv").write_text("mine")
    run("report", "--out", "mine")
    assert Path("mine/posts.csv").read_text() == "mine"
    run("report", "--posts")
    assert Path("reports/posts.csv").exists()
    run("report")
    assert not Path("reports/posts.csv").exists()


def test_a_directory_in_the_way_changes_nothing(run: Run, posts: Path) -> None:
    run("init")
    run("import", str(posts))
    run("report")
    before = Path("reports/sentiment.csv").read_bytes()
    Path("reports/stance.csv").unlink()
    Path("reports/stance.csv").mkdir()
    result = run("report", "--period", "day")
    assert result.code == 1
    assert "stance.csv is a directory" in result.err
    assert Path("reports/sentiment.csv").read_bytes() == before


def test_status_before_anything_makes_nothing(run: Run) -> None:
    run("init")
    result = run("--archive", "nowhere/a.sqlite", "status")
    assert result.code == 0
    assert "no archive yet" in result.out
    assert not Path("nowhere").exists()
