"""Which Telegram account the command uses: its credentials and its session, from where they are."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ConfigError
from tgstance.config import LARGEST_API_ID

if TYPE_CHECKING:
    from telethon.sessions import StringSession

    from collector.telegram.client import Account, Credentials
    from tgstance.config import Config

__all__ = ["find_credentials", "given_session", "hold_account"]

_GET_THEM = (
    "get them at my.telegram.org/apps and set TELEGRAM_API_ID and TELEGRAM_API_HASH, "
    "or api_id and api_hash under [telegram] in the configuration"
)


def find_credentials(config: "Config") -> "Credentials":
    """Return api_id and api_hash from the environment, else from the configuration.

    Raises ConfigError, without their values, if one is missing or cannot be.
    """
    from collector.telegram.client import Credentials

    api_id = _from_environment("TELEGRAM_API_ID") or str(config.api_id or "")
    api_hash = _from_environment("TELEGRAM_API_HASH") or (
        config.api_hash.get_secret_value() if config.api_hash else ""
    )
    if not api_id or not api_hash:
        raise ConfigError(f"no {'api_hash' if api_id else 'api_id'}: {_GET_THEM}")
    if not re.fullmatch("[0-9]{1,10}", api_id) or not 0 < int(api_id) <= LARGEST_API_ID:
        raise ConfigError(f"api_id is no number that Telegram gives: {_GET_THEM}")
    return Credentials(int(api_id), api_hash)


def given_session() -> str | None:
    """Return the string session of the environment, if there is one."""
    return _from_environment("TGSTANCE_SESSION") or None


@contextmanager
def hold_account(config: "Config", command: str) -> Iterator["Account"]:
    """Open the session, and keep other runs off it meanwhile.

    Raises SignInError if there is none, ConfigError if it is not a session, DeferredError if
    another run holds it.
    """
    from collector.telegram.client import Account
    from collector.telegram.session import SessionFile, read_session
    from tgstance.locks import hold

    credentials = find_credentials(config)
    if text := given_session():
        session = read_session(text, "TGSTANCE_SESSION")
        with hold(_lock_of(session), command, called="the session of TGSTANCE_SESSION"):
            yield Account(session, credentials)
        return
    file = SessionFile(Path(config.session_file))
    file.read()  # before a lock is made beside a file that is not there
    with hold(file.path, command):
        session = file.read()
        before = session.save()
        # The same session may be at work as TGSTANCE_SESSION.
        with hold(_lock_of(session), command, called=str(file.path)):
            yield Account(session, credentials)
        if session.save() != before:  # Telegram has moved the account to another data center
            file.write(session)


def _lock_of(session: "StringSession") -> Path:
    """Return where a session is locked, under a name that gives nothing of it away."""
    from platformdirs import user_data_path

    from collector.telegram.session import key_id

    return user_data_path("tgstance") / f"session-{key_id(session)}"


def _from_environment(name: str) -> str:
    return os.environ.get(name, "").strip()  # secrets read from files come with a line end
