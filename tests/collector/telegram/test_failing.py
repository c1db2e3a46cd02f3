"""Failures on the way: what each stops, what it leaves alone, and that every wait ends."""

import threading
import time
from collections.abc import Iterator

import pytest

from collector.archive import Archive
from collector.errors import DeadKeyError, DeferredError, SignInError, UnreachableError
from collector.naming import parse_channels
from collector.telegram.collecting import collect as collect_channels
from tests.collector.telegram.collected import (
    ALL,
    QUICK,
    account_of,
    assert_same,
    collect,
    endings,
    row_of,
    stored,
)
from tests.telegram_server import Account, ServedChannel, TelegramServer, World

HISTORY, FULL = "GetHistoryRequest", "GetFullChannelRequest"
NOISE = ("never retrieved", "was destroyed", "never awaited", "exception in")


@pytest.fixture(autouse=True)
def no_noise(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that asyncio complains about, whatever goes wrong."""
    yield
    said = [one.getMessage() for one in caplog.get_records("call") if one.name == "asyncio"]
    assert not [line for line in said if any(word in line for word in NOISE)]
    assert "Traceback" not in caplog.text


@pytest.fixture
def news(world: World) -> ServedChannel:
    news = world.add_channel("news")
    news.post_many(["x"] * 450)
    return news


@pytest.fixture
def other(world: World) -> ServedChannel:
    other = world.add_channel("other")
    other.post_many(["y"] * 150)
    return other


BOTH = ["news", "other"]


@pytest.mark.parametrize("where", ["before", "middle", "after"])
@pytest.mark.parametrize("request_name", [HISTORY, FULL, "ResolveUsernameRequest"])
def test_a_dropped_connection_is_made_again(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    where: str,
    request_name: str,
) -> None:
    server.faults.drop(request_name, times=2, where=where)  # type: ignore[arg-type]
    start = time.monotonic()
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert time.monotonic() - start < QUICK.deadline / 2, "no waiting for what cannot come"
    assert_same(archive, news)


def test_a_connection_that_is_dropped_at_once_for_all(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    server.faults.call(HISTORY, server.drop_connections, after=3)
    outcomes = collect(archive, session, BOTH)
    assert set(endings(outcomes).values()) == {"done"}
    assert_same(archive, news)
    assert_same(archive, other)


def test_errors_of_the_server_pass(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.error(HISTORY, 500, "INTERNAL_ERR")
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


def test_errors_of_the_server_that_never_end_fail_the_channel_only(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    server.faults.error(HISTORY, 500, "INTERNAL_ERR", times=None, channel=news, after=2)
    outcomes = collect(archive, session, BOTH, attempts=2)
    assert endings(outcomes) == {"@news": "failed", "@other": "done"}
    assert "messages.getHistory: error 500 of the server (INTERNAL_ERR), 2 times" in (
        outcomes["@news"].reason
    )
    assert_same(archive, other)
    assert outcomes["@news"].progress.new == len(stored(archive, news)) == 100
    server.faults.clear()
    collect(archive, session, BOTH)
    assert_same(archive, news)


def test_a_request_that_is_not_answered_once(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.silent(HISTORY, after=2)
    start = time.monotonic()
    assert endings(collect(archive, session, ["news"], deadline=0.5)) == {"@news": "done"}
    assert 0.5 <= time.monotonic() - start < 3
    assert_same(archive, news)


def test_a_channel_that_is_never_answered_for_does_not_stop_another(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    server.faults.silent(HISTORY, times=None, channel=news)
    outcomes = collect(archive, session, BOTH, deadline=0.4, attempts=3)
    assert endings(outcomes) == {"@news": "failed", "@other": "done"}
    assert "messages.getHistory: no answer in time, 3 times" in outcomes["@news"].reason
    assert_same(archive, other)


def test_a_silent_server_is_given_up_in_bounded_time(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.silent("*", times=None)
    start = time.monotonic()
    with pytest.raises(UnreachableError, match="Telegram cannot be reached: no answer in time"):
        collect(archive, session, ["news"], deadline=0.4, attempts=3)
    assert time.monotonic() - start < 4


def test_a_server_that_falls_silent_in_the_middle(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    server.faults.silent("*", times=None, after=12)
    told = collect_until_stopped(archive, session, BOTH, UnreachableError)
    assert set(told) == {"@news", "@other"}
    assert "not reached" in told.values()
    server.faults.clear()
    collect(archive, session, BOTH)
    assert_same(archive, news)
    assert_same(archive, other)


def collect_until_stopped(
    archive: Archive, session: str, names: list[str], error: type[Exception]
) -> dict[str, str]:
    """Collect one channel at a time until the run stops with an error; how each had ended."""
    told: dict[str, str] = {}
    wanted = parse_channels(names)
    limits = type(QUICK)(pace=0, at_once=1, max_wait=3, deadline=0.4, attempts=2, first_pause=0.01)
    with pytest.raises(error):
        collect_channels(
            archive,
            account_of(session),
            wanted,
            ALL,
            limits=limits,
            on_outcome=lambda one: told.update({str(one.name): one.ending.value}),
        )
    assert len(told) == len(names)
    return told


def test_no_server_at_all(archive: Archive, world: World, account: Account) -> None:
    with TelegramServer(world) as server:
        session = server.session(account)
    start = time.monotonic()
    with pytest.raises(UnreachableError, match="try again later"):
        collect(archive, session, ["news"], attempts=3)
    assert time.monotonic() - start < 4


def test_a_server_that_goes_away_and_comes_back(
    archive: Archive, world: World, account: Account, news: ServedChannel
) -> None:
    first = TelegramServer(world).__enter__()
    second = TelegramServer(world, port=first.port)

    def restart() -> None:
        first.__exit__(None, None, None)
        time.sleep(0.3)
        second.__enter__()

    helper = threading.Thread(target=restart)
    first.faults.call(HISTORY, helper.start, after=2)
    session = first.session(account)
    outcomes = collect(archive, session, ["news"], deadline=1, first_pause=0.3, attempts=8)
    helper.join()
    second.__exit__(None, None, None)
    assert endings(outcomes) == {"@news": "done"}
    assert second.count(HISTORY) > 0
    assert_same(archive, news)


def test_a_server_that_goes_away_for_good(
    archive: Archive, world: World, account: Account, news: ServedChannel, other: ServedChannel
) -> None:
    server = TelegramServer(world).__enter__()
    helper = threading.Thread(target=lambda: server.__exit__(None, None, None))
    server.faults.call(HISTORY, helper.start, after=3)
    session = server.session(account)
    told = collect_until_stopped(archive, session, BOTH, UnreachableError)
    helper.join()
    assert set(told.values()) == {"not reached"}


def test_a_refused_salt_is_replaced(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.bad_salt(2)
    server.faults.call(HISTORY, server.faults.bad_salt, after=2)
    assert endings(collect(archive, session, ["news"])) == {"@news": "done"}
    assert_same(archive, news)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("SESSION_REVOKED", "ended from another device"),
        ("SESSION_EXPIRED", "has expired"),
        ("AUTH_KEY_UNREGISTERED", "nobody is signed in"),
        ("USER_DEACTIVATED", "was deleted"),
        ("USER_DEACTIVATED_BAN", "banned this account"),
    ],
)
def test_a_session_that_is_not_accepted_says_to_log_in_again(
    archive: Archive, account: Account, news: ServedChannel, session: str, error: str, reason: str
) -> None:
    account.revoked = error
    with pytest.raises(SignInError, match=f"{reason}.*tgstance login"):
        collect(archive, session, ["news"])


def test_a_session_that_nobody_signed_in(
    archive: Archive, server: TelegramServer, news: ServedChannel
) -> None:
    with pytest.raises(SignInError, match="tgstance login"):
        collect(archive, server.unsigned_session(), ["news"])


def test_a_session_revoked_in_the_middle_keeps_what_was_read(
    archive: Archive,
    server: TelegramServer,
    account: Account,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    def revoke() -> None:
        account.revoked = "SESSION_REVOKED"

    server.faults.call(HISTORY, revoke, after=3)
    told = collect_until_stopped(archive, session, BOTH, SignInError)
    assert set(told.values()) == {"not reached"}
    assert len(stored(archive, news)) == 200
    account.revoked = None
    collect(archive, session, BOTH)
    assert_same(archive, news)
    assert_same(archive, other)


def test_a_session_used_from_two_addresses(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.error("*", 406, "AUTH_KEY_DUPLICATED", times=None)
    with pytest.raises(DeadKeyError, match="two addresses at once.*log in again"):
        collect(archive, session, ["news"])


def test_a_key_found_duplicated_in_the_middle(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.error(HISTORY, 406, "AUTH_KEY_DUPLICATED", after=2)
    assert collect_until_stopped(archive, session, ["news"], DeadKeyError) == {
        "@news": "not reached"
    }
    assert len(stored(archive, news)) == 100


def test_a_key_that_the_server_does_not_know(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.forget_keys()
    with pytest.raises(DeadKeyError, match="does not know this session any more"):
        collect(archive, session, ["news"])


def test_a_key_that_is_forgotten_in_the_middle(
    archive: Archive, server: TelegramServer, news: ServedChannel, session: str
) -> None:
    server.faults.call(HISTORY, server.forget_keys, after=2)
    assert collect_until_stopped(archive, session, ["news"], DeadKeyError) == {
        "@news": "not reached"
    }


def test_a_channel_that_turns_private_between_two_pages(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    def hide() -> None:
        news.private = True

    server.faults.call(HISTORY, hide, after=3)
    outcomes = collect(archive, session, BOTH, at_once=1)
    assert endings(outcomes) == {"@news": "failed", "@other": "done"}
    assert "private" in outcomes["@news"].reason
    assert 0 < outcomes["@news"].progress.new == len(stored(archive, news)) < 450
    assert_same(archive, other)
    assert row_of(archive, news)["collected_at"] is None
    news.private = False
    assert set(endings(collect(archive, session, BOTH)).values()) == {"done"}
    assert_same(archive, news)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((400, "CHANNEL_INVALID"), "does not know this channel"),
        ((406, "CHANNEL_PRIVATE"), "is private"),
        ((403, "CHAT_FORBIDDEN"), "not available to this account"),
        ((400, "SOMETHING_NEW_INVALID"), "SOMETHING_NEW_INVALID"),
        ((400, "TAKEOUT_REQUIRED"), "takeout"),
        ((420, "FROZEN_METHOD_INVALID"), "frozen"),
    ],
)
def test_a_refusal_says_why(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    session: str,
    refusal: tuple[int, str],
    reason: str,
) -> None:
    server.faults.error(HISTORY, *refusal, times=None, channel=news)
    outcomes = collect(archive, session, ["news"])
    assert endings(outcomes) == {"@news": "failed"}
    assert reason in outcomes["@news"].reason


def test_a_banned_channel(archive: Archive, news: ServedChannel, session: str) -> None:
    collect(archive, session, ["news"])
    news.banned = True
    outcomes = collect(archive, session, ["news"])
    assert endings(outcomes) == {"@news": "failed"}
    assert len(stored(archive, news)) == 450


def test_an_unreachable_server_is_a_reason_to_try_later() -> None:
    assert issubclass(UnreachableError, DeferredError)
    assert UnreachableError.exit_code == 75


@pytest.mark.parametrize("where", ["before", "middle", "after"])
def test_a_run_that_ends_as_its_connection_is_lost_does_end(
    archive: Archive, server: TelegramServer, session: str, world: World, where: str
) -> None:
    world.add_channel("news").post("x")
    collect(archive, session, ["news"])
    server.faults.drop(HISTORY, times=None, where=where)  # type: ignore[arg-type]
    start = time.monotonic()
    for _ in range(15):
        collect(archive, session, ["news"], attempts=1)
    assert time.monotonic() - start < 5


def test_a_refusal_that_nobody_knows_is_one_channels(
    archive: Archive,
    server: TelegramServer,
    news: ServedChannel,
    other: ServedChannel,
    session: str,
) -> None:
    server.faults.error(HISTORY, 406, "CHANNEL_HIDDEN_NOW", times=None, channel=news)
    outcomes = collect(archive, session, ["news", "other"])
    assert endings(outcomes) == {"@news": "failed", "@other": "done"}
