"""The command line itself: help, settings from the environment, what is loaded when."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tgstance import __version__
from tgstance.cli import command_group

Run = Callable[..., Any]
README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", sorted(command_group.commands))
def test_every_command_has_help_with_an_example_and_is_in_the_readme(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.code == 0
    assert f"Example:\n  tgstance {name}" in result.out.replace(
        "    tgstance", "  tgstance"
    ).replace("  Example", "Example")
    assert f"tgstance {name}" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(command_group.commands))
def test_every_option_is_explained(name: str) -> None:
    for parameter in command_group.commands[name].params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_version(run: Run) -> None:
    assert run("--version").out.strip() == f"tgstance, version {__version__}"


def test_settings_come_from_the_environment(
    run: Run, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "other.toml")
    monkeypatch.setenv("TGSTANCE_CONFIG", "other.toml")
    monkeypatch.setenv("TGSTANCE_ARCHIVE", "other.sqlite")
    monkeypatch.setenv("TGSTANCE_REPORT_PERIOD", "month")
    assert run("import", str(posts)).code == 0
    assert Path("other.sqlite").exists()
    assert run("report", "--out", "out").code == 0
    assert "2025-11-01,2025-12-01" in Path("out/stance.csv").read_text(encoding="utf-8")
    assert run("report", "--out", "out", "--period", "day").code == 0
    assert "2025-11-12,2025-11-13" in Path("out/stance.csv").read_text(encoding="utf-8")


def test_json_logs_are_one_object_a_line(run: Run, posts: Path) -> None:
    run("init")
    lines = run("--log-format", "json", "import", str(posts)).err.splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["INFO"]


def test_quiet_says_nothing_when_all_is_well(run: Run, posts: Path) -> None:
    run("init")
    result = run("-q", "import", str(posts))
    assert (result.out, result.err) == ("", "")


TORCH_FREE = """
import sys
from tgstance.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
loaded = {"torch", "transformers"} & set(sys.modules)
assert not loaded, loaded
"""


@pytest.mark.parametrize("command", [["--help"], ["status"], ["report"], ["import", "posts.jsonl"]])
def test_torch_is_loaded_only_to_score(run: Run, posts: Path, command: list[str]) -> None:
    run("init")
    result = subprocess.run(
        [sys.executable, "-c", TORCH_FREE, *command], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_installed_command_runs(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("tgstance")
    result = subprocess.run([command, "status"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 2
