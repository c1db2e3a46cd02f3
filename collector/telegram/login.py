"""Signs in and out: by phone and code, with a two-step password, or by QR code."""

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from telethon import errors, functions

from collector.calls import TransientError
from collector.errors import ConfigError, DeadKeyError, DeferredError, SignInError, TgstanceError
from collector.telegram.client import Account, make_client
from collector.telegram.connection import Connection
from collector.telegram.failures import expected, flood_seconds

__all__ = ["Prompter", "sign_in", "sign_out"]

log = logging.getLogger("tgstance.telegram")

DEADLINE_S = 60.0
TRIES = 3
QR_ROUNDS = 10  # each as long as Telegram lets a code be valid, about half a minute

Answer = TypeVar("Answer")


class Prompter(Protocol):
    """Asks the person who signs in."""

    def phone(self) -> str:
        """Return the phone number, in international form."""

    def code(self) -> str:
        """Return the code that Telegram has sent."""

    def password(self) -> str:
        """Return the two-step password."""

    def show_qr(self, url: str) -> None:
        """Show a link as a QR code, to be scanned by a device that is signed in."""


def sign_in(account: Account, ask: Prompter, *, qr: bool) -> str:
    """Sign the account's session in, and return the account's name.

    If it is signed in already, nothing is asked. Raises SignInError if Telegram refuses what was
    answered, ConfigError if it refuses the credentials, DeferredError if it asks to wait or cannot
    be reached.
    """
    try:
        return sign_in_once(account, ask, qr=qr)
    except DeadKeyError as error:
        log.warning("%s; making a new one", error)
        account.session.auth_key = None
        return sign_in_once(account, ask, qr=qr)


def sign_in_once(account: Account, ask: Prompter, *, qr: bool) -> str:
    """Sign in with the key that the session has, or with a new one if it has none."""
    with refusals(), Line(account) as line:
        user = line.wait(line.client.get_me())
        if user is None:
            user = by_qr(line, ask) if qr else by_phone(line, ask)
        return " ".join(name for name in (user.first_name, user.last_name) if name)


def sign_out(account: Account) -> None:
    """End a session on Telegram's side.

    Raises SignInError if it has ended before, DeferredError if Telegram cannot be asked now.
    """
    with refusals(), Line(account) as line:
        try:
            # Telethon's own log_out() does not tell a refusal from a success.
            line.wait(line.client(functions.auth.LogOutRequest()))
        except errors.RPCError as error:
            if flood_seconds(error) or isinstance(expected(error), SignInError):
                raise
            reason = f"Telegram refuses to end the session: {error.message}; try again later"
            raise DeferredError(reason) from error


class Line:
    """A connected client that is used step by step.

    People are asked between the steps, while no event loop runs: it would swallow their Ctrl-C.
    """

    def __init__(self, account: Account) -> None:
        self.client = make_client(account, deadline=DEADLINE_S, signing_in=True)
        self.connection = Connection(self.client, DEADLINE_S)
        self.runner = asyncio.Runner()

    def __enter__(self) -> Self:
        try:
            self.wait(self.connection.connect())
        except BaseException:
            self.runner.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self.runner:
            self.wait(self.connection.close())

    def wait(self, step: Awaitable[Answer], deadline: float | None = DEADLINE_S) -> Answer:
        """Take one step; raises TimeoutError if it is not done in time."""
        return self.runner.run(asyncio.wait_for(step, deadline))


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the failures of signing in or out into our errors."""
    try:
        yield
    except (TransientError, OSError) as error:  # a TimeoutError is an OSError
        raise DeferredError(f"Telegram cannot be reached ({error}); try again later") from error
    except (errors.ApiIdInvalidError, errors.ApiIdPublishedFloodError) as error:
        fix = "take them from my.telegram.org/apps"
        raise ConfigError(f"Telegram refuses api_id and api_hash; {fix}") from error
    except (errors.RPCError, errors.AuthKeyNotFound) as error:
        raise refusal(error) from error


def refusal(error: Exception) -> TgstanceError:
    """Return what a refusal means for somebody who signs in."""
    if seconds := flood_seconds(error):
        return DeferredError(f"Telegram asks to wait {seconds} s before the next try")
    meaning = expected(error)
    if isinstance(meaning, SignInError):
        return meaning
    return SignInError(f"Telegram refuses it: {getattr(error, 'message', error)}")


def by_phone(line: Line, ask: Prompter) -> Any:  # noqa: ANN401 (Telethon's User)
    """Sign in with a code that Telegram sends to the account's other devices."""
    phone = ask.phone()
    try:
        line.wait(line.client.send_code_request(phone))
    except (errors.PhoneNumberInvalidError, TypeError) as error:
        raise SignInError("this is no phone number; give it as +380501234567") from error
    for _ in range(TRIES):
        try:
            return line.wait(line.client.sign_in(phone, ask.code()))
        except errors.PhoneCodeInvalidError:
            log.warning("the code is wrong")
        except errors.SessionPasswordNeededError:
            return by_password(line, ask)
        except errors.PhoneNumberUnoccupiedError as error:
            raise SignInError("this number has no Telegram account") from error
    raise SignInError(f"the code was wrong {TRIES} times; run `tgstance login` again")


def by_password(line: Line, ask: Prompter) -> Any:  # noqa: ANN401 (Telethon's User)
    """Give the two-step password."""
    for _ in range(TRIES):
        try:
            return line.wait(line.client.sign_in(password=ask.password()))
        except errors.PasswordHashInvalidError:
            log.warning("the password is wrong")
    raise SignInError(f"the password was wrong {TRIES} times; run `tgstance login` again")


def by_qr(line: Line, ask: Prompter) -> Any:  # noqa: ANN401 (Telethon's User)
    """Sign in by letting another device scan a QR code; a new one when it runs out."""
    try:
        code = line.wait(line.client.qr_login())
        for _ in range(QR_ROUNDS):
            ask.show_qr(code.url)
            try:
                return line.wait(code.wait(), deadline=None)  # it has one of its own
            except TimeoutError:
                line.wait(code.recreate())
    except errors.SessionPasswordNeededError:
        return by_password(line, ask)
    raise SignInError("nobody scanned the code; run `tgstance login --qr` again")
