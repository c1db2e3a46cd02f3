"""The command on an archive that several computers share: a PostgreSQL server."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import distinct, func, select

from collector.archive import open_archive
from collector.post import Channel
from collector.storing import store_channel
from collector.tables import channels, posts
from models.preparing import register
from models.tables import scores
from models.targets import Target
from tests.postgres import ADMIN, PASSWORD, Postgres
from tests.telegram_server import Account, ServedChannel, TelegramServer, World
from tests.tgstance.started import closed_port, start, wait_until
from tgstance import demo
from tgstance.locks import hold_archive
from tgstance.runs import last_runs
from tgstance.session import all_packages

Run = Callable[..., Any]
HISTORY = "GetHistoryRequest"
COUNT = 1000  # posts of each channel
LOST = "the connection to the server was lost; run the same command again to go on"
EXPORT = "posts.csv", "sentiment.csv", "stance.csv"


@pytest.fixture
def on_server(ready: Run, database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command on a database, as somebody who can collect."""
    monkeypatch.setenv("TGSTANCE_ARCHIVE", database)
    config = "[collect]\npace = 0\ntimeout = 3\nattempts = 20\nat_once = 1\n"
    Path("tgstance.toml").write_text(config, encoding="utf-8")
    return ready


@pytest.fixture
def two(on_server: Run, world: World) -> list[ServedChannel]:
    found = [world.add_channel(name) for name in ("first_one", "second_one")]
    for channel in found:
        channel.post_many([f"Трамп {number}" for number in range(COUNT)])
    return found


@pytest.fixture
def collecting(
    server: TelegramServer, account: Account, monkeypatch: pytest.MonkeyPatch, database: str
) -> Iterator[Callable[[ServedChannel], subprocess.Popen[str]]]:
    """Return a function that starts to collect a channel, of which soon nothing more comes."""
    processes: list[subprocess.Popen[str]] = []

    def begin(channel: ServedChannel) -> subprocess.Popen[str]:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("TGSTANCE_SESSION", server.session(account))
            server.faults.silent(HISTORY, times=None, after=4, channel=channel)
            processes.append(start("-q", "collect", f"@{channel.username}", "--since", "all"))
        wait_until(lambda: stored(database).get(str(channel.username)), 60)
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=20)


def stored(location: str) -> dict[str, tuple[int, int]]:
    """Return how many posts there are of each channel, and of how many message ids."""
    ids = posts.c.message_id
    query = select(channels.c.username, func.count(), func.count(distinct(ids))).join(posts)
    with open_archive(location) as archive, archive.connect() as connection:
        rows = connection.execute(query.group_by(channels.c.username))
        return {row[0]: (row[1], row[2]) for row in rows}


ALL = {"first_one": (COUNT, COUNT), "second_one": (COUNT, COUNT)}


@pytest.mark.slow
def test_two_computers_collect_and_one_is_killed(
    on_server: Run,
    two: list[ServedChannel],
    collecting: Callable[[ServedChannel], subprocess.Popen[str]],
    server: TelegramServer,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    first, second = map(collecting, two)
    same = on_server("collect", "@first_one")
    who = rf"tgstance collect, process {first.pid} on [^,]+, since [-\d]+ [:\d]+ UTC"
    assert same.code == 75
    assert re.search(rf"deferred: another run is collecting it \({who}\)", same.err), same.err
    alone = on_server("import", str(request.getfixturevalue("posts")))
    assert alone.code == 75
    assert "tgstance: another run is using the archive (tgstance collect" in alone.err
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=20)
    server.faults.clear()
    _, err = second.communicate(timeout=60)
    assert (second.returncode, stored(database)["second_one"]) == (0, ALL["second_one"]), err
    assert on_server("collect", "@first_one", "@second_one", "--since", "all").code == 0
    assert stored(database) == ALL


@pytest.mark.slow
def test_two_computers_collect_and_a_third_scores(
    on_server: Run,
    two: list[ServedChannel],
    collecting: Callable[[ServedChannel], subprocess.Popen[str]],
    server: TelegramServer,
    database: str,
) -> None:
    with Path("tgstance.toml").open("a", encoding="utf-8") as config:
        config.write('[models]\nbackend = "torch"\n[[targets]]\nname = "Трамп"\n')
    first, second = map(collecting, two)
    there = {name: count for name, (count, _) in stored(database).items()}
    assert all(0 < count < COUNT for count in there.values())
    third = start("-q", "score")
    _, told = third.communicate(timeout=100)
    assert third.returncode == 0, told
    scored = count_scores(database)
    assert scored["sentiment"] == scored["stance"] == max(there.values())  # both say the same
    server.faults.clear()
    for process in (first, second):
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    assert stored(database) == ALL
    assert on_server("score").code == 0
    assert count_scores(database) == {"sentiment": COUNT, "stance": COUNT}


def count_scores(location: str) -> dict[str, int]:
    query = select(scores.c.task, func.count()).group_by(scores.c.task)
    with open_archive(location, all_packages()) as archive, archive.connect() as connection:
        return {task: count for task, count in connection.execute(query)}  # noqa: C416 (rows)


EVERY = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'archive%'"


@pytest.mark.slow
@pytest.mark.parametrize("which", ["", " AND application_name LIKE 'tgstance collect%'"])
def test_a_connection_is_lost(
    on_server: Run,
    two: list[ServedChannel],
    collecting: Callable[[ServedChannel], subprocess.Popen[str]],
    postgres: Postgres,
    request: pytest.FixtureRequest,
    which: str,
) -> None:
    database = request.getfixturevalue("database")
    process = collecting(two[0])
    postgres.execute(f"{EVERY}{which}")
    request.getfixturevalue("server").faults.clear()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 75, err
    assert len(err.splitlines()) == 1, err
    assert re.search(rf"tgstance: \S+: {LOST}$", err.strip()), err
    assert PASSWORD not in err
    with open_archive(database, all_packages()) as archive:
        assert [run.exit_code for run in last_runs(archive, "collect", 1)] == [75]
    assert on_server("collect", "@first_one", "@second_one", "--since", "all").code == 0
    assert stored(database) == ALL


def test_one_run_scores_at_a_time_and_others_collect_meanwhile(
    on_server: Run, database: str
) -> None:
    with open_archive(database, all_packages()) as archive, hold_archive(archive, "score"):
        second = on_server("score")
        assert second.code == 75
        assert re.search(r"tgstance: another run is scoring \(tgstance score, process", second.err)
        assert on_server("collect", "@test_news").code == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"port": "closed"}, 75, "cannot be reached"),
        ({"password": "wrong-one"}, 2, "password authentication failed"),
        ({"database": "nosuch"}, 2, 'database "nosuch" does not exist'),
        ({"user": "guest"}, 2, "permission denied"),
        ({"options": "?nosuch=1"}, 2, "invalid connection option"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(
    run: Run, postgres: Postgres, empty_database: str, change: dict[str, str], code: int, said: str
) -> None:
    Path("tgstance.toml").touch()
    postgres.execute("DROP ROLE IF EXISTS guest")
    postgres.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    name = change.get("database", empty_database.rpartition("/")[2])
    user, password = change.get("user", ADMIN), change.get("password", PASSWORD)
    port = closed_port() if "port" in change else postgres.port
    options = change.get("options", "")
    ended = run(
        "--archive",
        f"postgresql://{user}:{password}@127.0.0.1:{port}/{name}{options}",
        *("status",),
    )
    assert ended.code == code, ended.err
    assert len(ended.err.splitlines()) == 1
    assert said in ended.err
    assert password not in ended.out + ended.err


def test_of_several_hosts_one_that_refuses_is_told_from_none_that_answers(
    run: Run, postgres: Postgres, database: str
) -> None:
    Path("tgstance.toml").touch()
    hosts = f"host=127.0.0.1:{closed_port()}&host=127.0.0.1:{postgres.port}"
    location = f"postgresql://{ADMIN}:{{}}@/{database.rpartition('/')[2]}?{hosts}"
    assert run("--archive", location.format(PASSWORD), "status").code == 0
    ended = run("--archive", location.format("wrong-one"), "status")
    assert ended.code == 2, ended.err
    assert "password authentication failed" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_no_password_is_kept_of_a_run(run: Run, database: str, posts: Path) -> None:
    hidden = database.replace(f"{ADMIN}:{PASSWORD}@", "")
    location = f"{hidden}?user={ADMIN}&password={PASSWORD}"
    Path("tgstance.toml").write_text(f"[archive]\nlocation = {json.dumps(location)}\n")
    assert run("import", str(posts)).code == 0
    with open_archive(database, all_packages()) as archive, archive.connect() as connection:
        rows = connection.exec_driver_sql("SELECT config::text FROM runs").scalars().all()
    assert len(rows) == 1
    assert PASSWORD not in rows[0]
    assert run("-v", "status").code == 0


def test_what_is_new_to_several_at_once_is_stored_once(database: str) -> None:
    archives = [open_archive(database, all_packages()) for _ in range(6)]
    at_once = threading.Barrier(len(archives), timeout=60)
    found: list[object] = []

    def store(number: int) -> None:
        at_once.wait()
        for name in ("one", "two", "three"):
            with archives[number].begin() as connection:
                channel = Channel(username=f"name_{name}", title=name)
                row = store_channel(connection, channel, seen_at=datetime.now(UTC))
                known = register(connection, [Target(name)])
            found.append((row.id, *known.values()))

    threads = [
        threading.Thread(target=store, args=(number,), daemon=True)
        for number in range(len(archives))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=100)
    for archive in archives:
        archive.close()
    assert len(found) == 18
    assert len(set(found)) == 3


@pytest.mark.slow
def test_programs_that_migrate_at_once(run: Run, empty_database: str) -> None:
    Path("tgstance.toml").touch()
    started = [start("--archive", empty_database, "status") for _ in range(3)]
    for process in started:
        _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err


@pytest.mark.slow
def test_reports_are_the_same_to_the_byte(run: Run, database: str, tmp_path: Path) -> None:
    texts = Path(str(demo.__path__[0]))
    Path("tgstance.toml").write_bytes((texts / "tgstance.toml").read_bytes())
    made = {}
    for name, location in (("file", "tgstance.sqlite"), ("server", database)):
        options = ("--archive", location)
        assert run(*options, "import", str(texts / "posts.jsonl")).code == 0
        assert run(*options, "score").code == 0
        assert run(*options, "report", "--posts", "--out", name).code == 0
        assert "291 posts of 8 channels" in run(*options, "status").out
        files = {file: Path(name, file).read_text("utf-8") for file in EXPORT}
        made[name] = {
            file: re.sub(r"\d{8}T\d{6}Z-\w{4}", "RUN", text) for file, text in files.items()
        }
    assert made["file"] == made["server"]
