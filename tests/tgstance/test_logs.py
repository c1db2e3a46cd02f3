"""Log lines: on stderr and in a file, one line each, with the run, whatever a stranger writes."""

import json
import os
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import ConfigError
from tests.telegram_server import World
from tgstance.log_file import LogFile
from tgstance.logs import log, logged_as, say_error, start_logging, stop_logging

Run = Callable[..., Any]
FILE = Path("logs/run.log")
RUN = r"\d{8}T\d{6}Z-[0-9a-f]{4}"
LINE = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR|DEBUG) ({RUN} )?\S.*")
HOSTILE = "a\n2026-01-01T00:00:00Z ERROR forged\r\x1b[2J\u2028b\x85c\u202ed\x00"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    before = warnings.showwarning
    yield
    stop_logging()
    warnings.showwarning = before


def start(path: Path, **more: Any) -> None:
    start_logging(**{"verbosity": 0, "quiet": False, "as_json": False, "file": path, **more})


def lines(path: Path = FILE) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_a_file_beside_stderr_with_the_run_in_each_line(ready: Run) -> None:
    ran = ready("--log-file", str(FILE), "collect", "@test_news")
    assert ran.code == 0
    assert lines() == ran.err.splitlines()
    assert re.fullmatch(rf"\S+Z INFO {RUN} @test_news: 3 new", lines()[0])
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    assert stat.S_IMODE(FILE.parent.stat().st_mode) == 0o700


def test_the_file_has_what_quiet_keeps_from_stderr(ready: Run) -> None:
    assert ready("-q", "--log-file", str(FILE), "collect", "@test_news").err == ""
    assert lines()[0].endswith("@test_news: 3 new")


def test_json_lines_have_the_run_from_the_moment_it_is_known(ready: Run) -> None:
    options = ("--log-format", "json", "--log-file", str(FILE))
    ran = ready(*options, "collect", "@test_news", "@nobody_here")
    assert ran.code == 3
    assert FILE.read_text() == ran.err
    found = objects(ran.err)
    assert sorted(entry["level"] for entry in found) == ["ERROR", "INFO"]
    assert all(re.fullmatch(RUN, entry["run"]) for entry in found)
    assert list(found[0]) == ["time", "level", "run", "name", "message"]
    refused = ready(*options, "collect", "not a channel")
    assert [entry["run"] for entry in objects(refused.err)] == [None]


def test_the_line_that_says_why_it_ends_names_the_run(
    ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.telegram.collecting.make_client", lambda *_, **__: 1 / 0)
    ran = ready("--log-file", str(FILE), "collect", "@test_news")
    assert ran.code == 1
    assert re.search(rf"ERROR {RUN} tgstance: unexpected ZeroDivisionError", ran.err)
    assert lines() == ran.err.splitlines()
    verbose = ready("-v", "--log-file", str(FILE), "collect", "@test_news")
    assert "Traceback (most recent call last): | File" in verbose.err.splitlines()[-1]
    assert all(map(LINE.fullmatch, lines()))


def test_a_run_within_a_run_is_a_part_of_it(tmp_path: Path) -> None:
    start(tmp_path / "x.log")
    with logged_as("20260101T000000Z-aaaa"):
        with logged_as("20260101T000000Z-bbbb"):
            log.info("within")
        log.info("after")
    say_error("the end")
    with logged_as("20260101T000000Z-cccc"):
        log.info("another")
    runs = [line.split()[2][-4:] for line in lines(tmp_path / "x.log")]
    assert runs == ["aaaa", "aaaa", "aaaa", "cccc"]


def test_usage_errors_are_in_the_file_too(run: Run) -> None:
    ran = run("--log-file", str(FILE), "report", "--wrong")
    assert ran.code == 2
    assert "Usage: " in ran.err
    assert ran.err.count("--wrong") == 1
    assert lines()[0].endswith("ERROR tgstance: No such option '--wrong'.")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/proc/none/run.log", "no log can be written there"),
        ("tgstance.toml", "holds something else than log lines"),
        ("tgstance.toml/run.log", "no log can be written there"),
    ],
)
def test_a_file_that_cannot_be_written_ends_it_before_anything_is_done(
    ready: Run, path: str, reason: str
) -> None:
    before = Path("tgstance.toml").read_bytes()
    ran = ready("--log-file", path, "collect", "@test_news")
    assert ran.code == 2
    assert ran.err.startswith(f"tgstance: {path}: {reason}")
    assert ran.err.count("\n") == 1
    assert not Path("tgstance.sqlite").exists()
    assert Path("tgstance.toml").read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_of_once_and_stops_nothing(ready: Run) -> None:
    ran = ready("--log-file", "/dev/full", "collect", "@test_news", "@nobody_here")
    assert ran.code == 3
    assert ran.err.count("/dev/full: log lines cannot be written there (No space left") == 1
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) == 3


@pytest.mark.parametrize("options", [(), ("--log-format", "json")])
def test_a_title_cannot_forge_a_line(ready: Run, world: World, options: tuple[str, ...]) -> None:
    world.add_channel("hostile_one", title=HOSTILE).post(HOSTILE)
    ran = ready("-vv", *options, "--log-file", str(FILE), "collect", "@hostile_one")
    assert ran.code == 0
    assert "\x1b" not in ran.err + FILE.read_text()
    if options:
        assert objects(ran.err) == objects(FILE.read_text())
    else:
        assert all(LINE.fullmatch(line) and " ERROR " not in line for line in lines())


@given(st.text() | st.just(HOSTILE), st.booleans())
def test_any_message_is_one_harmless_line(
    tmp_path_factory: pytest.TempPathFactory, text: str, as_json: bool
) -> None:
    path = tmp_path_factory.mktemp("logs") / "x.log"
    start(path, as_json=as_json, quiet=True)
    log.info("%s", text)
    log.info("told: %s", ValueError(text), exc_info=ValueError(text))
    stop_logging()
    written = path.read_bytes().decode()
    assert written.count("\n") == 2
    assert len(written.splitlines()) == 2
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", written) is None


def test_files_are_rotated_and_the_oldest_go(tmp_path: Path) -> None:
    handler = LogFile(tmp_path / "x.log", largest=200, kept=2)
    for number in range(40):
        handler.emit(log.makeRecord("x", 20, "", 0, f"line {number:03} {'x' * 20}", (), None))
    handler.close()
    names = sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock")
    assert names == ["x.log", "x.log.1", "x.log.2"]
    for name in names:
        assert (tmp_path / name).stat().st_size <= 200
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert "line 039" in lines(tmp_path / "x.log")[-1]


WRITER = """
import logging, sys
from pathlib import Path
from tgstance.log_file import LogFile
handler = LogFile(Path(sys.argv[1]), largest=20_000, kept=99)
handler.setFormatter(logging.Formatter("2026-01-01T00:00:00Z INFO %(message)s"))
for number in range(500):
    handler.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number} {'x' * 100}"}))
"""


def test_runs_at_once_lose_no_line_though_they_rotate(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(writer)])
        for writer in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = [file for file in tmp_path.iterdir() if file.suffix != ".lock"]
    found = [tuple(line.split()[2:4]) for file in files for line in lines(file)]
    assert len(files) >= 9
    assert sorted(found) == sorted((str(w), str(n)) for w in range(3) for n in range(500))


def test_a_file_moved_away_is_made_anew(tmp_path: Path) -> None:
    start(tmp_path / "x.log")
    log.info("before")
    (tmp_path / "x.log").rename(tmp_path / "moved")
    log.info("after")
    assert lines(tmp_path / "moved")[0].endswith("before")
    assert lines(tmp_path / "x.log")[0].endswith("after")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_in(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        LogFile(tmp_path / "x.log")


def test_warnings_of_libraries_are_for_the_debug_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verbosity, expected in [(0, 0), (1, 1)]:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            start(tmp_path / "x.log", verbosity=verbosity)
            warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        assert capsys.readouterr().err.count("DeprecationWarning: old ways") == expected
        assert len(lines(tmp_path / "x.log")) == expected
