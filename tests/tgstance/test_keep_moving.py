"""A whole archive as files and back: nothing lost, nothing twice, all or nothing."""

import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from collector.archive import Archive, open_archive
from collector.errors import InputError, OutputError
from collector.moving.exporting import export_archive
from collector.moving.files import Form
from collector.moving.manifest import LEFT_OUT
from collector.post import Channel, Post
from collector.storing import store
from collector.tables import accounts, channels, flood_waits, peers, posts
from models.preparing import find_mentions, store_readings
from models.tables import mentions, readings, targets
from models.targets import Target
from tests.postgres import Postgres
from tests.tgstance.any_archive import DAY, contents, fill
from tests.tgstance.damaged_exports import DAMAGES, manifest_with
from tgstance.moving import take_in
from tgstance.session import all_packages

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "archive.db"
    open_archive(path, all_packages()).close()
    return path


@pytest.fixture
def opened(empty: Path, tmp_path: Path) -> Iterator[Callable[[str], Archive]]:
    """Return a function that opens a new archive."""
    made: list[Archive] = []

    def new(name: str) -> Archive:
        shutil.copy(empty, tmp_path / name)
        made.append(open_archive(tmp_path / name, all_packages()))
        return made[-1]

    yield new
    for archive in made:
        archive.close()


@pytest.mark.parametrize("form", list(Form))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_every_column_of_every_table_comes_back(
    tmp_path_factory: pytest.TempPathFactory, empty: Path, form: Form, drawn: st.DataObject
) -> None:
    place = tmp_path_factory.mktemp("moved")
    for name in ("a.db", "b.db"):
        shutil.copy(empty, place / name)
    with (
        open_archive(place / "a.db", all_packages()) as source,
        open_archive(place / "b.db", all_packages()) as target,
    ):
        fill(source, drawn)
        export_archive(source, place / "out", all_packages(), form)
        take_in(target, place / "out", lambda _: None)
        before = contents(target)
        assert before == contents(source)
        done = take_in(target, place / "out", lambda _: None)
        assert {new for _, new in done.values()} == {0}
        assert contents(target) == before


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data(), form=st.sampled_from(Form))
def test_through_a_server_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    empty: Path,
    postgres: Postgres,
    template: str,
    drawn: st.DataObject,
    form: Form,
) -> None:
    place = tmp_path_factory.mktemp("moved")
    database = postgres.create_database(template)
    for name in ("a.db", "b.db"):
        shutil.copy(empty, place / name)
    with (
        open_archive(place / "a.db", all_packages()) as source,
        open_archive(postgres.url(database), all_packages()) as server,
        open_archive(place / "b.db", all_packages()) as target,
    ):
        fill(source, drawn, plain=True)
        for number, (one, other) in enumerate(((source, server), (server, target))):
            export_archive(one, place / f"out{number}", all_packages(), form)
            take_in(other, place / f"out{number}", lambda _: None)
        assert contents(server) == contents(source)
        assert contents(target) == contents(source)
    postgres.drop_database(database)


@pytest.mark.parametrize(
    ("value", "said"),
    [("a\x00b", "NUL"), ("x" * 65, "too long"), (2**31, "out of range")],
    ids=["NUL", "long", "large"],
)
def test_what_a_server_has_no_room_for_is_one_line(
    opened: Callable[[str], Archive], tmp_path: Path, database: str, value: object, said: str
) -> None:
    here = opened("here.db")
    put(here, Post(message_id=1, date=DAY, text="a"))
    column = "participants" if isinstance(value, int) else "username"
    with here.begin() as connection:
        connection.execute(update(channels).values({column: value}))
    export_archive(here, tmp_path / "out", all_packages(), Form.JSONL)
    with open_archive(database, all_packages()) as server:
        with pytest.raises(InputError, match=said) as refused:
            take_in(server, tmp_path / "out", lambda _: None)
        assert str(refused.value).endswith("; nothing is imported")
        assert "\n" not in str(refused.value)
        assert contents(server)["channels"] == []


def put(archive: Archive, *batch: Post, at: datetime = DAY, **channel: Any) -> None:
    named = Channel(**{"telegram_id": 5, "username": "news", "title": "News"} | channel)
    with archive.begin() as connection:
        store(connection, named, batch, seen_at=at)


def texts(archive: Archive) -> list[tuple[int, str]]:
    with archive.connect() as connection:
        query = select(posts.c.message_id, posts.c.text).order_by(posts.c.message_id)
        return [tuple(row) for row in connection.execute(query)]


def moved(source: Archive, target: Archive, place: Path) -> dict[str, tuple[int, int]]:
    export_archive(source, place, all_packages(), Form.JSONL)
    return take_in(target, place, lambda _: None)


def test_the_later_words_win(opened: Callable[[str], Archive], tmp_path: Path) -> None:
    here, there = opened("here.db"), opened("there.db")
    later = DAY + timedelta(days=1)
    put(here, Post(message_id=1, date=DAY, text="старое", source="telegram"))
    put(here, Post(message_id=2, date=DAY, text="новое", source="telegram"), at=later)
    put(there, Post(message_id=1, date=DAY, text="новое", source="telegram"), at=later)
    put(there, Post(message_id=2, date=DAY, text="старое", source="telegram"))
    put(there, Post(message_id=3, date=DAY, text="третье", source="telegram"), username="Newer")
    done = moved(there, here, tmp_path / "out")
    assert done["posts"] == (3, 1)
    assert texts(here) == [(1, "новое"), (2, "новое"), (3, "третье")]
    before = contents(here)
    assert [row["text"] for row in before["post_versions"]] == ["старое", "старое"]
    assert len(before["channels"]) == 1
    assert take_in(here, tmp_path / "out", lambda _: None)["posts"] == (3, 0)
    assert contents(here) == before


def test_a_channel_known_by_name_turns_out_to_be_one(
    opened: Callable[[str], Archive], tmp_path: Path
) -> None:
    here, there = opened("here.db"), opened("there.db")
    put(here, Post(message_id=1, date=DAY, text="a"), telegram_id=None, title=None)
    put(there, Post(message_id=2, date=DAY, text="b"))
    moved(there, here, tmp_path / "out")
    with here.connect() as connection:
        assert connection.execute(select(channels.c.telegram_id, channels.c.title)).all() == [
            (5, "News")
        ]
    assert texts(here) == [(1, "a"), (2, "b")]


def test_what_was_found_there_is_found_here(
    opened: Callable[[str], Archive], tmp_path: Path
) -> None:
    """Readings of both are searched for targets of both, and none is found twice."""
    here, there = opened("here.db"), opened("there.db")
    names = [Target("Трамп"), Target("НАТО")]
    put(here, Post(message_id=1, date=DAY, text="Трамп и НАТО"))
    put(there, Post(message_id=1, date=DAY, text="Трамп и НАТО"))
    put(there, Post(message_id=2, date=DAY, text="Про НАТО"))
    for archive, wanted in ((here, names[:1]), (there, names)):
        store_readings(archive)
        find_mentions(archive, wanted)
    moved(there, here, tmp_path / "out")
    store_readings(here)
    find_mentions(here, names)
    with here.connect() as connection:
        query = (
            select(targets.c.name, readings.c.text)
            .join(mentions, mentions.c.target_id == targets.c.id)
            .join(readings, readings.c.id == mentions.c.reading_id)
        )
        found = sorted(tuple(row) for row in connection.execute(query))
    assert found == [("НАТО", "Про НАТО"), ("НАТО", "Трамп и НАТО"), ("Трамп", "Трамп и НАТО")]


def test_what_belongs_to_a_machine_stays_there(
    opened: Callable[[str], Archive], tmp_path: Path
) -> None:
    here = opened("here.db")
    put(here, Post(message_id=1, date=DAY, text="a"))
    with here.begin() as connection:
        connection.execute(insert(accounts).values(key_id="abc", user_id=77777))
        connection.execute(insert(peers).values(user_id=77777, channel_id=1, access_hash=987654321))
        connection.execute(insert(flood_waits).values(user_id=77777, method="m", not_before=DAY))
    manifest = export_archive(here, tmp_path / "out", all_packages(), Form.JSONL)
    assert set(manifest.left_out) == set(LEFT_OUT)
    assert not set(manifest.tables) & set(LEFT_OUT)
    for path in (tmp_path / "out").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not {b"77777", b"987654321"} & set(path.read_bytes().split(b'"'))
        assert b"987654321" not in path.read_bytes()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_all_or_nothing(
    opened: Callable[[str], Archive], tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    here, there = opened("here.db"), opened("there.db")
    put(here, Post(message_id=9, date=DAY, text="здесь"))
    put(there, Post(message_id=1, date=DAY, text="там"), telegram_id=6, username="other")
    export_archive(there, tmp_path / "out", all_packages(), Form.JSONL)
    message = damage(tmp_path / "out")
    before = contents(here)
    with pytest.raises(InputError) as refused:
        take_in(here, tmp_path / "out", lambda _: None)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert contents(here) == before


def test_an_export_of_an_older_program(opened: Callable[[str], Archive], tmp_path: Path) -> None:
    """Columns that it did not know yet are missing values."""
    here, there = opened("here.db"), opened("there.db")
    put(there, Post(message_id=1, date=DAY, text="там", edited=True))
    out = tmp_path / "out"
    export_archive(there, out, all_packages(), Form.JSONL)
    manifest_with(out, lambda manifest: manifest["migrations"].update(collector="0002"))
    manifest_with(out, lambda manifest: manifest["tables"]["posts"]["columns"].pop("edited"))
    take_in(here, out, lambda _: None)
    assert texts(here) == [(1, "там")]


def test_nothing_is_overwritten(opened: Callable[[str], Archive], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(OutputError, match="is there already"):
        export_archive(opened("here.db"), tmp_path / "out", all_packages(), Form.CSV)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_what_broke_off_leaves_nothing(opened: Callable[[str], Archive], tmp_path: Path) -> None:
    here = opened("here.db")
    put(here, Post(message_id=1, date=DAY, text="a"))

    def interrupt(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_archive(here, tmp_path / "out", all_packages(), Form.CSV, interrupt)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_as_a_user(run: Run, posts: Path, form: str) -> None:
    assert run("init").code == 0
    assert run("--archive", "a.db", "import", str(posts)).code == 0
    done = run("--archive", "a.db", "export", "--format", form, "out")
    assert (done.code, done.out, "4 posts" in done.err) == (0, "", True)
    done = run("--archive", "b.db", "import", "out")
    assert (done.code, "4 posts" in done.err) == (0, True)
    assert "4 posts" in run("--archive", "b.db", "status").out
    assert "new: 0" in run("--archive", "b.db", "import", "out").err
    assert run("--archive", "a.db", "export", "out").code == 1


def test_a_directory_of_something_else(run: Run, posts: Path) -> None:
    run("init")
    Path("folder").mkdir()
    done = run("--archive", "a.db", "import", "folder")
    assert (done.code, "is no exported archive" in done.err) == (2, True)
    done = run("--archive", "a.db", "import", "folder", str(posts))
    assert (done.code, "4 new" in done.err) == (3, True)
    done = run("--archive", "none.db", "export", "out")
    assert (done.code, Path("none.db").exists()) == (2, False)
