"""Files for schedulers, read back by the schedulers' own tools."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from collector.errors import ConfigError
from tests.tgstance.conftest import API_HASH
from tgstance.schedule.installation import Installation
from tgstance.schedule.quoting import cron_command, require_writable_down, shell, templated
from tgstance.schedule.rendering import Scheduler, render
from tgstance.schedule.timing import Timing, parse_clock, parse_interval, shortly

Run = Callable[..., Any]
ANALYZE = shutil.which("systemd-analyze")
ODD = "Пути \"x\" 50% $HOME 'q' b\\n {{ }} #1"
DEADLINE = ("--deadline", "50m")

systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def here(run: Run) -> Run:
    """The command where there is a configuration."""
    run("init")
    return run


def verified(directory: Path, *names: str) -> str:
    result = subprocess.run(
        [str(ANALYZE), "--man=no", "verify", *names],
        cwd=directory,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "debug", "SYSTEMD_LOG_TARGET": "console"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-3000:]
    # What it ignores is named so; some system calls are known to systemd only by name.
    assert not re.search(r"(?:tgstance|odd)\.\w+:\d+:(?! Failed to parse system call)", said), said
    return said


def odd_installation(directory: Path) -> Installation:
    return Installation(
        program=(str(directory / "tgstance"),),
        config=directory / "tgstance.toml",
        options=("--archive", str(directory / "a b.sqlite")),
        user="root",
        writable=(directory, directory / "reports"),
        settings={"XDG_DATA_HOME": str(directory)},
        private=("TGSTANCE_SESSION",),
        private_now=(),
        in_homes=True,
        in_temporary=True,
    )


@systemd
@pytest.mark.parametrize("when", [("--every", "15m"), ("--every", "6h"), ("--at", "06:05"), ()])
def test_systemd_accepts_the_units(here: Run, tmp_path: Path, when: tuple[str, ...]) -> None:
    made = here("schedule", "systemd", *when, *DEADLINE, "--out", "units")
    assert made.code == 0
    said = verified(tmp_path / "units", "./tgstance.service", "./tgstance.timer")
    assert "TimeoutStartSec: 1h 5min" in said
    assert str(Path(sys.executable).with_name("tgstance")) in said
    assert f"--config {tmp_path}/tgstance.toml run --deadline 50m" in said


@systemd
@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (Timing(15), "*-*-* *:00,15,30,45:00"),
        (Timing(60), "*-*-* *:00:00"),
        (Timing(360), "*-*-* 00,06,12,18:00:00"),
        (Timing(1440, 365), "*-*-* 06:05:00"),
    ],
)
def test_systemd_runs_at_the_times_that_are_meant(timing: Timing, expected: str) -> None:
    says = [
        subprocess.run(
            [str(ANALYZE), "calendar", "--iterations=12", "--base-time=2026-01-01", expression],
            env={**os.environ, "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for expression in (timing.calendar, expected)
    ]
    times = [re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", said) for said in says]
    assert times[0] == times[1]
    assert len(times[0]) >= 12


@systemd
def test_systemd_reads_odd_paths_as_they_are(tmp_path: Path) -> None:
    directory = tmp_path / ODD
    directory.mkdir()
    for file in render(Scheduler.SYSTEMD, "odd", odd_installation(directory), Timing(60)):
        (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    said = verified(tmp_path, "./odd.service", "./odd.timer")
    assert f"WorkingDirectory: {directory}\n" in said
    assert f"EnvironmentFile: -{directory}/tgstance.env\n" in said
    assert f"Environment: XDG_DATA_HOME={directory}\n" in said
    assert f"ReadWritePaths: {directory} {directory}/reports\n" in said
    command = re.search(r"Command Line: (.*)", said)
    assert command is not None
    words = shlex.split(command[1].replace("\\$", "$"))
    assert words[4].replace("$$", "$") == f"{directory}/tgstance"
    assert words[6].replace("$$", "$") == f"{directory}/tgstance.toml"


def crontab_line(text: str) -> tuple[str, str]:
    """Return the times and the command, as crons hand it to a shell."""
    line = [line for line in text.splitlines() if line and line[0] in "*0123456789"][-1]
    times, command = re.fullmatch(r"((?:\S+ ){5})(.*)", line).groups()  # type: ignore[union-attr]
    assert not re.search(r"(?<!\\)%", command)
    return times.strip(), command


@pytest.mark.parametrize("stripping", [True, False])
@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("echo hidden; exit 75", (0, "")),
        ("exit 0", (0, "")),
        ("printf '50%s033 %sd\\n' '\\' %; exit 4", (4, "50\\033 %d\n")),
    ],
)
def test_a_line_for_cron_is_silent_unless_something_is_wrong(
    tmp_path: Path, ends: str, expected: tuple[int, str], stripping: bool
) -> None:
    directory = tmp_path / ODD
    directory.mkdir()
    (directory / "tgstance").write_text(f'#!/bin/sh\n[ "$SECRET" = kept ] || exit 9\n{ends}\n')
    (directory / "tgstance").chmod(0o700)
    (directory / "tgstance.env").write_text("SECRET=kept\n")
    (file,) = render(Scheduler.CRON, "odd", odd_installation(directory), Timing(60))
    times, command = crontab_line(file.text)
    assert times == "0 * * * *"
    if stripping:  # Debian's cron and cronie take the backslash away
        command = command.replace("\\%", "%")
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == expected, ran.stderr


def test_the_line_for_cron_runs_this_installation(here: Run, tmp_path: Path) -> None:
    made = here("--log-file", "run.log", "schedule", "cron", "--at", "06:05", *DEADLINE)
    times, command = crontab_line(made.out)
    assert times == "5 6 * * *"
    assert f"TGSTANCE_CONFIG={tmp_path}/tgstance.toml\n" in made.out
    environment = {**os.environ, "TGSTANCE_CONFIG": str(tmp_path / "tgstance.toml")}
    Path("tgstance.toml").write_text("wrong = 1\n")
    ran = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stdout.endswith("wrong: there is no such setting\n")
    assert "there is no such setting" in Path("run.log").read_text()


AIRFLOW = """
import sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
dag = bag.dags["daily"]
(task,) = dag.tasks
print(dag.max_active_runs, dag.catchup, task.retries)
print(task.execution_timeout, task.skip_on_exit_code)
print(dag.timetable.summary)
"""


def airflow_python() -> str | None:
    """Return a Python that has Airflow: this one, or that of an `airflow` on the PATH."""
    command = shutil.which("airflow")
    beside = Path(command).resolve().with_name("python") if command else None
    return str(beside) if beside and beside.exists() else None


@pytest.mark.slow
@pytest.mark.skipif(airflow_python() is None, reason="Airflow is not installed")
def test_airflow_imports_the_dag(here: Run, tmp_path: Path) -> None:
    here("schedule", "airflow", "--at", "06:05", *DEADLINE, "--name", "daily", "--out", "dags")
    ran = subprocess.run(
        [str(airflow_python()), "-W", "ignore", "-c", AIRFLOW, "dags"],
        env={
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "1 False 1\n1:05:00 [75]\n5 6 * * *\n" in ran.stdout


def test_a_dag_is_python_whatever_the_paths_are(tmp_path: Path) -> None:
    installation = odd_installation(tmp_path / f'{ODD} """')
    (file,) = render(Scheduler.AIRFLOW, "a-b", installation, Timing(60))
    assert file.name == "a_b_dag.py"
    compile(file.text, file.name, "exec")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"))))
def test_words_come_through_a_shell_and_a_template(words: list[str]) -> None:
    assert shlex.split(shell(words)) == words
    assert Environment().from_string(templated(shell(words))).render() == shell(words)  # noqa: S701
    assert not re.search(r"(?<!\\)%", cron_command(shell(words)))


def test_no_secret_is_printed(here: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = {
        "TELEGRAM_API_HASH": API_HASH,
        "TGSTANCE_SESSION": "1sessionsession",
        "HTTPS_PROXY": "http://me:proxyword@host:1",
        "HF_TOKEN": "hf_token_word",
        "TGSTANCE_ARCHIVE": "postgresql://me:baseword@host/db",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    text = Path("tgstance.toml").read_text(encoding="utf-8")
    assert "[telegram]" in text
    text = text.replace("[telegram]", "[telegram]\napi_id = 7654321\napi_hash = 'ab12ab12ab12'")
    Path("tgstance.toml").write_text(text, encoding="utf-8")
    for scheduler in Scheduler:
        made = here("schedule", scheduler.value)
        assert made.code == 0
        assert [name for name in secrets if f"{name}=...   (set" not in made.out] == []
        assert [value for value in secrets.values() if value in made.out + made.err] == []
        assert "ab12ab12" not in made.out
        assert "install -m 0600" in made.out


def test_only_what_is_written_in_is_writable(here: Run, tmp_path: Path) -> None:
    options = ("--archive", "posts/a.sqlite", "--log-file", "logs/y.log")
    made = here(*options, "schedule", "systemd")
    paths = re.findall(r"^ReadWritePaths=(.*)", made.out, re.MULTILINE)
    inside = {path for path in paths if path.startswith(str(tmp_path))}
    wanted = {tmp_path / "posts", tmp_path / "reports", tmp_path / "data/tgstance"}
    assert inside == {str(path) for path in {*wanted, tmp_path / "logs"}}
    command = f"--archive {tmp_path}/posts/a.sqlite --log-file {tmp_path}/logs/y.log run\n"
    assert command in made.out
    assert f" {tmp_path}/reports\n" in made.out  # how to make it
    assert f" {tmp_path}/logs\n" not in made.out  # it is there
    assert "PrivateTmp=no" in made.out


def test_files_that_are_there_are_kept(here: Run) -> None:
    assert here("schedule", "systemd", "--out", "units").code == 0
    Path("units/tgstance.timer").unlink()
    Path("units/tgstance.service").write_text("mine")
    refused = here("schedule", "systemd", "--out", "units")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "tgstance.service: already there; --force replaces" in refused.err
    assert Path("units/tgstance.service").read_text() == "mine"
    assert not Path("units/tgstance.timer").exists()
    assert here("schedule", "systemd", "--out", "units", "--force").code == 0
    assert here("schedule", "systemd", "--out", "units", "--name", "other").code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--every", "7m"), "cannot be that far apart"),
        (("--every", "36h"), "cannot be that far apart"),
        (("--every", "0"), "cannot be that far apart"),
        (("--at", "25:00"), "is not a time of day"),
        (("--at", "06:00", "--every", "1h"), "do not go together"),
        (("--deadline", "0"), "has to leave some time"),
        (("--name", "../x"), "letters, digits"),
    ],
)
def test_wrong_options(here: Run, arguments: tuple[str, ...], reason: str) -> None:
    refused = here("schedule", "cron", *arguments)
    assert refused.code == 2
    assert reason in refused.err
    assert refused.out == ""


def test_without_a_configuration(run: Run) -> None:
    refused = run("schedule", "cron")
    assert refused.code == 2
    assert "write one with `tgstance init`" in refused.err


def test_what_no_scheduler_can_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="control character"):
        require_writable_down("/a\nb")
    with pytest.raises(ConfigError, match="too long for cron"):
        render(Scheduler.CRON, "x", odd_installation(tmp_path / ("x" * 200)), Timing(60))


@given(st.integers(1, 100_000))
def test_intervals(minutes: int) -> None:
    even = 60 % minutes == 0 or (minutes % 60 == 0 and 1440 % minutes == 0)
    if even:
        assert parse_interval(timedelta(minutes=minutes)) == minutes
    else:
        with pytest.raises(ValueError, match="far apart"):
            parse_interval(timedelta(minutes=minutes))


def test_moments() -> None:
    assert [parse_clock("6:05"), parse_clock("23:59")] == [365, 1439]
    durations = [
        timedelta(minutes=50),
        timedelta(hours=2),
        timedelta(seconds=90),
        timedelta(days=1),
    ]
    assert [shortly(each) for each in durations] == ["50m", "2h", "90s", "1d"]
